#include "userspace/workload/other_hierarchies.h"

#include <gtest/gtest.h>

#include "userspace/base/temp_tree.h"

namespace brahe::workload {
namespace {

const char kJob[] = "/slurm/uid_1000/job_42";

class OtherHierarchiesTest : public testing::Test {
 protected:
  OtherHierarchiesTest() { tree.MakeFolder("cpuacct"), tree.MakeFolder("freezer"), tree.MakeFolder("memory"); }
  // Process 7 is in `path` of freezer.
  void Place(const std::string& path) const {
    tree.Write("proc/7/cgroup",
               "9:freezer:" + path + "\n4:cpu,cpuacct:/system.slice/slurmd.service\n1:name=systemd:/\n");
  }
  void MakeJob(const std::string& hierarchy, const std::string& job = kJob) const { tree.MakeFolder(hierarchy + job); }
  // The id of the container of a process, "-" if it is in none.
  std::string IdOf(const ProcessKey& key) {
    const Container* container = hierarchies.ContainerOf(key);
    return container == nullptr ? "-" : container->id;
  }
  std::string IdInNextEpoch() {
    hierarchies.EndEpoch();
    return IdOf(process);
  }
  void EndEpochs(int count) {
    for (int i = 0; i < count; ++i) IdInNextEpoch();
  }

  TempTree tree;
  OtherHierarchies hierarchies{
      tree.At("proc"), tree.At("cpuacct"), {tree.At("freezer"), tree.At("memory"), tree.At("none")}};
  const ProcessKey process{7, 100};
};

TEST_F(OtherHierarchiesTest, AnyHierarchyTellsTheStep) {
  MakeJob("memory"), Place(std::string(kJob) + "/step_0");
  EXPECT_EQ(IdOf(process), "42.0");
  EXPECT_EQ(IdOf({8, 100}), "-") << "there is no such process";
  EXPECT_EQ(IdOf({}), "-");
}

TEST_F(OtherHierarchiesTest, AProcessThatIsInAStepIsInItsJob) {
  MakeJob("memory"), Place(std::string(kJob) + "/step_0");
  EXPECT_EQ(hierarchies.FactsOf(process), nullptr) << "nobody has looked";
  EXPECT_EQ(IdOf(process), "42.0");
  ASSERT_NE(hierarchies.FactsOf(process), nullptr);
  EXPECT_EQ(*hierarchies.FactsOf(process), (CgroupFacts{"", "slurm", "42", 1000}));
  EXPECT_EQ(hierarchies.FactsOf({8, 100}), nullptr);
  Place("/lxc/web/ns" + std::string(kJob) + "/step_0");
  EXPECT_EQ(IdInNextEpoch(), "42.0");
  EXPECT_EQ(hierarchies.FactsOf(process), nullptr) << "a step in a container is no job of the system's";
}

TEST_F(OtherHierarchiesTest, ProcessesAreAskedOnlyWhileAJobIsNotInTheAccountedHierarchy) {
  Place(std::string(kJob) + "/step_0");
  EXPECT_EQ(IdOf(process), "-") << "there is no Slurm";
  MakeJob("freezer");
  EndEpochs(11);
  EXPECT_EQ(IdOf(process), "-") << "it is long until Slurm is looked for again";
  EXPECT_EQ(IdInNextEpoch(), "42.0") << "Slurm is looked for now and then";
  MakeJob("cpuacct");
  EXPECT_EQ(IdInNextEpoch(), "-") << "the accounted hierarchy tells";
  MakeJob("freezer", "/slurm/uid_7/job_43");
  EXPECT_EQ(IdInNextEpoch(), "42.0") << "jobs are looked for in each epoch";
  tree.Remove("freezer/slurm/uid_7/job_43");
  EXPECT_EQ(IdInNextEpoch(), "-");
}

TEST_F(OtherHierarchiesTest, OnlySlurmsFoldersMatter) {
  MakeJob("freezer", "/slurmy/uid_1000/job_42"), MakeJob("freezer", "/slurm/system"),
      MakeJob("freezer", "/slurm/uid_1/x");
  Place(std::string(kJob) + "/step_0");
  EXPECT_EQ(IdOf(process), "-");
}

TEST_F(OtherHierarchiesTest, OneOfSeveralNodesOfAMachineIsSlurmToo) {
  MakeJob("freezer", "/slurm_node1/uid_1000/job_42"), Place("/slurm_node1/uid_1000/job_42/step_batch/task_0");
  EXPECT_EQ(IdOf(process), "42.batch");
}

TEST_F(OtherHierarchiesTest, OtherRuntimesAreNotKnownByIt) {
  MakeJob("freezer"), Place("/docker/" + std::string(64, 'c'));
  EXPECT_EQ(IdOf(process), "-");
}

TEST_F(OtherHierarchiesTest, WithoutOtherHierarchiesNothingIsRead) {
  MakeJob("freezer"), Place(std::string(kJob) + "/step_0");
  EXPECT_EQ(OtherHierarchies(tree.At("proc"), tree.At("cpuacct"), {}).ContainerOf(process), nullptr);
}

TEST_F(OtherHierarchiesTest, AMoveAtTheBeginningIsSeenAtOnceAndLaterOnesAfterAWhile) {
  MakeJob("freezer"), Place("/");
  EXPECT_EQ(IdOf(process), "-");
  Place(std::string(kJob) + "/step_0");
  EXPECT_EQ(IdOf(process), "-") << "it is asked once in an epoch";
  EXPECT_EQ(IdInNextEpoch(), "42.0");
  EXPECT_EQ(IdInNextEpoch(), "42.0");
  Place("/slurm/uid_1000/job_43/step_0");
  int epochs = 1;
  while (epochs < 20 && IdInNextEpoch() == "42.0") ++epochs;
  EXPECT_LE(epochs, 12);
  EXPECT_GT(epochs, 1);
  EXPECT_EQ(IdOf(process), "43.0");
}

TEST_F(OtherHierarchiesTest, TheLastTimeOfAProcessIsItsStepsToo) {
  MakeJob("freezer"), Place(std::string(kJob) + "/step_0");
  EXPECT_EQ(IdOf(process), "42.0");
  tree.Remove("proc/7");
  EXPECT_EQ(IdInNextEpoch(), "42.0");
}

TEST_F(OtherHierarchiesTest, AProcessThatHasAPidAgainIsAnother) {
  MakeJob("freezer"), Place(std::string(kJob) + "/step_0");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(IdInNextEpoch(), "42.0");
  Place("/");
  EXPECT_EQ(IdOf({process.pid, 200}), "-");
}

}  // namespace
}  // namespace brahe::workload
