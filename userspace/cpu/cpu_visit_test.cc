// The visit of each CPU at the start, live on the kernel that this test runs on. Needs root.
#include "userspace/cpu/cpu_visit.h"

#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "bpf/cpu_time_records.h"
#include "userspace/base/clock.h"
#include "userspace/base/file.h"
#include "userspace/cpu/cgroup_hierarchy.h"
#include "userspace/cpu/child_process.h"
#include "userspace/cpu/real_time.h"
#include "userspace/cpu/topology.h"

namespace brahe::cpu {
namespace {

// The table of slots alone, with no program that would fill it.
class CpuVisitTest : public ::testing::Test {
 protected:
  void SetUp() override {
    bpf_map_create_opts mapped = {};
    mapped.sz = sizeof mapped;
    mapped.map_flags = BPF_F_MMAPABLE;
    slots_.Reset(bpf_map_create(BPF_MAP_TYPE_ARRAY, "cpu_slots", sizeof(uint32_t), sizeof(cpu_slot),
                                static_cast<uint32_t>(cpus_), &mapped));
    ASSERT_TRUE(slots_.valid()) << "make BPF map: " << strerror(errno);
  }

  [[nodiscard]] CpuVisitOptions Options() const {
    return {.cpu_slots_fd = slots_.get(), .cpus = cpus_, .cgroup_hierarchy = CGROUP_V2};
  }
  [[nodiscard]] cpu_slot Slot(uint32_t cpu) const {
    cpu_slot slot = {};
    EXPECT_EQ(bpf_map_lookup_elem(slots_.get(), &cpu, &slot), 0);
    return slot;
  }
  void Set(uint32_t cpu, const cpu_slot& slot) const {
    EXPECT_EQ(bpf_map_update_elem(slots_.get(), &cpu, &slot, BPF_ANY), 0);
  }

  const size_t cpus_ = ReadCpuTopology("/sys")->socket_of_cpu.size();
  const std::vector<uint32_t> online_ = *ReadOnlineCpus("/sys");
  UniqueFd slots_;
};

bool IsEmulated() { return getenv("BRAHE_EMULATED") != nullptr; }

// Keeps the test from waiting for the machine's other work, but not for a hog.
class BeforeOthers {
 public:
  BeforeOthers() { Set(SCHED_FIFO, 1); }
  BeforeOthers(const BeforeOthers&) = delete;
  BeforeOthers& operator=(const BeforeOthers&) = delete;
  ~BeforeOthers() { Set(SCHED_OTHER, 0); }

