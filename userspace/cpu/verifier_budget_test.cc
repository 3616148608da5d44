// What the kernel's verifier makes of each program: its work must stay small on every kernel. Needs root.
#include <bpf/libbpf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include "bpf/cpu_time.skel.h"

namespace brahe {
namespace {

constexpr uint32_t kLogStatistics = 4;  // BPF_LOG_STATS
constexpr int kMaxInstructions = 5000;  // the kernel gives up at a million

int NumberIn(const std::string& log, const char* pattern) {
  std::smatch match;
  return std::regex_search(log, match, std::regex(pattern)) ? std::stoi(match[1]) : -1;
}

TEST(VerifierBudget, EveryProgramIsVerifiedInFewSteps) {
  const std::unique_ptr<cpu_time_bpf, void (*)(cpu_time_bpf*)> skeleton(cpu_time_bpf::open(), cpu_time_bpf::destroy);
  ASSERT_NE(skeleton, nullptr);
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, skeleton->obj) {
    const bool is_variables = strchr(bpf_map__name(map), '.') != nullptr;
    if (!is_variables && bpf_map__max_entries(map) == 1) bpf_map__set_max_entries(map, 1024);
  }
  std::map<std::string, std::vector<char>> logs;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, skeleton->obj) {
    std::vector<char>& log = logs[bpf_program__name(program)];
    log.resize(1 << 16);
    bpf_program__set_log_level(program, kLogStatistics);
    bpf_program__set_log_buf(program, log.data(), log.size());
  }
  ASSERT_EQ(cpu_time_bpf::load(skeleton.get()), 0);
  EXPECT_GE(logs.size(), 4U);
  for (const auto& [name, log] : logs) {
    const int instructions = NumberIn(log.data(), "processed (\\d+) insns");
    EXPECT_GT(instructions, 0) << name << ": " << log.data();
    EXPECT_LT(instructions, kMaxInstructions) << name;
    RecordProperty(name + "_instructions", instructions);
    RecordProperty(name + "_microseconds", NumberIn(log.data(), "verification time (\\d+) usec"));
  }
}

}  // namespace
}  // namespace brahe
