// As root: the peer is another user.
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "userspace/base/file.h"
#include "userspace/http/local_peer.h"
#include "userspace/http/local_socket.h"
#include "userspace/http/test_client.h"

namespace brahe::http {
namespace {

TEST(LocalPeerReal, IsWhoConnectedWithAllGroupsAndStaysSo) {
  std::string folder = "/tmp/brahe-peer-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  std::filesystem::permissions(folder, std::filesystem::perms(0755));
  const auto socket = ListenLocally(folder + "/s");
  ASSERT_TRUE(socket) << socket.error().message;
  std::vector<gid_t> groups;  // more than are asked for at first
  for (gid_t group = 5000; group < 5070; ++group) groups.push_back(group);
  const pid_t child = fork();
  if (child == 0) {
    if (setgroups(groups.size(), groups.data()) != 0 || setresgid(41, 42, 43) != 0 ||
        setresuid(1001, 1002, 1003) != 0) {
      _exit(1);
    }
    const TestClient client(folder + "/s");
    // What it becomes later does not count.
    _exit(client.fd() >= 0 && setresuid(1003, 1003, 1003) == 0 ? 0 : 2);
  }
  int status = -1;
  waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
  const UniqueFd connection(accept(socket->fd.get(), nullptr, nullptr));
  const auto peer = LocalPeerOf(connection.get());
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->uid, 1002U);
  groups.insert(groups.begin(), 42);
  EXPECT_EQ(peer->groups, groups);
  EXPECT_EQ(LocalUserOf(connection.get()), 1002U);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace brahe::http
