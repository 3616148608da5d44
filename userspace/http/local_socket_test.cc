#include "userspace/http/local_socket.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "userspace/base/file.h"
#include "userspace/base/temp_tree.h"
#include "userspace/http/http_server.h"
#include "userspace/http/local_peer.h"
#include "userspace/http/test_client.h"

namespace brahe::http {
namespace {

using ::testing::StartsWith;

constexpr char kChooseAnother[] = "choose another path";

// Works in a folder of its own, by relative paths: Bazel's are longer than a socket's may be.
class LocalSocketTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::current_path(tree_.path()); }
  void TearDown() override { std::filesystem::current_path("/"); }

  static bool Exists(const std::string& path) {
    struct stat info {};
    return lstat(path.c_str(), &info) == 0;
  }
  static std::string ErrorOf(const std::string& path) {
    const auto socket = ListenLocally(path);
    return socket ? "" : socket.error().message;
  }
  static UniqueFd Bind(const std::string& path, int type) {
    UniqueFd fd(socket(AF_UNIX, type, 0));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    path.copy(&address.sun_path[0], sizeof(address.sun_path) - 1);
    EXPECT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }

  const TempTree tree_;
};

TEST_F(LocalSocketTest, AnybodyMayConnectWhateverTheUmaskIs) {
  const mode_t before = umask(0077);
  const auto socket = ListenLocally("s");
  umask(before);
  ASSERT_TRUE(socket) << socket.error().message;
  struct stat info {};
  ASSERT_EQ(stat("s", &info), 0);
  EXPECT_EQ(info.st_mode, S_IFSOCK | 0666U);
  EXPECT_NE(fcntl(socket->fd.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(socket->fd.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(LocalSocketTest, ItsFileGoesWithItUnlessItIsAnothers) {
  { const auto socket = ListenLocally("s"); }
  EXPECT_FALSE(Exists("s"));
  {
    const auto socket = ListenLocally("s");
    std::filesystem::rename("s", "moved");
    tree_.Write("s", "of somebody else");
  }
  EXPECT_TRUE(Exists("s"));
}

TEST_F(LocalSocketTest, ReplacesWhatADeadExporterLeft) {
  Bind("s", SOCK_STREAM).Reset();
  ASSERT_TRUE(Exists("s"));
  const auto socket = ListenLocally("s");
  ASSERT_TRUE(socket) << socket.error().message;
  EXPECT_GE(TestClient(std::string("s")).fd(), 0);
}

TEST_F(LocalSocketTest, LeavesALivingOneAlone) {
  const auto first = ListenLocally("s");
  ASSERT_TRUE(first);
  EXPECT_EQ(ErrorOf("s"), std::string("listen on s: another process listens there; stop that or ") + kChooseAnother);
  EXPECT_GE(TestClient(std::string("s")).fd(), 0);
  // Also one that has no time to accept any more.
  std::vector<UniqueFd> crowd;
  for (bool is_full = false; !is_full;) {
    UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
    const sockaddr_un address{.sun_family = AF_UNIX, .sun_path = "s"};
    is_full = connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0;
    crowd.push_back(std::move(fd));
  }
  EXPECT_THAT(ErrorOf("s"), StartsWith("listen on s: another process listens there"));
  EXPECT_TRUE(Exists("s"));
}

TEST_F(LocalSocketTest, NeverRemovesWhatIsNoSocket) {
  tree_.Write("file", "text");
  tree_.MakeFolder("folder");
  tree_.Link("link", "file");
  for (const char* path : {"file", "folder", "link"}) {
    EXPECT_EQ(ErrorOf(path), "listen on " + std::string(path) +
                                 ": it is there and no socket, so that it is not replaced; remove it or " +
                                 kChooseAnother);
    EXPECT_TRUE(Exists(path));
  }
  const UniqueFd datagrams = Bind("datagrams", SOCK_DGRAM);
  EXPECT_THAT(ErrorOf("datagrams"), StartsWith("listen on datagrams: "));
  EXPECT_TRUE(Exists("datagrams"));
}

TEST_F(LocalSocketTest, SaysWhatToDoAboutAPathThatCannotBe) {
  EXPECT_EQ(ErrorOf("none/s"), std::string("listen on none/s: there is no folder none; make it or ") + kChooseAnother);
  tree_.Write("file", "text");
  EXPECT_THAT(ErrorOf("file/s"), StartsWith("listen on file/s: file: Not a directory; "));
  const std::string longest(107, 's');
  EXPECT_TRUE(ListenLocally(longest));
  EXPECT_EQ(
      ErrorOf(longest + "s"),
      "listen on " + longest + "s: a socket's path has at most 107 bytes, and this one has 108; " + kChooseAnother);
}

TEST(LocalPeer, IsNobodyWhereThereIsNoUnixSocket) {
  const auto listening = Listen("127.0.0.1:0");
  const TestClient client(listening->port);
  EXPECT_FALSE(LocalPeerOf(client.fd()));
  EXPECT_FALSE(LocalUserOf(client.fd()));
  const UniqueFd unconnected(socket(AF_UNIX, SOCK_STREAM, 0));
  EXPECT_FALSE(LocalPeerOf(unconnected.get()));
  const UniqueFd file(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(LocalPeerOf(file.get()));
}

std::unique_ptr<HttpServer> Serve(ListenSocket socket, const HttpLimits& limits) {
  std::vector<ListenSocket> sockets;
  sockets.push_back(std::move(socket));
  auto server = StartHttpServer(std::move(sockets), {.limits = limits, .threads = 1},
                                [](const HttpRequest& request, Responder responder) {
                                  const std::string uid = request.local ? std::to_string(request.local->uid) : "none";
                                  responder.Send({.body = request.peer + ", " + uid + "\n"});
                                });
  EXPECT_TRUE(server);
  return server ? *std::move(server) : nullptr;
}

TEST_F(LocalSocketTest, ARequestSaysWhoAsks) {
  auto socket = ListenLocally("s");
  ASSERT_TRUE(socket);
  auto server = Serve(*std::move(socket), {});
  const TestResponse response = Request(std::string("s"), "GET", "/");
  const std::string uid = std::to_string(getuid());
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "uid " + uid + ", " + uid + "\n");
  server.reset();
  EXPECT_FALSE(Exists("s"));
}

TEST_F(LocalSocketTest, AUserHasSomeConnectionsAndNotAll) {
  auto socket = ListenLocally("s");
  ASSERT_TRUE(socket);
  const auto server = Serve(*std::move(socket), {.connections = 16, .of_one_user = 2});
  const TestClient first(std::string("s")), second(std::string("s")), third(std::string("s"));
  EXPECT_EQ(first.ReadAll(), "");  // it gave way to the third
  for (const TestClient* client : {&second, &third}) {
    client->Send("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(ParseResponse(client->ReadAll()).status, 200);
  }
}

TEST_F(LocalSocketTest, ARequestOverTcpIsOfNoLocalUser) {
  const auto server = Serve(*Listen("127.0.0.1:0"), {});
  EXPECT_EQ(Request(server->ports().at(0), "GET", "/").body, "127.0.0.1, none\n");
}

}  // namespace
}  // namespace brahe::http
