#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "userspace/base/fuzz.h"
#include "userspace/workload/cgroup_facts.h"

namespace brahe::workload {
namespace {

std::vector<std::string> Corpus() {
  std::vector<std::string> paths;
  for (const char* file : {"testdata/cgroup/units.txt", "testdata/cgroup/paths.txt"}) {
    std::ifstream corpus(file);
    for (std::string line; std::getline(corpus, line);) {
      if (!line.empty() && line.front() != '#') paths.push_back(line.substr(0, line.find(' ')));
    }
  }
  return paths;
}

bool IsUnitName(const std::string& unit) {
  const bool ends = unit.ends_with(".service") || unit.ends_with(".slice") || unit.ends_with(".scope");
  return ends && unit.size() <= 255 &&
         unit.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:-_.\\@") ==
             std::string::npos;
}

// What holds for every path: what it is called below a place decides nothing above it.
void Check(const std::string& path) {
  const CgroupFacts facts = FactsOfPath(path);
  ASSERT_TRUE(facts.unit.empty() || IsUnitName(facts.unit)) << facts.unit;
  ASSERT_EQ(facts.scheduler, facts.job.empty() ? "" : "slurm");
  ASSERT_TRUE(!facts.job_uid || !facts.job.empty());
  ASSERT_EQ(facts.job.find_first_of("/ \n\\\""), std::string::npos);

  const std::string below = "/" + path;
  ASSERT_EQ(FactsOfPath("/system.slice/web.service" + below).unit, "web.service");
  const CgroupFacts of_user = FactsOfPath("/user.slice/user-7.slice/user@7.service" + below);
  ASSERT_EQ(of_user, (CgroupFacts{"user-7.slice", "", "", {}}));
  ASSERT_EQ(FactsOfPath("/docker/" + std::string(64, 'c') + below), CgroupFacts{});
  ASSERT_EQ(FactsOfPath("/lxc.payload.web" + below), CgroupFacts{});
  const CgroupFacts of_job = FactsOfPath("/system.slice/slurmstepd.scope/job_7/step_0/user/task_0" + below);
  ASSERT_EQ(of_job, (CgroupFacts{"slurmstepd.scope", "slurm", "7", {}}));
}

TEST(CgroupFactsFuzzTest, WhatHoldsForEveryPathHoldsForStrangeOnes) {
  const auto corpus = Corpus();
  ASSERT_FALSE(corpus.empty());
  size_t units = 0;
  size_t jobs = 0;
  Fuzz(corpus, [&](const std::string& path) {
    Check(path);
    const CgroupFacts facts = FactsOfPath(path);
    units += !facts.unit.empty();
    jobs += !facts.job.empty();
  });
  EXPECT_GT(units, 1000U);
  EXPECT_GT(jobs, 100U);
}

}  // namespace
}  // namespace brahe::workload
