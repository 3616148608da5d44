#include "userspace/workload/container_rules.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <string>

namespace brahe::workload {
namespace {

std::string Describe(const std::optional<Container>& container) {
  if (!container) return "-";
  return container->runtime + " " + container->id + " " + (container->pod_uid.empty() ? "-" : container->pod_uid);
}

TEST(ContainerRulesTest, TellsTheContainerOfEveryPathInTheCorpus) {
  std::ifstream corpus("testdata/cgroup/paths.txt");
  size_t paths = 0;
  for (std::string line; std::getline(corpus, line);) {
    if (line.empty() || line.front() == '#') continue;
    const size_t blank = line.find(' ');
    ASSERT_NE(blank, std::string::npos) << line;
    const std::string path = line.substr(0, blank);
    EXPECT_EQ(Describe(ContainerOfPath(path)), line.substr(blank + 1)) << path;
    ++paths;
  }
  EXPECT_GT(paths, 230U);
}

TEST(ContainerRulesTest, AnyBytesMayStandAroundAContainer) {
  const std::string id(64, 'a');
  EXPECT_EQ(ContainerOfPath("/\xff\xfe \n/docker/" + id + "/ (deleted)")->id, id);
  EXPECT_EQ(ContainerOfPath(std::string("/a\0/docker/", 11) + id)->id, id);
  EXPECT_EQ(ContainerOfPath(""), std::nullopt);
}

TEST(ContainerRulesTest, TellsTheContainersOwnCgroup) {
  const auto cgroup = [](std::string_view path) { return ContainerOfPath(path)->cgroup; };
  EXPECT_EQ(cgroup("/lxc/101/ns/system.slice/run-u101.service"), "/lxc/101");
  EXPECT_EQ(cgroup("/slurm/uid_1000/job_42/step_0/task_0"), "/slurm/uid_1000/job_42/step_0");
  EXPECT_EQ(cgroup("/machine.slice/machine-my\\x2dweb.scope/payload"), "/machine.slice/machine-my\\x2dweb.scope");
  EXPECT_EQ(cgroup("/lxc.payload.web"), "/lxc.payload.web");
}

TEST(ContainerRulesTest, TellsTheTreeThatAContainerLiesIn) {
  const std::string id(64, 'a');
  const std::string user = "/user.slice/user-1000.slice/user@1000.service";
  const auto tree = [](const std::string& path) { return ContainerOfPath(path)->tree; };
  EXPECT_EQ(tree("/system.slice/docker-" + id + ".scope/init.scope"), "");
  EXPECT_EQ(tree("/kubepods/pod1a2b3c4d/" + id), "");
  EXPECT_EQ(tree(user + "/user.slice/libpod-" + id + ".scope/container"), user);
  EXPECT_EQ(tree(user + "/user.slice/docker-" + id + ".scope/docker-" + id + ".scope"),
            user + "/user.slice/docker-" + id + ".scope");
  EXPECT_EQ(tree("/lxc/outer/ns/lxc/inner/init.scope"), "/lxc/outer");
  EXPECT_EQ(tree("/docker/" + id + "/docker/buildkit/w8kbs8vbsw9p02sl0h0mg0p1r"), "");
  EXPECT_EQ(tree("/lxc/outer" + user + "/lxc.payload.inner"), "/lxc/outer" + user);
}

TEST(ContainerRulesTest, TellsWhatIsInAUsersOwnTree) {
  const std::string user = "/user.slice/user-1000.slice/user@1000.service";
  EXPECT_TRUE(ContainerOfPath(user + "/lxc.payload.a")->of_user);
  EXPECT_TRUE(ContainerOfPath(user + "/lxc.payload.a/b/lxc.payload.c")->of_user);
  EXPECT_FALSE(ContainerOfPath("/lxc.payload.a" + user + "/app.slice")->of_user);
  EXPECT_FALSE(ContainerOfPath("/user@.service/user@x.service/user@1.slice/lxc.payload.a")->of_user);
  EXPECT_FALSE(ContainerOfPath("/lxc.payload.a")->of_user);
}

TEST(ContainerRulesTest, AHostilePathTakesNoLongerThanItsLengthWarrants) {
  std::string path;
  const std::string hostile[] = {"/kubepods", "/pod",   "/-pod.slice",  "/a:b:c",         "/docker-", ":",  "-pod", "/",
                                 "/step_1",   "/job_1", "/uid_1/slurm", "/machine-\\x2d", "\\x2d",    "/.."};
  for (const std::string& piece : hostile) {
    for (size_t length = 0; length < (1 << 17); length += piece.size()) path += piece;
  }
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(ContainerOfPath(path), std::nullopt);
  path = "/docker/" + std::string(64, 'a') + path;
  EXPECT_NE(ContainerOfPath(path), std::nullopt);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

}  // namespace
}  // namespace brahe::workload
