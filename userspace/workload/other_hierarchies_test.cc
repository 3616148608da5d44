#include "userspace/workload/other_hierarchies.h"

#include <gtest/gtest.h>

#include "userspace/base/temp_tree.h"

namespace brahe {
namespace {

class OtherHierarchiesTest : public testing::Test {
 protected:
  void Place(const std::string& job) const {
    proc.Write("7/cgroup", "9:freezer:" + job + "\n4:cpu,cpuacct:/system.slice/slurmd.service\n1:name=systemd:/\n");
  }
  // The id of the container of process 7, "-" if it is in none.
  std::string IdOf(const ProcessKey& process) {
    const Container* container = hierarchies.ContainerOf(process);
    return container == nullptr ? "-" : container->id;
  }
  void EndEpochs(int count) {
    for (int i = 0; i < count; ++i) hierarchies.EndEpoch();
  }

  TempTree proc;
  OtherHierarchies hierarchies{proc.path()};
  const ProcessKey process{7, 100};
};

TEST_F(OtherHierarchiesTest, AnyHierarchyTellsTheContainer) {
  Place("/slurm/uid_1000/job_42/step_0");
  EXPECT_EQ(IdOf(process), "42.0");
  EXPECT_EQ(IdOf({8, 100}), "-") << "there is no such process";
  EXPECT_EQ(IdOf({}), "-");
}

TEST_F(OtherHierarchiesTest, AMoveAtTheBeginningIsSeenAtOnceAndLaterOnesAfterAWhile) {
  Place("/");
  EXPECT_EQ(IdOf(process), "-");
  Place("/slurm/uid_1000/job_42/step_0");
  EXPECT_EQ(IdOf(process), "-") << "it is asked once in an epoch";
  EndEpochs(1);
  EXPECT_EQ(IdOf(process), "42.0");
  EndEpochs(1);
  EXPECT_EQ(IdOf(process), "42.0");
  Place("/slurm/uid_1000/job_43/step_0");
  EndEpochs(11);
  EXPECT_EQ(IdOf(process), "42.0");
  EndEpochs(1);
  EXPECT_EQ(IdOf(process), "43.0");
}

TEST_F(OtherHierarchiesTest, AProcessThatHasAPidAgainIsAnother) {
  Place("/slurm/uid_1000/job_42/step_0");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(IdOf(process), "42.0"), EndEpochs(1);
  Place("/");
  EXPECT_EQ(IdOf({process.pid, 200}), "-");
}

TEST_F(OtherHierarchiesTest, WithOneHierarchyNothingIsRead) {
  proc.Write("6/cgroup", "0::/user.slice\n");
  EXPECT_EQ(IdOf({6, 1}), "-");
  Place("/slurm/uid_1000/job_42/step_0");
  EXPECT_EQ(IdOf(process), "-");
  EndEpochs(64);
  EXPECT_EQ(IdOf(process), "42.0") << "hierarchies may be mounted later";
}

}  // namespace
}  // namespace brahe
