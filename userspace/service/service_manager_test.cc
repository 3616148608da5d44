#include "userspace/service/service_manager.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <memory>

#include "userspace/base/fake_clock.h"

namespace brahe::service {
namespace {

using ::testing::HasSubstr;

constexpr pid_t kPid = 4711;

// A service manager's end.
class Listener {
 public:
  // "/path" or "@name".
  explicit Listener(const std::string& address) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un bound = {};
    bound.sun_family = AF_UNIX;
    EXPECT_LT(address.size(), sizeof bound.sun_path);
    std::memcpy(bound.sun_path, address.data(), address.size());
    if (address.starts_with('@')) bound.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&bound), size), 0) << std::strerror(errno);
  }
  // The next message; empty: there is none.
  std::string Next() const {
    char buffer[256];
    const ssize_t size = recv(socket_.get(), buffer, sizeof buffer, 0);
    return size > 0 ? std::string(buffer, static_cast<size_t>(size)) : "";
  }

 private:
  UniqueFd socket_;
};

std::string AbstractAddress() { return "@brahe-service-manager-test-" + std::to_string(getpid()); }

TEST(ServiceManager, WithoutOneNothingIsSaid) {
  auto manager = ServiceManager::Make({}, kPid);
  ASSERT_TRUE(manager);
  EXPECT_FALSE(manager->listens());
  EXPECT_EQ(manager->alive_period(), std::nullopt);
  manager->Ready();
  manager->Alive();
}

TEST(ServiceManager, IsToldWhatHappens) {
  const Listener listener(AbstractAddress());
  FakeClock clock;
  clock.Advance(Milliseconds(5));
  const Nanoseconds now = clock.Now();
  auto manager = ServiceManager::Make({.notify_socket = AbstractAddress()}, kPid, clock);
  ASSERT_TRUE(manager) << manager.error().message;
  EXPECT_TRUE(manager->listens());
  manager->Ready();
  EXPECT_EQ(listener.Next(), "READY=1");
  manager->Reloading();
  EXPECT_EQ(listener.Next(), "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.value / 1000));
  manager->Alive();
  EXPECT_EQ(listener.Next(), "WATCHDOG=1");
  manager->Stopping();
  EXPECT_EQ(listener.Next(), "STOPPING=1");
  EXPECT_EQ(listener.Next(), "");
}

TEST(ServiceManager, MayListenAtAPathAndMakeItsSocketAnew) {
  const std::string path = "/tmp/brahe-notify-" + std::to_string(getpid());  // TEST_TMPDIR may be too long a name
  unlink(path.c_str());
  auto listener = std::make_unique<Listener>(path);
  auto manager = ServiceManager::Make({.notify_socket = path}, kPid);
  ASSERT_TRUE(manager) << manager.error().message;
  manager->Ready();
  EXPECT_EQ(listener->Next(), "READY=1");
  unlink(path.c_str());
  manager->Alive();  // nobody is there, and nobody is harmed
  listener = std::make_unique<Listener>(path);
  manager->Alive();
  EXPECT_EQ(listener->Next(), "WATCHDOG=1");
  unlink(path.c_str());
}

TEST(ServiceManager, BeingAliveIsSaidWithoutWaitingForOneWhoDoesNotListen) {
  const Listener listener(AbstractAddress());
  auto manager = ServiceManager::Make({.notify_socket = AbstractAddress()}, kPid);
  ASSERT_TRUE(manager);
  const Nanoseconds begin = SystemClock().Now();
  for (int i = 0; i < 5000; ++i) manager->Alive();  // more than the queue has place for
  EXPECT_LT(SystemClock().Now(), begin + Seconds(4));
}

TEST(ServiceManager, WaitsTwiceAsLongAsItIsToldNotToWait) {
  const auto period = [](const std::string& usec, const std::string& pid) {
    auto manager =
        ServiceManager::Make({.notify_socket = AbstractAddress(), .watchdog_usec = usec, .watchdog_pid = pid}, kPid);
    EXPECT_TRUE(manager) << manager.error().message;
    return manager->alive_period();
  };
  EXPECT_EQ(period("30000000", "4711"), Seconds(15));
  EXPECT_EQ(period("30000000", ""), Seconds(15));
  EXPECT_EQ(period("30000000", "4712"), std::nullopt) << "that is for another process";
  EXPECT_EQ(period("", ""), std::nullopt);
}

TEST(ServiceManager, VariablesThatMakeNoSenseAreNamed) {
  const auto error = [](Variables variables) {
    if (variables.notify_socket.empty()) variables.notify_socket = "@x";
    auto manager = ServiceManager::Make(variables, kPid);
    return manager ? "" : manager.error().message;
  };
  EXPECT_THAT(error({.notify_socket = "vsock:2:1234"}), HasSubstr("NOTIFY_SOCKET=vsock:2:1234"));
  EXPECT_THAT(error({.notify_socket = "/" + std::string(200, 'x')}), HasSubstr("too long"));
  EXPECT_THAT(error({.watchdog_usec = "soon"}), HasSubstr("WATCHDOG_USEC=soon"));
  EXPECT_THAT(error({.watchdog_usec = "0"}), HasSubstr("WATCHDOG_USEC=0"));
  EXPECT_THAT(error({.watchdog_usec = "18446744073709551615"}), HasSubstr("WATCHDOG_USEC="));
  EXPECT_THAT(error({.watchdog_usec = "1", .watchdog_pid = "me"}), HasSubstr("WATCHDOG_PID=me"));
}

// Two files from a descriptor on that nobody else uses.
class PassedFiles : public testing::Test {
 protected:
  static constexpr int kFirst = 200;
  void SetUp() override {
    for (int fd = kFirst; fd < kFirst + 2; ++fd) ASSERT_EQ(dup2(STDERR_FILENO, fd), fd);
  }
  void TearDown() override {
    for (int fd = kFirst; fd < kFirst + 2; ++fd) close(fd);
  }
};

TEST_F(PassedFiles, AreTakenAndNotPassedOn) {
  auto files = TakePassedFiles({.listen_fds = "2", .listen_pid = "4711"}, kPid, kFirst);
  ASSERT_TRUE(files) << files.error().message;
  ASSERT_EQ(files->size(), 2u);
  EXPECT_EQ(files->at(0).get(), kFirst);
  EXPECT_EQ(files->at(1).get(), kFirst + 1);
  EXPECT_NE(fcntl(kFirst, F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(PassedFiles, OfAnotherProcessAreLeftAlone) {
  for (const Variables& variables : {Variables{.listen_fds = "2", .listen_pid = "4712"}, Variables{.listen_fds = "2"},
                                     Variables{.listen_pid = "4711"}}) {
    auto files = TakePassedFiles(variables, kPid, kFirst);
    ASSERT_TRUE(files) << files.error().message;
    EXPECT_TRUE(files->empty());
    EXPECT_EQ(fcntl(kFirst, F_GETFD) & FD_CLOEXEC, 0);
  }
}

TEST_F(PassedFiles, ThatAreNotThereAreAnError) {
  const auto error = [](const std::string& count) {
    auto files = TakePassedFiles({.listen_fds = count, .listen_pid = "4711"}, kPid, kFirst + 1);
    return files ? "" : files.error().message;
  };
  EXPECT_THAT(error("2"), HasSubstr("descriptor 202 is not open"));
  EXPECT_THAT(error("-1"), HasSubstr("LISTEN_FDS=-1"));
  EXPECT_THAT(error("9999999999"), HasSubstr("LISTEN_FDS=9999999999"));
}

}  // namespace
}  // namespace brahe::service
