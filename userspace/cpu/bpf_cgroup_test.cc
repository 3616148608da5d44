// The time of cgroups, live on the kernel that this test runs on. Needs root.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "userspace/base/file.h"
#include "userspace/cpu/bpf_source_fixture.h"
#include "userspace/cpu/child_process.h"

namespace brahe::cpu {
namespace {

using BpfCgroupTest = BpfSourceTest;

// A folder in a cgroup hierarchy, removed at the end.
class TestCgroup {
 public:
  TestCgroup(const std::string& hierarchy, const std::string& name)
      : path_(hierarchy + "/brahe-test-" + std::to_string(getpid()) + "-" + name) {
    made_ = mkdir(path_.c_str(), 0755) == 0;
  }
  TestCgroup(const TestCgroup&) = delete;
  TestCgroup& operator=(const TestCgroup&) = delete;
  ~TestCgroup() {
    for (int attempt = 0; made_ && rmdir(path_.c_str()) != 0 && attempt < 100; ++attempt) usleep(10'000);
  }
  [[nodiscard]] bool made() const { return made_; }
  [[nodiscard]] uint64_t id() const {
    struct stat folder;
    return stat(path_.c_str(), &folder) == 0 ? folder.st_ino : 0;
  }
  // Moves a process in.
  void Take(pid_t pid) const { std::ofstream(path_ + "/cgroup.procs") << pid; }
  // The kernel's own account of the CPU time used in it.
  [[nodiscard]] Nanoseconds Used() const {
    if (const auto usage = ReadFile(path_ + "/cpuacct.usage")) return {*ParseUint64(*usage)};
    std::ifstream stat(path_ + "/cpu.stat");
    std::string word;
    uint64_t usec = 0;
    stat >> word >> usec;
    return {usec * 1000};
  }

 private:
  std::string path_;
  bool made_ = false;
};

std::map<uint64_t, Nanoseconds> TimeByCgroup(const std::vector<CpuTimeEpoch>& epochs, pid_t pid) {
  std::map<uint64_t, Nanoseconds> used;
  for (const CpuTimeEpoch& epoch : epochs) {
    for (const TaskTime& task : epoch.tasks) {
      if (task.process.pid == static_cast<uint32_t>(pid)) used[task.cgroup_id] += task.time;
    }
  }
  return used;
}

// The kernel's own accounts are exact to a tick for each move.
void ExpectWhatTheKernelSays(const TestCgroup& cgroup, std::map<uint64_t, Nanoseconds> used) {
  EXPECT_NEAR(Seconds(used[cgroup.id()]), Seconds(cgroup.Used()), Tolerance(0.015));
}

// Runs a process half its life in one cgroup and half in another, and compares with the kernel's accounts of both.
void ExpectAMoveIsSplit(const std::string& mount_point, const std::function<CpuTimeEpoch()>& next_epoch) {
  const TestCgroup first(mount_point, "a");
  const TestCgroup second(mount_point, "b");
  if (!first.made() || !second.made()) GTEST_SKIP() << "no cgroups can be made in " << mount_point;
  next_epoch();
  ChildProcess child([&] {
    first.Take(getpid());
    Burn(Milliseconds(200));
    second.Take(getpid());
    Burn(Milliseconds(400));
  });
  child.Wait();
  const auto used = TimeByCgroup({next_epoch()}, child.pid());
  ExpectWhatTheKernelSays(first, used);
  ExpectWhatTheKernelSays(second, used);
}

TEST_F(BpfCgroupTest, SplitsAProcessThatMovesToAnotherCgroup) {
  const BpfSourceOptions options = Options();
  Start(options);
  CompareWithTheKernel([&] { ExpectAMoveIsSplit(options.program.hierarchy.mount_point, [&] { return NextEpoch(); }); });
}

TEST_F(BpfCgroupTest, SplitsAMoveInTheUnifiedHierarchyToo) {
  const std::string unified = access("/sys/fs/cgroup/unified", F_OK) == 0 ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup";
  BpfSourceOptions options = Options();
  options.program.hierarchy = {.v2 = true, .mount_point = unified, .controller = ""};
  Start(options);
  CompareWithTheKernel([&] { ExpectAMoveIsSplit(unified, [&] { return NextEpoch(); }); });
}

TEST_F(BpfCgroupTest, SplitsTheSliceOfATaskThatIsMovedWhileItRuns) {
  BpfSourceOptions options = Options();
  Start(options);
  CompareWithTheKernel([&] {
    const std::string& mount_point = options.program.hierarchy.mount_point;
    const TestCgroup first(mount_point, "a"), second(mount_point, "b");
    if (!first.made() || !second.made()) GTEST_SKIP() << "no cgroups can be made in " << mount_point;
    ChildProcess burner([] {
      // So that it does not switch. The kernel takes a CPU from a real-time task after 0.95 s only.
      const sched_param priority = {.sched_priority = 1};
      if (sched_setscheduler(0, SCHED_FIFO, &priority) != 0) _exit(1);
      while (true) {
      }
    });
    first.Take(burner.pid());
    NextEpoch();
    // Each epoch has a move in its middle, and the one after it none.
    std::vector<CpuTimeEpoch> epochs;
    for (const TestCgroup* cgroup : {&second, &first, &second}) {
      usleep(60'000);
      cgroup->Take(burner.pid());
      usleep(60'000);
      epochs.push_back(NextEpoch());
      usleep(60'000);
      epochs.push_back(NextEpoch());
    }
    burner.Kill();
    epochs.push_back(NextEpoch());
    const auto used = TimeByCgroup(epochs, burner.pid());
    ExpectWhatTheKernelSays(first, used);
    ExpectWhatTheKernelSays(second, used);
  });
}

// Many moves of one task between two switches, across cuts, while others are moved even more often.
TEST_F(BpfCgroupTest, HoldsEachCgroupsTimeThroughThousandsOfMoves) {
  BpfSourceOptions options = Options();
  Start(options);
  CompareWithTheKernel([&] {
    const std::string& mount_point = options.program.hierarchy.mount_point;
    const TestCgroup cgroups[] = {{mount_point, "a"}, {mount_point, "b"}};
    const TestCgroup others[] = {{mount_point, "c"}, {mount_point, "d"}};
    if (!cgroups[0].made() || !others[1].made()) GTEST_SKIP() << "no cgroups can be made in " << mount_point;
    ChildProcess burner([] {
      // So that it does not switch. The kernel takes a CPU from a real-time task after 0.95 s only.
      const sched_param priority = {.sched_priority = 1};
      if (sched_setscheduler(0, SCHED_FIFO, &priority) != 0) _exit(1);
      while (true) {
      }
    });
    ChildProcess sleeper([] { pause(); });
    cgroups[0].Take(burner.pid());
    usleep(10'000);
    std::map<uint64_t, Nanoseconds> expected;
    std::vector<CpuTimeEpoch> epochs;
    size_t moves = 0, parts = 0;
    const Nanoseconds begin = NextEpoch().end;
    Nanoseconds since = begin;
    Nanoseconds unsure = {};  // for how long it is not known here which of the two it was
    Nanoseconds next_cut = begin + Milliseconds(25);
    while (since - begin < Milliseconds(600)) {
      const Nanoseconds until = since + Milliseconds(3 + parts * 7 % 17);
      for (; SystemClock().Now() < until; ++moves) {
        others[moves % 2].Take(sleeper.pid());
        usleep(20);  // an epoch sees all of its moves if they are fewer than MOVES_KEPT
      }
      if (SystemClock().Now() >= next_cut) {
        epochs.push_back(NextEpoch());
        next_cut = SystemClock().Now() + Milliseconds(25);
      }
      const Nanoseconds before = SystemClock().Now();
      cgroups[(parts + 1) % 2].Take(burner.pid());
      const Nanoseconds now = SystemClock().Now();
      unsure += now - before;
      expected[cgroups[parts++ % 2].id()] += now - since;
      since = now;
    }
    epochs.push_back(NextEpoch());
    auto used = TimeByCgroup(epochs, burner.pid());
    expected[cgroups[parts % 2].id()] += epochs.back().end - since;
    burner.Kill();
    EXPECT_GT(moves, IsEmulated() ? 50U : 1000U);
    for (const TestCgroup& cgroup : cgroups) {
      EXPECT_NEAR(Seconds(used[cgroup.id()]), Seconds(expected[cgroup.id()]), Tolerance(0.01) + Seconds(unsure));
    }
    EXPECT_LT(Seconds(unsure), IsEmulated() ? 0.5 : 0.1) << "too slow to tell";
  });
}

TEST_F(BpfCgroupTest, GivesBackTheRecordsOfCgroupsThatAreGone) {
  BpfSourceOptions options = Options();
  Start(options);
  const std::string& mount_point = options.program.hierarchy.mount_point;
  const TestCgroup last(mount_point, "last");  // outlives who is in it
  if (!last.made()) GTEST_SKIP() << "no cgroups can be made in " << mount_point;
  ChildProcess wanderer([] {
    while (true) {
      Burn(Nanoseconds{50'000});
      usleep(50);
    }
  });
  constexpr size_t kCgroups = 300;
  for (size_t i = 0; i < kCgroups; ++i) {
    const TestCgroup cgroup(mount_point, std::to_string(i));
    cgroup.Take(wanderer.pid());
    usleep(2'000);
    last.Take(wanderer.pid());
  }
  NextEpoch();
  const size_t most = source_->Stats().map_entries;
  EXPECT_GT(most, kCgroups / 2);
  for (int i = 0; i < 6; ++i) NextEpoch();
  EXPECT_LT(source_->Stats().map_entries, kCgroups / 4);
}

TEST_F(BpfCgroupTest, TellsThePathOfACgroupThatIsMade) {
  BpfSourceOptions options = Options();
  Start(options);
  const TestCgroup cgroup(options.program.hierarchy.mount_point, "short-lived");
  if (!cgroup.made()) GTEST_SKIP() << "no cgroups can be made in " << options.program.hierarchy.mount_point;
  std::string path;
  for (const CgroupPath& made : NextEpoch().cgroups) {
    if (made.cgroup_id == cgroup.id()) path = made.path;
  }
  EXPECT_TRUE(path.starts_with('/') && path.ends_with("short-lived")) << path;
}

}  // namespace
}  // namespace brahe::cpu