 private:
  static void Set(int policy, int priority) {
    const sched_param parameter = {.sched_priority = priority};
    EXPECT_EQ(sched_setscheduler(0, policy, &parameter), 0);
  }
};

TEST_F(CpuVisitTest, FindsTheTaskThatKeepsACpuToItselfAndDoesNotWaitForIt) {
  if (online_.size() < 2) GTEST_SKIP() << "one CPU, which a test cannot take over";
  // A machine of its own is slow, but there the task may keep its CPU for ever.
  std::optional<RealTimeUnbounded> unbounded;
  if (IsEmulated()) unbounded.emplace();
  const uint32_t cpu = online_.back();
  cpu_slot before = {};
  before.key.socket = 7;
  Set(cpu, before);
  ChildProcess hog = StartHog(cpu);
  const BeforeOthers of_the_other_cpus;
  const Nanoseconds begin = SystemClock().Now();
  const auto visited = VisitEveryCpu(Options());
  const Nanoseconds end = SystemClock().Now();
  const auto stat = ReadFile("/proc/" + std::to_string(hog.pid()) + "/stat");
  hog.Kill();
  EXPECT_TRUE(visited) << visited.error().message;
  // A promise, and the only way to see that nothing had to wait until the kernel stopped the task.
  EXPECT_LT(end - begin, IsEmulated() ? Seconds(20) : Milliseconds(400));
  RecordProperty("microseconds", static_cast<int>((end - begin).value / 1000));

  const cpu_slot slot = Slot(cpu);
  EXPECT_EQ(slot.pid, static_cast<uint32_t>(hog.pid()));
  EXPECT_EQ(slot.key.tgid, static_cast<uint32_t>(hog.pid()));
  EXPECT_EQ(slot.key.socket, 7U);
  EXPECT_EQ(slot.seq % 2, 0U);
  EXPECT_GT(slot.since, begin.value);
  EXPECT_LT(slot.since, end.value);
  std::string field22 = *stat;
  for (int field = 1; field < 22; ++field) field22.erase(0, field22.find(' ') + 1);
  const uint64_t ns_per_tick = 1'000'000'000 / static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  EXPECT_EQ(slot.key.start_ns / ns_per_tick, *ParseUint64(field22.substr(0, field22.find(' '))));
}

TEST_F(CpuVisitTest, FillsEveryEmptySlotAndLeavesTheOthersAlone) {
  cpu_slot before = {};
  before.since = 4711;
  before.key.tgid = 1;
  Set(online_.front(), before);
  const Nanoseconds begin = SystemClock().Now();
  const auto visited = VisitEveryCpu(Options());
  EXPECT_TRUE(visited) << visited.error().message;
  for (const uint32_t cpu : online_) {
    const cpu_slot slot = Slot(cpu);
    if (cpu == online_.front()) {
      EXPECT_EQ(slot.since, 4711U);
      EXPECT_EQ(slot.key.tgid, 1U);
    } else {
      EXPECT_GT(slot.since, begin.value) << cpu;
    }
  }
}

TEST_F(CpuVisitTest, LeavesOutCpusThatAreNotThere) {
  CpuVisitOptions options = Options();
  options.cpus = 10'000;
  const auto visited = VisitEveryCpu(options);
  EXPECT_TRUE(visited) << visited.error().message;
}

// The cgroup that a visit finds a child in that has moved to a new one of the hierarchy at `mount_point`; the folder's
// inode in `expected`.
uint64_t CgroupFoundIn(const std::string& mount_point, const CpuVisitOptions& options, uint64_t& expected) {
  const std::string folder = mount_point + "/brahe-test-" + std::to_string(getpid());
  struct stat made = {};
  if (mkdir(folder.c_str(), 0755) != 0 || stat(folder.c_str(), &made) != 0) throw std::runtime_error("no cgroup");
  expected = made.st_ino;
  ChildProcess child([&] {
    // The CPU that asks for its own visit is found to run who asks.
    std::ofstream(folder + "/cgroup.procs") << getpid();
    _exit(VisitEveryCpu(options) ? 0 : 1);
  });
  const auto pid = static_cast<uint32_t>(child.pid());
  child.Wait();
  for (int i = 0; i < 100 && rmdir(folder.c_str()) != 0; ++i) usleep(10'000);
  for (uint32_t cpu = 0; cpu < options.cpus; ++cpu) {
    cpu_slot slot = {};
    if (bpf_map_lookup_elem(options.cpu_slots_fd, &cpu, &slot) == 0 && slot.key.tgid == pid) return slot.key.cgroup_id;
  }
  return 0;
}

TEST_F(CpuVisitTest, KnowsTheCgroupOfAV1Hierarchy) {
  const CgroupHierarchy hierarchy = *FindCgroupHierarchy("/proc");
  if (hierarchy.v2) GTEST_SKIP() << "no cgroup v1 is mounted";
  CpuVisitOptions options = Options();
  options.cgroup_hierarchy = hierarchy.controller == "cpuacct" ? CGROUP_V1_CPUACCT : CGROUP_V1_CPU;
  uint64_t expected = 0;
  EXPECT_EQ(CgroupFoundIn(hierarchy.mount_point, options, expected), expected);
  EXPECT_GT(expected, 1U);
}

TEST_F(CpuVisitTest, KnowsTheCgroupOfTheUnifiedHierarchy) {
  const std::string unified = access("/sys/fs/cgroup/unified", F_OK) == 0 ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup";
  uint64_t expected = 0;
  EXPECT_EQ(CgroupFoundIn(unified, Options(), expected), expected);
  EXPECT_GT(expected, 1U);
}

}  // namespace
}  // namespace brahe::cpu
