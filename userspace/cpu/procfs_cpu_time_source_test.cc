#include "userspace/cpu/procfs_cpu_time_source.h"

#include <dirent.h>
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "userspace/base/fake_clock.h"
#include "userspace/cpu/fake_proc.h"

// A listing that ends at once, which no tree of files can make one do, while this is set.
static bool listing_is_empty = false;

extern "C" dirent* readdir(DIR* folder) {
  static const auto next = reinterpret_cast<dirent* (*)(DIR*)>(dlsym(RTLD_NEXT, "readdir"));
  return listing_is_empty ? nullptr : next(folder);
}

// And so many times nothing can be read.
static int failing_reads = 0;

extern "C" ssize_t read(int fd, void* to, size_t bytes) {
  static const auto next = reinterpret_cast<ssize_t (*)(int, void*, size_t)>(dlsym(RTLD_NEXT, "read"));
  if (failing_reads == 0) return next(fd, to, bytes);
  --failing_reads;
  errno = ENOMEM;
  return -1;
}

namespace brahe::cpu {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Nanoseconds kTick = Milliseconds(10);

// CPU 0 is socket 0 and CPU 1 is socket 1. Each epoch lasts 1 s.
class ProcfsCpuTimeSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    if (sysconf(_SC_CLK_TCK) != 100) GTEST_SKIP() << "the trees are written for 100 ticks a second";
  }
  void Start(std::optional<CgroupHierarchy> hierarchy = std::nullopt) {
    auto made = MakeProcfsCpuTimeSource({proc_.tree().path(), {{0, 1}}, std::move(hierarchy)}, clock_);
    ASSERT_TRUE(made) << made.error().message;
    source_ = *std::move(made);
  }
  // Lets a second pass on the clock and in PROCFS/uptime.
  void Pass() {
    clock_.Advance(Seconds(1));
    uptime_ += 100;
    proc_.SetUptime(uptime_);
  }
  CpuTimeEpoch NextEpoch() {
    Pass();
    const auto cut = source_->Cut();
    EXPECT_TRUE(cut) << cut.error().message;
    auto epoch = source_->Collect();
    EXPECT_TRUE(epoch) << epoch.error().message;
    return *std::move(epoch);
  }
  // The time that each process was charged, in ticks.
  static std::map<uint32_t, uint64_t> Charged(const CpuTimeEpoch& epoch) {
    std::map<uint32_t, uint64_t> charged;
    for (const TaskTime& task : epoch.tasks) charged[task.process.pid] += task.time.value / kTick.value;
    return charged;
  }
  using Charges = std::map<uint32_t, uint64_t>;

  FakeProc proc_;
  FakeClock clock_;
  std::unique_ptr<CpuTimeSource> source_;
  uint64_t uptime_ = 1000;
};

