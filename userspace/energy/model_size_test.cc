#include "userspace/energy/model_size.h"

#include <gtest/gtest.h>

namespace brahe::energy {
namespace {

const ModelFigures& Skylake() { return *FindModelFigures("skylake-server"); }

double Ratio(Microwatts power, Microwatts to) {
  return static_cast<double>(power.value) / static_cast<double>(to.value);
}

TEST(ModelSizeTest, AMachineOfTheUsualSizeDrawsWhatItsGenerationDoes) {
  for (const ModelFigures& figures : AllModelFigures()) {
    if (!figures.usual) continue;
    const IdleAndMax watts = WattsOfSize(figures, *figures.usual);
    EXPECT_EQ(watts.idle, figures.idle) << figures.key;
    EXPECT_EQ(watts.max, figures.max) << figures.key;
  }
}

TEST(ModelSizeTest, FewerThreadsASocketDrawMoreEachIdleMoreThanBusy) {
  MachineSize size = *Skylake().usual;
  size.threads_per_socket /= 2;
  const IdleAndMax watts = WattsOfSize(Skylake(), size);
  EXPECT_GT(Ratio(watts.idle, Skylake().idle), Ratio(watts.max, Skylake().max));
  EXPECT_GT(Ratio(watts.max, Skylake().max), 1.1);
  EXPECT_LT(Ratio(watts.idle, Skylake().idle), 2) << "a socket with half the threads draws less";
}

TEST(ModelSizeTest, MoreMemoryAThreadAndASingleSocketDrawMore) {
  const MachineSize usual = *Skylake().usual;
  MachineSize more = usual, one = usual;
  more.mib_per_thread *= 4;
  one.one_socket = true;
  for (const MachineSize& size : {more, one}) {
    const IdleAndMax watts = WattsOfSize(Skylake(), size);
    EXPECT_GT(watts.idle, Skylake().idle) << Describe(size);
    EXPECT_GT(watts.max, Skylake().max) << Describe(size);
    EXPECT_LT(watts.idle, Skylake().idle * 2) << Describe(size);
  }
}

TEST(ModelSizeTest, ASizeFarFromAllPublishedOnesCountsAsOneNearer) {
  MachineSize far = *Skylake().usual, farther = far;
  far.mib_per_thread *= 8;
  farther.mib_per_thread *= 80;
  EXPECT_EQ(WattsOfSize(Skylake(), far).idle, WattsOfSize(Skylake(), farther).idle);
  EXPECT_GT(WattsOfSize(Skylake(), far).idle, Skylake().idle);
}

TEST(ModelSizeTest, ABusyThreadNeverDrawsLessThanAnIdleOne) {
  for (const ModelFigures& figures : AllModelFigures()) {
    const MachineSize size{.threads_per_socket = 1, .mib_per_thread = 1U << 20U, .one_socket = true};
    const IdleAndMax watts = WattsOfSize(figures, size);
    EXPECT_GE(watts.max, watts.idle) << figures.key;
  }
}

TEST(ModelSizeTest, WhereNoSizeIsUsualNoneCounts) {
  const ModelFigures& desktop = *FindModelFigures("skylake-client");
  const IdleAndMax watts = WattsOfSize(desktop, {.threads_per_socket = 2, .mib_per_thread = 9999, .one_socket = true});
  EXPECT_EQ(watts.idle, desktop.idle);
  EXPECT_EQ(watts.max, desktop.max);
}

}  // namespace
}  // namespace brahe::energy
