#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "userspace/base/process_stat_text.h"
#include "userspace/base/temp_tree.h"

namespace brahe::cpu {

// A process as a FakeProc shows it; times in clock ticks.
struct FakeProcess {
  uint32_t pid = 0;
  uint64_t start = 0;
  uint64_t used = 0;
  uint32_t cpu = 0;
  std::string comm = "task";
  char state = 'S';
};

// A /proc of a test's own. Starts with one CPU, cpu0, and 1000 ticks after boot (at 100 ticks a second).
class FakeProc {
 public:
  FakeProc() {
    SetUptime(1000);
    SetIdle(0, 0);
  }

  [[nodiscard]] const TempTree& tree() const { return tree_; }
  // `ticks` at 100 a second.
  void SetUptime(uint64_t ticks) const {
    const std::string hundredths = std::to_string(ticks % 100 + 100).substr(1);
    tree_.Write("uptime", std::to_string(ticks / 100) + "." + hundredths + " 0.00\n");
  }
  void SetIdle(uint32_t cpu, uint64_t idle, uint64_t iowait = 0) {
    idle_[cpu] = std::to_string(idle) + " " + std::to_string(iowait);
    WriteStat();
  }
  void TakeOffline(uint32_t cpu) {
    idle_.erase(cpu);
    WriteStat();
  }
  void Set(const FakeProcess& process) const {
    const ProcessStat stat{.comm = process.comm,
                           .state = process.state,
                           .parent = 1,
                           .user_ticks = process.used,
                           .start_ticks = process.start,
                           .cpu = process.cpu};
    tree_.Write(std::to_string(process.pid) + "/stat", ProcessStatText(process.pid, stat));
  }
  void SetCgroup(uint32_t pid, const std::string& text) const { tree_.Write(std::to_string(pid) + "/cgroup", text); }
  void SetGarbage(uint32_t pid) const { tree_.Write(std::to_string(pid) + "/stat", "\x01 garbage"); }
  void End(uint32_t pid) const { tree_.Remove(std::to_string(pid)); }

 private:
  void WriteStat() const {
    std::string text = "cpu  0 0 0 0 0\n";
    for (const auto& [cpu, idle] : idle_) text += "cpu" + std::to_string(cpu) + " 0 0 0 " + idle + " 0 0 0 0 0\n";
    tree_.Write("stat", text + "intr 0\n");
  }

  TempTree tree_;
  std::map<uint32_t, std::string> idle_;  // by CPU
};

}  // namespace brahe::cpu
