#include "userspace/workload/cgroup_facts.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <string>

namespace brahe::workload {
namespace {

std::string Describe(const CgroupFacts& facts) {
  const auto word = [](const std::string& text) { return text.empty() ? "-" : text; };
  return word(facts.unit) + " " + word(facts.job) + " " + (facts.job_uid ? std::to_string(*facts.job_uid) : "-");
}

TEST(CgroupFactsTest, TellsTheUnitAndTheJobOfEveryPathInTheCorpus) {
  std::ifstream corpus("testdata/cgroup/units.txt");
  size_t paths = 0;
  for (std::string line; std::getline(corpus, line);) {
    if (line.empty() || line.front() == '#') continue;
    const size_t blank = line.find(' ');
    ASSERT_NE(blank, std::string::npos) << line;
    const CgroupFacts facts = FactsOfPath(line.substr(0, blank));
    EXPECT_EQ(Describe(facts), line.substr(blank + 1)) << line.substr(0, blank);
    EXPECT_EQ(facts.scheduler, facts.job.empty() ? "" : "slurm");
    ++paths;
  }
  EXPECT_GT(paths, 110U);
}

TEST(CgroupFactsTest, AnyBytesMayStandInAPath) {
  EXPECT_EQ(FactsOfPath("/system.slice/nginx.service/\xff\xfe \n").unit, "nginx.service");
  EXPECT_EQ(FactsOfPath("/system.slice/ngi\nnx.service").unit, "system.slice");
  EXPECT_EQ(FactsOfPath("/syst\xffm.slice/nginx.service").unit, "");
  EXPECT_EQ(FactsOfPath(std::string("/a\0.slice/b.service", 19)).unit, "");
  EXPECT_EQ(FactsOfPath("/" + std::string(300, 'a') + ".service").unit, "");
  EXPECT_EQ(FactsOfPath(""), CgroupFacts{});
  EXPECT_EQ(FactsOfPath("nginx.service"), CgroupFacts{});
}

TEST(CgroupFactsTest, AHostilePathTakesNoLongerThanItsLengthWarrants) {
  std::string path;
  const std::string hostile[] = {"/a.slice", "/_b.slice",       "/system.slice", "/slurm",   "/uid_1",      "/job_x",
                                 "/job_",    "/user@1.service", "/:docker:",     "/step_1/", "/pod1a2b3c4d"};
  for (const std::string& piece : hostile) {
    for (size_t length = 0; length < (1 << 20); length += piece.size()) path += piece;
  }
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(FactsOfPath(path).unit, "a.slice");
  EXPECT_EQ(FactsOfPath(path + "/slurm/uid_1/job_2").job, "") << "it lies in a user's tree";
  EXPECT_EQ(FactsOfPath("/slurm/uid_1/job_2" + path).job, "2");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

}  // namespace
}  // namespace brahe::workload
