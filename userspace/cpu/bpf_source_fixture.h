#pragma once

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/temp_tree.h"
#include "userspace/cpu/bpf_cpu_time_source.h"

namespace brahe::cpu {

// A BPF source on the kernel that the test runs on, whose books must balance in every epoch. Needs root.
class BpfSourceTest : public ::testing::Test {
 protected:
  // A topology in which each CPU is a socket of its own: then the books must balance on every CPU.
  static CpuTopology CpuAsSocket() {
    CpuTopology topology = *ReadCpuTopology("/sys");
    std::iota(topology.socket_of_cpu.begin(), topology.socket_of_cpu.end(), 0);
    return topology;
  }

  // So that tests run beside a running exporter and other tests.
  static std::string OwnClaim() {
    char claim[InstanceClaim::kMaxNameLength + 1];
    snprintf(claim, sizeof claim, "t%06x", static_cast<unsigned>(getpid()) & 0xffffff);
    return claim;
  }

  BpfSourceOptions Options() const {
    BpfSourceOptions options;
    options.program.topology = CpuAsSocket();
    options.program.hierarchy = *FindCgroupHierarchy("/proc");
    options.program.pin_path = tree_.At("bpf/brahe");
    options.program.claim = OwnClaim();
    return options;
  }

  void Start(const BpfSourceOptions& options) {
    topology_ = options.program.topology;
    auto source = MakeBpfCpuTimeSource(options, SystemClock());
    if (!source) throw std::runtime_error(source.error().message);  // ends the test
    source_ = *std::move(source);
    NextEpoch();  // before it the CPUs began one by one
  }

  CpuTimeEpoch NextEpoch() {
    const auto cut = source_->Cut();
    EXPECT_TRUE(cut) << cut.error().message;
    auto epoch = source_->Collect();
    EXPECT_TRUE(epoch) << epoch.error().message;
    EXPECT_EQ(epoch->end, *cut);
    source_->Acknowledge();
    const bool late = source_->Stats().late_cuts != std::exchange(late_cuts_, source_->Stats().late_cuts);
    const bool begin_was_late = std::exchange(begin_was_late_, late);
    ExpectConservation(*epoch, epochs_++ != 0 && !late && !begin_was_late && !cpus_come_and_go_);
    return *std::move(epoch);
  }

  // Epochs until the end of each process has been told.
  std::vector<CpuTimeEpoch> EpochsUntilEnded(std::set<pid_t> processes) {
    std::vector<CpuTimeEpoch> epochs;
    const Nanoseconds deadline = SystemClock().Now() + Seconds(20);
    while (!processes.empty() && SystemClock().Now() < deadline) {
      SystemClock().SleepUntil(SystemClock().Now() + Milliseconds(20));
      epochs.push_back(NextEpoch());
      for (const ProcessKey& ended : epochs.back().ended) processes.erase(static_cast<pid_t>(ended.pid));
    }
    EXPECT_TRUE(processes.empty()) << *processes.begin() << " and perhaps others have not ended";
    return epochs;
  }

  // Every ns of every CPU is in exactly one place. Not `exact`: the wall time is not known so well.
  void ExpectConservation(const CpuTimeEpoch& epoch, bool exact) {
    std::map<uint32_t, uint64_t> used, cpus;
    for (const TaskTime& task : epoch.tasks) used[task.socket] += task.time.value;
    for (const UnassignedTime& time : epoch.unassigned) used[time.socket] += time.time.value;
    const std::vector<uint32_t> online = *ReadOnlineCpus("/sys");
    for (const uint32_t cpu : online) ++cpus[topology_.SocketOf(cpu)];
    for (const SocketTime& socket : epoch.sockets) {
      const Nanoseconds wall = (epoch.end - epoch.begin) * cpus[socket.socket];
      if (used[socket.socket] + socket.idle.value != socket.capacity.value || (exact && socket.capacity != wall)) {
        unbalanced_ << "socket " << socket.socket << ": used " << used[socket.socket] << ", idle " << socket.idle.value
                    << ", capacity " << socket.capacity.value << ", wall " << wall.value << "\n";
      }
    }
    if (exact && epoch.sockets.size() != cpus.size()) unbalanced_ << epoch.sockets.size() << " sockets\n";
  }

  // Without exception, also in a scenario that is tried again.
  void TearDown() override { EXPECT_EQ(unbalanced_.str(), ""); }

  // Cuts epochs of `length` until `duration` has passed.
  std::vector<CpuTimeEpoch> Epochs(Nanoseconds duration, Nanoseconds length) {
    std::vector<CpuTimeEpoch> epochs;
    const Nanoseconds end = SystemClock().Now() + duration;
    while (SystemClock().Now() < end) {
      SystemClock().SleepUntil(SystemClock().Now() + length);
      epochs.push_back(NextEpoch());
    }
    return epochs;
  }

  TempTree tree_;
  std::ostringstream unbalanced_;
  std::unique_ptr<CpuTimeSource> source_;
  uint64_t epochs_ = 0;
  uint64_t late_cuts_ = 0;
  bool begin_was_late_ = false;
  bool cpus_come_and_go_ = false;  // then the capacity is not known before
  CpuTopology topology_;
};

inline Nanoseconds TimeOf(const std::vector<CpuTimeEpoch>& epochs, pid_t pid) {
  Nanoseconds sum;
  for (const CpuTimeEpoch& epoch : epochs) {
    for (const TaskTime& task : epoch.tasks) {
      if (task.process.pid == static_cast<uint32_t>(pid)) sum += task.time;
    }
  }
  return sum;
}

inline bool IsEmulated() { return getenv("BRAHE_EMULATED") != nullptr; }

// How far the kernel's own books may differ from ours: more in an emulated machine, whose interrupts take a good part
// of the time. Sums are exact everywhere.
inline double Tolerance(double on_hardware) { return IsEmulated() ? 4 * on_hardware : on_hardware; }

// Runs a scenario that compares our books with the kernel's. In a virtual machine a CPU may stand still at any
// instruction, for some milliseconds under load and for tenths of a second in an emulated one, also between the
// kernel's reading of the clock and ours: then the scenario has three tries, which a fault of ours would fail all.
inline void CompareWithTheKernel(const std::function<void()>& scenario) {
  for (int attempt = 1; attempt < 3; ++attempt) {
    testing::TestPartResultArray results;
    {
      testing::ScopedFakeTestPartResultReporter reporter(
          testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &results);
      scenario();
    }
    bool failed = false;
    for (int i = 0; i < results.size(); ++i) failed = failed || results.GetTestPartResult(i).failed();
    if (!failed) return;
  }
  scenario();
}

inline double Seconds(Nanoseconds time) { return static_cast<double>(time.value) / 1e9; }

}  // namespace brahe::cpu
