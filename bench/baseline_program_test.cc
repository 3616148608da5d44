#include "bench/baseline_program.h"

#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <vector>

namespace brahe::bench {
namespace {

constexpr const char* kObject = "bench/baseline_test_program.bpf.o";

// As in baseline_test_program.bpf.c.
struct Told {
  uint64_t wide;
  uint32_t cgroup_hierarchy, cpu_count, neighbour, runs;
};

// The values of the map cpu_slots that the program has, by CPU.
std::vector<Told> ReadSlots(int program_fd) {
  std::vector<uint32_t> map_ids(8);
  bpf_prog_info program = {};
  program.nr_map_ids = static_cast<uint32_t>(map_ids.size());
  program.map_ids = reinterpret_cast<uint64_t>(map_ids.data());
  uint32_t size = sizeof program;
  if (bpf_obj_get_info_by_fd(program_fd, &program, &size) != 0) return {};
  map_ids.resize(program.nr_map_ids);
  std::vector<Told> slots;
  for (const uint32_t id : map_ids) {
    const int fd = bpf_map_get_fd_by_id(id);
    bpf_map_info map = {};
    size = sizeof map;
    if (bpf_obj_get_info_by_fd(fd, &map, &size) == 0 && strcmp(map.name, "cpu_slots") == 0) {
      slots.resize(map.max_entries);
      for (uint32_t cpu = 0; cpu < map.max_entries; ++cpu) bpf_map_lookup_elem(fd, &cpu, &slots[cpu]);
    }
    close(fd);
  }
  return slots;
}

// What the program was told, as the first CPU noted it that has switched. Runs 0: none did in ten seconds.
Told WaitForRun(int program_fd) {
  for (int attempt = 0; attempt < 1000; ++attempt) {
    for (const Told& slot : ReadSlots(program_fd)) {
      if (slot.runs != 0) return slot;
    }
    usleep(10'000);
  }
  return {};
}

TEST(BaselineProgram, RunsAtEverySwitchWithWhatItIsTold) {
  const size_t cpus = static_cast<size_t>(sysconf(_SC_NPROCESSORS_CONF)) + 3;
  const auto program = BaselineProgram::Load(kObject, CGROUP_V1_CPU, cpus);
  ASSERT_TRUE(program) << program.error().message;
  EXPECT_EQ(ReadSlots((*program)->fd()).size(), cpus);
  const Told told = WaitForRun((*program)->fd());
  EXPECT_GT(told.runs, 0U);
  EXPECT_EQ(told.cgroup_hierarchy, static_cast<uint32_t>(CGROUP_V1_CPU));
  EXPECT_EQ(told.cpu_count, cpus);
}

TEST(BaselineProgram, LeavesSettingsAloneThatItDoesNotKnow) {
  const auto program = BaselineProgram::Load(kObject, CGROUP_V1_CPUACCT, 1024);
  ASSERT_TRUE(program) << program.error().message;
  const Told told = WaitForRun((*program)->fd());
  EXPECT_GT(told.runs, 0U);
  EXPECT_EQ(told.wide, 5U);
  EXPECT_EQ(told.neighbour, 7U);
}

TEST(BaselineProgram, IsGoneAtTheEnd) {
  int kept = -1;
  {
    const auto program = BaselineProgram::Load(kObject, CGROUP_V2, 1024);
    ASSERT_TRUE(program) << program.error().message;
    WaitForRun((*program)->fd());
    kept = dup((*program)->fd());
  }
  usleep(100'000);  // a handler that runs right now may go on
  const auto runs = [&] {
    uint64_t sum = 0;
    for (const Told& slot : ReadSlots(kept)) sum += slot.runs;
    return sum;
  };
  const uint64_t before = runs();
  EXPECT_GT(before, 0U);
  usleep(100'000);
  EXPECT_EQ(runs(), before);
  close(kept);
}

TEST(BaselineProgram, AnObjectThatIsNotBrahesIsRefusedByName) {
  const auto program = BaselineProgram::Load("bench/switch_programs.bpf.o", CGROUP_V2, 2);
  ASSERT_FALSE(program);
  EXPECT_EQ(program.error().message,
            "BPF object bench/switch_programs.bpf.o: no map cpu_slots (take another revision)");
}

TEST(BaselineProgram, AnObjectThatIsNotThereIsAnError) {
  const auto program = BaselineProgram::Load("bench/no_such.bpf.o", CGROUP_V2, 2);
  ASSERT_FALSE(program);
  EXPECT_EQ(program.error().message, "open BPF object bench/no_such.bpf.o: No such file or directory");
}

}  // namespace
}  // namespace brahe::bench
