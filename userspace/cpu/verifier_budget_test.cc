// What the kernel's verifier makes of each program: its work must stay small on every kernel, and on every machine.
// Needs root.
#include <bpf/libbpf.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include "bpf/cpu_time.skel.h"
#include "bpf/cpu_time_without_own_time.skel.h"

namespace brahe::cpu {
namespace {

constexpr uint32_t kLogStatistics = 4;  // BPF_LOG_STATS
constexpr int kMaxInstructions = 5000;  // the kernel gives up at a million

struct ProgramCost {
  int instructions = -1;  // that the verifier has stepped through
  int microseconds = -1;
};

int NumberIn(const std::string& log, const char* pattern) {
  std::smatch match;
  return std::regex_search(log, match, std::regex(pattern)) ? std::stoi(match[1]) : -1;
}

// What user space sizes by the machine gets some size, and the slots one for each CPU.
void SetMapSizes(bpf_object* object, uint32_t cpus) {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    const bool is_variables = strchr(bpf_map__name(map), '.') != nullptr;
    if (!is_variables && bpf_map__max_entries(map) == 1) bpf_map__set_max_entries(map, 1024);
  }
  ASSERT_EQ(bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "cpu_slots"), cpus), 0);
}

// Loads all programs as on a machine with so many possible CPUs. By program; empty if the kernel refuses one.
std::map<std::string, ProgramCost> CostsOnMachineOf(uint32_t cpus) {
  const std::unique_ptr<cpu_time_bpf, void (*)(cpu_time_bpf*)> skeleton(cpu_time_bpf::open(), cpu_time_bpf::destroy);
  if (skeleton == nullptr) return {};
  SetMapSizes(skeleton->obj, cpus);
  std::map<std::string, std::vector<char>> logs;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, skeleton->obj) {
    std::vector<char>& log = logs[bpf_program__name(program)];
    log.resize(1 << 16);
    bpf_program__set_log_level(program, kLogStatistics);
    bpf_program__set_log_buf(program, log.data(), log.size());
  }
  const int error = cpu_time_bpf::load(skeleton.get());
  std::string told;
  std::map<std::string, ProgramCost> costs;
  for (const auto& [name, log] : logs) {
    told += name + ": " + log.data() + "\n";
    costs[name] = {NumberIn(log.data(), "processed (\\d+) insns"),
                   NumberIn(log.data(), "verification time (\\d+) usec")};
  }
  EXPECT_EQ(error, 0) << strerror(-error) << " on " << cpus << " CPUs:\n" << told;
  return error == 0 ? costs : std::map<std::string, ProgramCost>();
}

TEST(VerifierBudget, EveryProgramIsVerifiedInFewSteps) {
  const auto costs = CostsOnMachineOf(2);
  EXPECT_GE(costs.size(), 4U);
  for (const auto& [name, cost] : costs) {
    EXPECT_GT(cost.instructions, 0) << name;
    EXPECT_LT(cost.instructions, kMaxInstructions) << name;
    RecordProperty(name + "_instructions", cost.instructions);
    RecordProperty(name + "_microseconds", cost.microseconds);
  }
}

// The programs know by themselves, once they have run.
TEST(VerifierBudget, AFieldThatTheKernelDoesNotHaveCostsOnlyWhatStandsOnIt) {
  const std::unique_ptr<cpu_time_without_own_time_bpf, void (*)(cpu_time_without_own_time_bpf*)> skeleton(
      cpu_time_without_own_time_bpf::open(), cpu_time_without_own_time_bpf::destroy);
  ASSERT_NE(skeleton, nullptr);
  SetMapSizes(skeleton->obj, 4096);
  ASSERT_EQ(cpu_time_without_own_time_bpf::load(skeleton.get()), 0);
  EXPECT_EQ(skeleton->bss->missing, 0U);
  const std::unique_ptr<bpf_link, int (*)(bpf_link*)> link(bpf_program__attach(skeleton->progs.on_switch),
                                                           bpf_link__destroy);
  ASSERT_NE(link, nullptr);
  usleep(10'000);
  EXPECT_EQ(__atomic_load_n(&skeleton->bss->missing, __ATOMIC_RELAXED), uint32_t{MISSING_OWN_TIME});
}

class VerifierBudgetOfMachines : public testing::TestWithParam<uint32_t> {};

TEST_P(VerifierBudgetOfMachines, TheNumberOfCpusMakesNoDifference) {
  const auto small = CostsOnMachineOf(2), large = CostsOnMachineOf(GetParam());
  ASSERT_FALSE(small.empty());
  ASSERT_EQ(large.size(), small.size());
  for (const auto& [name, cost] : large) EXPECT_EQ(cost.instructions, small.at(name).instructions) << name;
}

INSTANTIATE_TEST_SUITE_P(Cpus, VerifierBudgetOfMachines, testing::Values(64, 512, 4096),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace brahe::cpu
