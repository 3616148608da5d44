#include "userspace/http/listen_socket.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace brahe::http {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

int FamilyOf(const ListenSocket& socket) {
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  getsockname(socket.fd.get(), reinterpret_cast<sockaddr*>(&bound), &size);
  return bound.ss_family;
}

TEST(Listen, TakesAnyFreePortForPortZero) {
  const auto first = Listen("127.0.0.1:0");
  const auto second = Listen("127.0.0.1:0");
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_NE(first->port, 0);
  EXPECT_NE(first->port, second->port);
  EXPECT_EQ(FamilyOf(*first), AF_INET);
}

TEST(Listen, ResolvesNames) {
  const auto socket = Listen("localhost:0");
  ASSERT_TRUE(socket) << socket.error().message;
}

TEST(Listen, OfANameWithAddressesOfBothFamiliesTakesIpv4) {
  addrinfo second_v4{}, v4{}, v6{};
  v6.ai_family = AF_INET6;
  v4.ai_family = second_v4.ai_family = AF_INET;
  v6.ai_next = &v4;
  v4.ai_next = &second_v4;
  EXPECT_EQ(PreferredAddress(&v6), &v4);
  EXPECT_EQ(PreferredAddress(&v4), &v4);
  v6.ai_next = nullptr;
  EXPECT_EQ(PreferredAddress(&v6), &v6);
}

TEST(Listen, NeitherBlocksNorLeaksIntoChildren) {
  const auto socket = Listen("127.0.0.1:0");
  ASSERT_TRUE(socket);
  EXPECT_NE(fcntl(socket->fd.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(socket->fd.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(Listen, SaysWhatToDoIfThePortIsInUse) {
  const auto first = Listen("127.0.0.1:0");
  ASSERT_TRUE(first);
  const std::string address = "127.0.0.1:" + std::to_string(first->port);
  const auto second = Listen(address);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, EADDRINUSE);
  EXPECT_EQ(second.error().message, "listen on " + address +
                                        ": Address already in use; stop the other process or choose another with "
                                        "--web.listen-address");
}

TEST(Listen, TakesSeveralAddressesInTheirOrderOrNone) {
  const auto first = Listen("127.0.0.1:0");
  ASSERT_TRUE(first);
  const std::string taken = "127.0.0.1:" + std::to_string(first->port);
  const auto both = ListenOn({"[::]:0", "127.0.0.1:0"});
  ASSERT_TRUE(both) << both.error().message;
  ASSERT_EQ(both->size(), 2U);
  EXPECT_EQ(FamilyOf((*both)[1]), AF_INET);
  const auto none = ListenOn({"127.0.0.1:0", taken});
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("listen on " + taken + ": Address already in use; stop"));
}

TEST(Listen, SaysSoOnAnAddressOfAnotherMachine) {
  const auto socket = Listen("192.0.2.1:0");
  ASSERT_FALSE(socket);
  EXPECT_THAT(socket.error().message, StartsWith("listen on 192.0.2.1:0: Cannot assign requested address; choose"));
}

TEST(Listen, RefusesWhatIsNoAddress) {
  for (const char* address : {"", "28282", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536",
                              "127.0.0.1:-1", "::1:80", "[::1]", "[]:80"}) {
    const auto socket = Listen(address);
    ASSERT_FALSE(socket) << address;
    EXPECT_THAT(socket.error().message, HasSubstr("not an address and port; give --web.listen-address as")) << address;
  }
}

// A list of one file, which stays open here as well.
std::vector<UniqueFd> Passed(int fd) {
  std::vector<UniqueFd> fds;
  fds.emplace_back(dup(fd));
  return fds;
}

TEST(TakeOver, ServesOnWhatSomebodyElseListensOn) {
  const UniqueFd blocking(socket(AF_INET, SOCK_STREAM, 0));
  ASSERT_EQ(listen(blocking.get(), 5), 0);
  auto sockets = TakeOver(Passed(blocking.get()));
  ASSERT_TRUE(sockets) << sockets.error().message;
  ASSERT_EQ(sockets->size(), 1u);
  const ListenSocket& taken = sockets->front();
  EXPECT_NE(taken.port, 0);
  EXPECT_NE(fcntl(taken.fd.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(taken.fd.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(TakeOver, SaysWhatToDoAboutAnythingElse) {
  const UniqueFd nobody_listens(socket(AF_INET, SOCK_STREAM, 0));
  const UniqueFd datagrams(socket(AF_INET, SOCK_DGRAM, 0));
  const UniqueFd local(socket(AF_UNIX, SOCK_STREAM, 0));
  const UniqueFd file(open("/dev/null", O_RDONLY | O_CLOEXEC));
  for (const UniqueFd* other : {&nobody_listens, &datagrams, &local, &file}) {
    const auto sockets = TakeOver(Passed(other->get()));
    ASSERT_FALSE(sockets);
    EXPECT_THAT(sockets.error().message, HasSubstr("ListenStream="));
  }
}

}  // namespace
}  // namespace brahe::http