TEST_F(ProcfsCpuTimeSourceTest, ChargesDifferencesAndNeverWhatWasBefore) {
  proc_.Set({.pid = 7, .start = 500, .used = 100'000});
  const Nanoseconds begin = clock_.Now();
  Start();
  CpuTimeEpoch epoch = NextEpoch();
  EXPECT_EQ(epoch.begin, begin);
  EXPECT_EQ(epoch.end, begin + Seconds(1));
  EXPECT_THAT(epoch.tasks, IsEmpty());

  proc_.Set({.pid = 7, .start = 500, .used = 100'030});
  epoch = NextEpoch();
  ASSERT_EQ(epoch.tasks.size(), 1U);
  EXPECT_EQ(epoch.tasks[0].process, (ProcessKey{7, Seconds(5).value}));
  EXPECT_EQ(epoch.tasks[0].time, kTick * 30);
  EXPECT_EQ(epoch.tasks[0].cgroup_id, 0U);
}

TEST_F(ProcfsCpuTimeSourceTest, ANewbornIsChargedInFullFromTheTickOfTheLastLookOn) {
  Start();  // at 1000 ticks
  proc_.Set({.pid = 1, .start = 1050, .used = 11});
  proc_.Set({.pid = 2, .start = 999, .used = 12});
  proc_.Set({.pid = 3, .start = 998, .used = 13});
  EXPECT_EQ(Charged(NextEpoch()), (Charges{{1, 11}, {2, 12}}));
}

TEST_F(ProcfsCpuTimeSourceTest, ANewbornIsOneForOneLookOnly) {
  Start();
  proc_.SetGarbage(7);
  NextEpoch();  // at 1100 ticks
  proc_.Set({.pid = 7, .start = 1050, .used = 11});
  proc_.Set({.pid = 8, .start = 1100, .used = 12});
  EXPECT_EQ(Charged(NextEpoch()), (Charges{{8, 12}}));
}

TEST_F(ProcfsCpuTimeSourceTest, AnOldProcessThatWasNotToBeSeenIsOnlyNoted) {
  proc_.SetGarbage(7);
  Start();
  proc_.Set({.pid = 7, .start = 500, .used = 100'000});
  EXPECT_THAT(NextEpoch().tasks, IsEmpty());
  proc_.Set({.pid = 7, .start = 500, .used = 100'001});
  EXPECT_EQ(Charged(NextEpoch()), (Charges{{7, 1}}));
}

TEST_F(ProcfsCpuTimeSourceTest, TimeThatFellIsNotChargedTwice) {
  proc_.Set({.pid = 7, .start = 500, .used = 100});
  Start();
  proc_.Set({.pid = 7, .start = 500, .used = 99});
  EXPECT_THAT(NextEpoch().tasks, IsEmpty());
  proc_.Set({.pid = 7, .start = 500, .used = 102});
  EXPECT_EQ(Charged(NextEpoch()), (Charges{{7, 2}}));
}

TEST_F(ProcfsCpuTimeSourceTest, AGarbledSumIsNeitherChargedNorRemembered) {
  proc_.Set({.pid = 7, .start = 500, .used = 100});
  Start();
  proc_.Set({.pid = 7, .start = 500, .used = UINT64_MAX});
  EXPECT_THAT(NextEpoch().tasks, IsEmpty());
  proc_.Set({.pid = 7, .start = 500, .used = 102});
  EXPECT_EQ(Charged(NextEpoch()), (Charges{{7, 2}}));
}

TEST_F(ProcfsCpuTimeSourceTest, AProcessThatCannotBeReadForAWhileHasNotEndedAndIsChargedLater) {
  proc_.Set({.pid = 7, .start = 500, .used = 100});
  Start();
  proc_.SetGarbage(7);
  EXPECT_THAT(NextEpoch().ended, IsEmpty());
  proc_.tree().Remove("7/stat");
  EXPECT_THAT(NextEpoch().ended, IsEmpty());
  proc_.Set({.pid = 7, .start = 500, .used = 150});
  const CpuTimeEpoch epoch = NextEpoch();
  EXPECT_THAT(epoch.ended, IsEmpty());
  EXPECT_EQ(Charged(epoch), (Charges{{7, 50}}));
}

TEST_F(ProcfsCpuTimeSourceTest, AProcessEndsWhenItsPidIsGone) {
  proc_.Set({.pid = 7, .start = 500, .used = 100});
  Start();
  proc_.End(7);
  EXPECT_THAT(NextEpoch().ended, ElementsAre(ProcessKey{7, Seconds(5).value}));
  EXPECT_THAT(NextEpoch().ended, IsEmpty());
}

TEST_F(ProcfsCpuTimeSourceTest, APidThatIsUsedAgainIsAnotherProcess) {
  proc_.Set({.pid = 7, .start = 500, .used = 100, .comm = "old"});
  Start();
  proc_.Set({.pid = 7, .start = 1020, .used = 3, .comm = "new"});
  const CpuTimeEpoch epoch = NextEpoch();
  EXPECT_THAT(epoch.ended, ElementsAre(ProcessKey{7, Seconds(5).value}));
  ASSERT_EQ(epoch.tasks.size(), 1U);
  EXPECT_EQ(epoch.tasks[0].process, (ProcessKey{7, Milliseconds(10'200).value}));
  EXPECT_EQ(epoch.tasks[0].time, kTick * 3);
  ASSERT_EQ(epoch.names.size(), 1U);
  EXPECT_EQ(epoch.names[0].comm, "new");
}

TEST_F(ProcfsCpuTimeSourceTest, TimeIsOnTheSocketWhereTheProcessIsFound) {
  proc_.Set({.pid = 7, .start = 500, .cpu = 0});
  Start();
  proc_.Set({.pid = 7, .start = 500, .used = 5, .cpu = 1});
  EXPECT_EQ(NextEpoch().tasks.at(0).socket, 1U);
}

TEST_F(ProcfsCpuTimeSourceTest, ANameIsToldAtTheFirstTimeAndWhenItChanges) {
  proc_.Set({.pid = 7, .start = 500, .comm = "sh"});
  Start();
  EXPECT_THAT(NextEpoch().names, IsEmpty());
  std::vector<std::string> names;
  uint64_t used = 0;
  for (const char* comm : {"sh", "sh", ") R 1\n(", ") R 1\n("}) {
    proc_.Set({.pid = 7, .start = 500, .used = ++used, .comm = comm});
    for (const ProcessName& name : NextEpoch().names) names.push_back(name.comm + name.exec_path);
  }
  EXPECT_THAT(names, ElementsAre("sh", ") R 1\n("));
}

TEST_F(ProcfsCpuTimeSourceTest, BusyTimeThatNobodyHasIsUnassigned) {
  proc_.SetIdle(1, 0);
  proc_.Set({.pid = 7, .start = 500});
  Start();
  proc_.SetIdle(0, 30, 10);
  proc_.SetIdle(1, 100);
  proc_.Set({.pid = 7, .start = 500, .used = 25});
  const CpuTimeEpoch epoch = NextEpoch();
  ASSERT_EQ(epoch.sockets.size(), 2U);
  EXPECT_EQ(epoch.sockets[0].capacity, Seconds(1));
  EXPECT_EQ(epoch.sockets[0].idle, kTick * 40);
  EXPECT_EQ(epoch.sockets[1].socket, 1U);
  EXPECT_EQ(epoch.sockets[1].idle, Seconds(1));
  ASSERT_EQ(epoch.unassigned.size(), 1U);
  EXPECT_EQ(epoch.unassigned[0].cgroup_id, 0U);
  EXPECT_EQ(epoch.unassigned[0].socket, 0U);
  EXPECT_EQ(epoch.unassigned[0].time, kTick * 35);
}

TEST_F(ProcfsCpuTimeSourceTest, IdleMakesRoomForTasksAndThenCapacityDoes) {
  proc_.Set({.pid = 7, .start = 500});
  Start();
  proc_.SetIdle(0, 50);
  proc_.Set({.pid = 7, .start = 500, .used = 60});
  CpuTimeEpoch epoch = NextEpoch();
  EXPECT_EQ(epoch.sockets.at(0).capacity, Seconds(1));
  EXPECT_EQ(epoch.sockets.at(0).idle, kTick * 40);
  EXPECT_THAT(epoch.unassigned, IsEmpty());

  proc_.SetIdle(0, 100);
  proc_.Set({.pid = 7, .start = 500, .used = 160 + 3});
  epoch = NextEpoch();
  EXPECT_EQ(epoch.sockets.at(0).capacity, kTick * 103);
  EXPECT_EQ(epoch.sockets.at(0).idle, Nanoseconds{0});
  EXPECT_THAT(epoch.unassigned, IsEmpty());
}

TEST_F(ProcfsCpuTimeSourceTest, IdleTimeThatFallsCountsAsNoneAndNoneExceedsTheEpoch) {
  proc_.SetIdle(0, 500, 100);
  Start();
  proc_.SetIdle(0, 520, 40);
  EXPECT_EQ(NextEpoch().sockets.at(0).idle, kTick * 20);
  proc_.SetIdle(0, 100, 45);
  EXPECT_EQ(NextEpoch().sockets.at(0).idle, kTick * 5);
  proc_.SetIdle(0, UINT64_MAX, UINT64_MAX);
  EXPECT_EQ(NextEpoch().sockets.at(0).idle, Seconds(1));
}

TEST_F(ProcfsCpuTimeSourceTest, ACpuCountsWhenItIsOnlineAtBothEnds) {
  Start();
  proc_.SetIdle(0, 100);
  proc_.SetIdle(1, 5000);
  CpuTimeEpoch epoch = NextEpoch();
  ASSERT_EQ(epoch.sockets.size(), 1U);
  EXPECT_EQ(epoch.sockets[0].socket, 0U);
  proc_.SetIdle(0, 200);
  proc_.SetIdle(1, 5100);
  EXPECT_EQ(NextEpoch().sockets.size(), 2U);
  proc_.TakeOffline(1);
  EXPECT_EQ(NextEpoch().sockets.size(), 1U);
}

TEST_F(ProcfsCpuTimeSourceTest, TasksOnACpuThatDoesNotCountRaiseItsSocketsCapacity) {
  proc_.Set({.pid = 7, .start = 500});
  Start();
  proc_.Set({.pid = 7, .start = 500, .used = 5, .cpu = 1});
  proc_.SetIdle(0, 100);
  const CpuTimeEpoch epoch = NextEpoch();
  ASSERT_EQ(epoch.sockets.size(), 2U);
  EXPECT_EQ(epoch.sockets[1].socket, 1U);
  EXPECT_EQ(epoch.sockets[1].capacity, kTick * 5);
  EXPECT_EQ(epoch.sockets[1].idle, Nanoseconds{0});
}

TEST_F(ProcfsCpuTimeSourceTest, AFailedCutLosesNothing) {
  proc_.Set({.pid = 7, .start = 500});
  const Nanoseconds begin = clock_.Now();
  Start();
  proc_.Set({.pid = 7, .start = 500, .used = 10});
  proc_.tree().Remove("stat");
  Pass();
  const auto cut = source_->Cut();
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().message, "open " + proc_.tree().At("stat") + ": No such file or directory");
  EXPECT_FALSE(source_->Collect());

  proc_.Set({.pid = 8, .start = 1010, .used = 4});  // born after the look that counted, before the failed one
  proc_.SetIdle(0, 150);
  const CpuTimeEpoch epoch = NextEpoch();
  EXPECT_EQ(epoch.begin, begin);
  EXPECT_EQ(epoch.end, begin + Seconds(2));
  EXPECT_EQ(Charged(epoch), (Charges{{7, 10}, {8, 4}}));
  EXPECT_EQ(epoch.sockets.at(0).capacity, Seconds(2));
  EXPECT_EQ(epoch.sockets.at(0).idle, kTick * 150);
}

TEST_F(ProcfsCpuTimeSourceTest, ACutThatWasNotCollectedIsPartOfTheNext) {
  proc_.Set({.pid = 7, .start = 500});
  Start();
  proc_.Set({.pid = 7, .start = 500, .used = 10});
  Pass();
  ASSERT_TRUE(source_->Cut());
  proc_.Set({.pid = 7, .start = 500, .used = 15});
  const CpuTimeEpoch epoch = NextEpoch();
  EXPECT_EQ(epoch.end - epoch.begin, Seconds(2));
  EXPECT_EQ(Charged(epoch), (Charges{{7, 15}}));
  EXPECT_FALSE(source_->Collect());
}

TEST_F(ProcfsCpuTimeSourceTest, ANewbornThatCannotBeReadOnceIsChargedInFull) {
  Start();
  proc_.Set({.pid = 7, .start = 1050, .used = 10});
  failing_reads = 1;
  EXPECT_EQ(Charged(NextEpoch()), (Charges{{7, 10}}));
  EXPECT_EQ(failing_reads, 0);
}

TEST_F(ProcfsCpuTimeSourceTest, AListingThatEndsEarlyIsAFailedCutInWhichNobodyHasEnded) {
  proc_.Set({.pid = 7, .start = 500, .used = 100});
  Start();
  proc_.Set({.pid = 7, .start = 500, .used = 110});
  proc_.Set({.pid = 8, .start = 1010, .used = 4});  // born before it
  Pass();
  listing_is_empty = true;
  const auto cut = source_->Cut();
  listing_is_empty = false;
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().message, "list " + proc_.tree().path() + ": processes are missing in it");
  const CpuTimeEpoch epoch = NextEpoch();
  EXPECT_THAT(epoch.ended, IsEmpty());
  EXPECT_EQ(Charged(epoch), (Charges{{7, 10}, {8, 4}}));
}

TEST_F(ProcfsCpuTimeSourceTest, WhereListingsStayIncompleteEpochsGoOnAndNobodyEndsWhoIsThere) {
  proc_.Set({.pid = 7, .start = 500, .used = 100});
  Start();
  Pass();
  listing_is_empty = true;
  EXPECT_FALSE(source_->Cut());
  for (int epoch = 0; epoch < 3; ++epoch) EXPECT_THAT(NextEpoch().ended, IsEmpty());
  proc_.Set({.pid = 7, .start = 1200});  // another
  EXPECT_THAT(NextEpoch().ended, ElementsAre(ProcessKey{7, Seconds(5).value}));
  listing_is_empty = false;
  proc_.Set({.pid = 7, .start = 1200, .used = 5});
  EXPECT_THAT(NextEpoch().ended, IsEmpty());
}

TEST_F(ProcfsCpuTimeSourceTest, FilesThatMakeNoSenseAreErrorsThatNameThem) {
  const auto fault = [&](const std::string& root) {
    return MakeProcfsCpuTimeSource({root, {}, std::nullopt}, clock_).error().message;
  };
  proc_.tree().Write("stat", "garbage\n");
  EXPECT_EQ(fault(proc_.tree().path()), "read " + proc_.tree().At("stat") + ": no line of a CPU in it");
  proc_.tree().Write("stat", "cpu  0 0 0 5 0\ncpu0 0 0 0 5 0\ncpu1 0 0 0 5");  // is cut off
  EXPECT_EQ(fault(proc_.tree().path()), "read " + proc_.tree().At("stat") + ": no line of a CPU in it");
  proc_.tree().Write("uptime", "long\n");
  EXPECT_EQ(fault(proc_.tree().path()), "read " + proc_.tree().At("uptime") + ": not an uptime");
  EXPECT_EQ(fault("/nowhere"), "open /nowhere: No such file or directory");
}

class ProcfsCgroupsTest : public ProcfsCpuTimeSourceTest {
 protected:
  uint64_t InodeOf(const std::string& path) const {
    struct stat status = {};
    EXPECT_EQ(stat(cgroups_.At(path).c_str(), &status), 0) << path;
    return status.st_ino;
  }
  // Lets process 7 use a tick.
  CpuTimeEpoch EpochWithATick(char state = 'S') {
    proc_.Set({.pid = 7, .start = 500, .used = ++used_, .state = state});
    return NextEpoch();
  }
  CgroupHierarchy V2() const { return {true, cgroups_.path(), "", "/"}; }
  CgroupHierarchy V1() const { return {false, cgroups_.path(), "cpuacct", "/"}; }

  TempTree cgroups_;
  uint64_t used_ = 0;
};

TEST_F(ProcfsCgroupsTest, TimeIsInTheCgroupWhereTheProcessIsFoundEachTime) {
  cgroups_.MakeFolder("a");
  cgroups_.MakeFolder("b");
  proc_.Set({.pid = 7, .start = 500});
  Start(V2());
  proc_.SetCgroup(7, "0::/a\n");
  CpuTimeEpoch epoch = EpochWithATick();
  EXPECT_EQ(epoch.tasks.at(0).cgroup_id, InodeOf("a"));
  ASSERT_EQ(epoch.cgroups.size(), 1U);
  EXPECT_EQ(epoch.cgroups[0].path, "/a");
  EXPECT_EQ(epoch.cgroups[0].cgroup_id, InodeOf("a"));
  proc_.SetCgroup(7, "0::/b\n");
  epoch = EpochWithATick();
  EXPECT_EQ(epoch.tasks.at(0).cgroup_id, InodeOf("b"));
  EXPECT_EQ(epoch.cgroups.size(), 1U);
  proc_.SetCgroup(7, "0::/a\n");
  EXPECT_THAT(EpochWithATick().cgroups, IsEmpty());
}

TEST_F(ProcfsCgroupsTest, ACgroupThatWasMadeAnewIsAnother) {
  cgroups_.MakeFolder("a");
  proc_.Set({.pid = 7, .start = 500});
  proc_.SetCgroup(7, "0::/a\n");
  Start(V2());
  const uint64_t before = EpochWithATick().tasks.at(0).cgroup_id;
  cgroups_.MakeFolder("new");  // so that the inode is not the same
  cgroups_.Remove("a");
  EXPECT_EQ(EpochWithATick().tasks.at(0).cgroup_id, before) << "removed: keeps its id";
  ASSERT_EQ(rename(cgroups_.At("new").c_str(), cgroups_.At("a").c_str()), 0);
  const CpuTimeEpoch epoch = EpochWithATick();
  EXPECT_EQ(epoch.tasks.at(0).cgroup_id, InodeOf("a"));
  EXPECT_NE(epoch.tasks.at(0).cgroup_id, before);
  EXPECT_EQ(epoch.cgroups.size(), 1U);
}

TEST_F(ProcfsCgroupsTest, ACgroupWithoutAFolderHasAStableNumberOfItsOwn) {
  proc_.Set({.pid = 7, .start = 500});
  proc_.SetCgroup(7, "2:cpu,cpuacct:/gone\n0::/\n");
  Start(V1());
  const CpuTimeEpoch epoch = EpochWithATick();
  const uint64_t id = epoch.tasks.at(0).cgroup_id;
  EXPECT_EQ(id >> 63, 1U);
  EXPECT_EQ(epoch.cgroups.at(0).path, "/gone");
  EXPECT_EQ(EpochWithATick().tasks.at(0).cgroup_id, id);
  proc_.SetCgroup(7, "2:cpu,cpuacct:/gone2\n");
  EXPECT_NE(EpochWithATick().tasks.at(0).cgroup_id, id);
}

TEST_F(ProcfsCgroupsTest, WhoCannotBeAskedAnyMoreStaysWhereItWas) {
  cgroups_.MakeFolder("a");
  proc_.Set({.pid = 7, .start = 500});
  proc_.SetCgroup(7, "2:cpuacct:/a\n");
  Start(V1());
  EXPECT_EQ(EpochWithATick().tasks.at(0).cgroup_id, InodeOf("a"));
  proc_.SetCgroup(7, "2:cpuacct:/\n");
  EXPECT_EQ(EpochWithATick('Z').tasks.at(0).cgroup_id, InodeOf("a"));
  proc_.tree().Remove("7/cgroup");
  EXPECT_EQ(EpochWithATick().tasks.at(0).cgroup_id, InodeOf("a"));
}

TEST_F(ProcfsCgroupsTest, ACgroupThatCannotBeReadOnceIsTheOneWhereTheTimeIs) {
  cgroups_.MakeFolder("a");
  proc_.Set({.pid = 7, .start = 500});
  proc_.SetCgroup(7, "2:cpuacct:/a\n");
  Start(V1());
  proc_.Set({.pid = 7, .start = 500, .used = 1});
  Pass();
  ASSERT_TRUE(source_->Cut());
  failing_reads = 1;
  EXPECT_EQ(source_->Collect()->tasks.at(0).cgroup_id, InodeOf("a"));
  EXPECT_EQ(failing_reads, 0);
}

TEST_F(ProcfsCgroupsTest, APathIsToldAgainAfterItWasLongUnused) {
  proc_.Set({.pid = 7, .start = 500});
  proc_.SetCgroup(7, "0::/a\n");
  Start(V2());
  EXPECT_EQ(EpochWithATick().cgroups.size(), 1U);
  EXPECT_EQ(EpochWithATick().cgroups.size(), 0U);
  for (int i = 0; i < 40; ++i) NextEpoch();
  EXPECT_EQ(EpochWithATick().cgroups.size(), 1U);
}

}  // namespace
}  // namespace brahe::cpu
