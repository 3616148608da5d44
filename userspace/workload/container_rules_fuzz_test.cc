#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "userspace/base/fuzz.h"
#include "userspace/workload/container_rules.h"

namespace brahe::workload {
namespace {

std::vector<std::string> Corpus() {
  std::vector<std::string> paths;
  std::ifstream corpus("testdata/cgroup/paths.txt");
  for (std::string line; std::getline(corpus, line);) {
    if (!line.empty() && line.front() != '#') paths.push_back(line.substr(0, line.find(' ')));
  }
  return paths;
}

bool IsSame(const std::optional<Container>& a, const std::optional<Container>& b) {
  if (!a || !b) return !a && !b;
  return a->id == b->id && a->runtime == b->runtime && a->pod_uid == b->pod_uid;
}

// What holds for every path.
void Check(const std::string& path) {
  const std::set<std::string> runtimes = {"docker",         "containerd", "crio",  "podman", "kubernetes", "lxc",
                                          "systemd-nspawn", "slurm",      "nomad", "kata",   "buildkit",   "unknown"};
  const auto container = ContainerOfPath(path);
  const auto below = ContainerOfPath(path + "/ ");
  ASSERT_TRUE(IsSame(container, below)) << "a cgroup below it is in another container";
  ASSERT_TRUE(IsSame(container, ContainerOfPath("/outer.slice/" + path))) << "it depends on where it lies";
  if (!container) return;
  ASSERT_EQ(below->cgroup, container->cgroup);
  ASSERT_FALSE(container->id.empty());
  ASSERT_TRUE(runtimes.contains(container->runtime)) << container->runtime;
  ASSERT_TRUE(path.starts_with(container->cgroup));
  ASSERT_TRUE(path.size() == container->cgroup.size() || path[container->cgroup.size()] == '/');
  const auto own = ContainerOfPath(container->cgroup);
  ASSERT_TRUE(IsSame(container, own)) << "its cgroup is another's";
  ASSERT_EQ(own->cgroup, container->cgroup);
}

TEST(ContainerRulesFuzzTest, WhatHoldsForEveryPathHoldsForStrangeOnes) {
  const auto corpus = Corpus();
  ASSERT_FALSE(corpus.empty());
  size_t containers = 0;
  Fuzz(corpus, [&](const std::string& path) {
    Check(path);
    containers += ContainerOfPath(path).has_value();
  });
  EXPECT_GT(containers, 1000U);
}

}  // namespace
}  // namespace brahe::workload
