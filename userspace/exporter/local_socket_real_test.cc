// As root: the clients are other users.
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "userspace/base/file.h"
#include "userspace/exporter/exporter.h"
#include "userspace/exposition/test_snapshot.h"
#include "userspace/http/local_socket.h"
#include "userspace/http/test_client.h"

namespace brahe::exporter {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class OneSnapshot final : public monitor::SnapshotSource {
 public:
  std::shared_ptr<const monitor::Snapshot> Fresh() override { return snapshot_; }
  [[nodiscard]] std::shared_ptr<const monitor::Snapshot> Latest() const override { return snapshot_; }
  [[nodiscard]] bool Healthy() const override { return true; }
  std::vector<monitor::EpochTiming> TakeEpochTimings() override { return {}; }

 private:
  const std::shared_ptr<const monitor::Snapshot> snapshot_ =
      std::make_shared<const monitor::Snapshot>(exposition::SmallSnapshot());
};

// An exporter that listens on a Unix socket too, in a folder that others may look into.
class LocalSocketRealTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    std::filesystem::permissions(folder_, std::filesystem::perms(0755));
    socket_ = folder_ + "/s";
    // Its passwords and certificates say nothing of the local socket.
    WriteWebConfig();
    auto sockets = *http::ListenOn({"127.0.0.1:0"});
    auto local = http::ListenLocally(socket_);
    ASSERT_TRUE(local) << local.error().message;
    sockets.insert(sockets.begin(), *std::move(local));
    ExporterOptions options;
    options.choices.levels = exposition::TestOptions().levels;
    options.web_config_file = folder_ + "/web.yaml";
    options.local_allow = {"root"};
    auto exporter = StartExporter(std::move(sockets), options, source_);
    ASSERT_TRUE(exporter) << exporter.error().message;
    exporter_ = *std::move(exporter);
  }
  void TearDown() override {
    exporter_.reset();
    EXPECT_FALSE(std::filesystem::exists(socket_));
    std::filesystem::remove_all(folder_);
  }
  void WriteWebConfig() const {
    // bcrypt of "wonderland", cost 4.
    const std::string text =
        "basic_auth_users: {alice: $2y$04$KBCwKxOzLha2MUDgW0PjXexEHTwUun17dfcKnCd.Fy5WLsVijVsXu}\n";
    EXPECT_TRUE(WriteFile(folder_ + "/web.yaml", text));
  }

  // What a process of these rights is answered.
  http::TestResponse GetAs(uid_t user, gid_t group, const std::vector<gid_t>& groups,
                           const std::string& target = "/metrics") const {
    int pipe_ends[2];
    if (pipe(&pipe_ends[0]) != 0) return {};
    const UniqueFd out(pipe_ends[0]);
    UniqueFd in(pipe_ends[1]);
    const pid_t child = fork();
    if (child == 0) {
      const bool is_other = setgroups(groups.size(), groups.data()) == 0 && setresgid(group, group, group) == 0 &&
                            setresuid(user, user, user) == 0;
      if (is_other) {
        const http::TestClient client(socket_);
        client.Send("GET " + target + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        const std::string answer = client.ReadAll();
        (void)!write(in.get(), answer.data(), answer.size());
      }
      _exit(0);
    }
    in.Reset();
    std::string answer;
    char block[4096];
    for (ssize_t size = 0; (size = read(out.get(), &block[0], sizeof block)) > 0;) {
      answer.append(&block[0], static_cast<size_t>(size));
    }
    waitpid(child, nullptr, 0);
    return http::ParseResponse(answer);
  }

  std::string folder_ = "/tmp/brahe-local-XXXXXX";
  std::string socket_;
  OneSnapshot source_;
  std::unique_ptr<Exporter> exporter_;
};

TEST_F(LocalSocketRealTest, GivesTheSameAnswersAsOverTcpWithoutAPassword) {
  EXPECT_EQ(exporter_->ports().size(), 1U);
  EXPECT_EQ(http::Request(exporter_->ports().at(0), "GET", "/api/v1/snapshot").status, 401);
  for (const char* target : {"/metrics", "/api/v1/snapshot", "/healthz", "/readyz", "/"}) {
    EXPECT_EQ(http::Request(socket_, "GET", target).status, 200) << target;
  }
  EXPECT_THAT(http::Request(socket_, "GET", "/metrics").body, HasSubstr("kepler_node_cpu_joules_total"));
  EXPECT_EQ(http::Request(socket_, "GET", "/nothing").status, 404);
}

TEST_F(LocalSocketRealTest, AnswersWhomItsListNamesAndItself) {
  EXPECT_EQ(GetAs(0, 0, {}).status, 200);
  const http::TestResponse refused = GetAs(1234, 1234, {});
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.body, "uid 1234 may not ask here: web.localSocket.allow does not name it\n");
  EXPECT_EQ(GetAs(1234, 0, {0}).status, 403) << "the group root is not the user";
  EXPECT_EQ(GetAs(1234, 1234, {}, "/healthz").status, 403);

  ASSERT_TRUE(exporter_->AllowLocally({"user:1234", "group:77"}));
  EXPECT_EQ(GetAs(1234, 1234, {}).status, 200);
  EXPECT_EQ(GetAs(1235, 1235, {}).status, 403);
  EXPECT_EQ(GetAs(1235, 77, {}).status, 200);
  EXPECT_EQ(GetAs(1235, 1235, {76, 77, 78}).status, 200);
  EXPECT_EQ(GetAs(1235, 1235, {76, 78}).status, 403);
  EXPECT_EQ(GetAs(77, 1235, {}).status, 403) << "a number is of one kind";
  EXPECT_EQ(GetAs(0, 0, {}).status, 200) << "who the exporter itself is";

  ASSERT_TRUE(exporter_->AllowLocally({"everyone"}));
  EXPECT_EQ(GetAs(1235, 1235, {}).status, 200);
}

TEST_F(LocalSocketRealTest, AChangedListHoldsForConnectionsThatAreOpen) {
  ASSERT_TRUE(exporter_->AllowLocally({"everyone"}));
  const uid_t self = geteuid();
  ASSERT_EQ(seteuid(1234), 0);
  const http::TestClient client(socket_);
  ASSERT_EQ(seteuid(self), 0);
  client.Send("GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_THAT(client.Read(15), StartsWith("HTTP/1.1 200 OK"));
  ASSERT_TRUE(exporter_->AllowLocally({"root"}));
  client.Send("GET /healthz HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.ReadAll(), HasSubstr("HTTP/1.1 403 Forbidden"));
}

TEST_F(LocalSocketRealTest, AFaultInTheListKeepsTheOldOne) {
  ASSERT_TRUE(exporter_->AllowLocally({"user:1234"}));
  const Status allowed = exporter_->AllowLocally({"everyone", "ada"});
  ASSERT_FALSE(allowed);
  EXPECT_THAT(allowed.error().message, StartsWith("web.localSocket.allow: \"ada\" is nobody"));
  EXPECT_EQ(GetAs(1234, 1234, {}).status, 200);
  EXPECT_EQ(GetAs(1235, 1235, {}).status, 403);
}

}  // namespace
}  // namespace brahe::exporter
