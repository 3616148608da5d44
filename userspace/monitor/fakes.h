#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/file.h"
#include "userspace/cpu/cpu_time_source.h"
#include "userspace/energy/energy_meter.h"
#include "userspace/monitor/workload_resolver.h"

namespace brahe::monitor {

// Reports what a test has put into `next`. What is marked atomic may be changed while a monitor runs.
class FakeCpuTimeSource final : public cpu::CpuTimeSource {
 public:
  explicit FakeCpuTimeSource(const Clock& clock) : clock_(clock), begin_(clock.Now()) {}

  std::string name() const override { return "fake"; }
  Result<Nanoseconds> Cut() override {
    ++cuts;
    if (fail_cut) return MakeError("cut fails");
    cut_ = clock_.Now();
    std::this_thread::sleep_for(std::chrono::milliseconds(cut_ms));
    return cut_;
  }
  Result<cpu::CpuTimeEpoch> Collect() override {
    if (fail_collect) return MakeError("collect fails");
    cpu::CpuTimeEpoch epoch = std::exchange(next, {});
    epoch.begin = std::exchange(begin_, cut_);
    epoch.end = cut_;
    return epoch;
  }
  cpu::CpuTimeSourceStats Stats() const override { return stats; }
  int WakeFd() const override { return wake_fd_.get(); }
  bool Service() override {
    ++services;
    uint64_t count = 0;
    return read(wake_fd_.get(), &count, sizeof count) > 0 && wants_epoch;
  }
  // Makes WakeFd readable until the next Service.
  void Wake() {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = write(wake_fd_.get(), &one, sizeof one);
  }

  cpu::CpuTimeEpoch next;
  cpu::CpuTimeSourceStats stats;
  std::atomic<bool> fail_cut = false, fail_collect = false, wants_epoch = false;
  std::atomic<int> cut_ms = 0, cuts = 0, services = 0;

 private:
  const Clock& clock_;
  Nanoseconds begin_, cut_;
  UniqueFd wake_fd_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
};

// A source that outlives those who use it, as the kernel's side of one does.
class LentCpuTimeSource final : public cpu::CpuTimeSource {
 public:
  // `source` must outlive this object.
  explicit LentCpuTimeSource(cpu::CpuTimeSource& source) : source_(source) {}

  std::string name() const override { return source_.name(); }
  Result<Nanoseconds> Cut() override { return source_.Cut(); }
  Result<cpu::CpuTimeEpoch> Collect() override { return source_.Collect(); }
  void Acknowledge() override { source_.Acknowledge(); }
  cpu::CpuTimeSourceStats Stats() const override { return source_.Stats(); }

 private:
  cpu::CpuTimeSource& source_;
};

// The same of a meter.
class LentEnergyMeter final : public energy::EnergyMeter {
 public:
  // `meter` must outlive this object.
  explicit LentEnergyMeter(energy::EnergyMeter& meter) : meter_(meter) {}

  const std::vector<energy::Zone>& zones() const override { return meter_.zones(); }
  std::vector<energy::ZoneState> States() const override { return meter_.States(); }
  void Sample() override { meter_.Sample(); }
  energy::EnergyEpoch Collect(const energy::MeterEpoch& epoch) override { return meter_.Collect(epoch); }

 private:
  energy::EnergyMeter& meter_;
};

// Counts the energy that a test lets flow.
class FakeEnergyMeter final : public energy::EnergyMeter {
 public:
  explicit FakeEnergyMeter(std::vector<energy::Zone> zones)
      : flow(zones.size()),
        unreadable(zones.size()),
        states(zones.size(), energy::ZoneState{.source = "fake"}),
        zones_(std::move(zones)),
        pending_(zones_.size()) {}

  const std::vector<energy::Zone>& zones() const override { return zones_; }
  std::vector<energy::ZoneState> States() const override { return states; }
  void Sample() override {
    for (size_t z = 0; z < zones_.size(); ++z) {
      if (unreadable[z]) continue;
      const Microjoules step = std::exchange(flow[z], {});
      if (samples > 0) pending_[z] += step;
    }
    ++samples;
  }
  energy::EnergyEpoch Collect(const energy::MeterEpoch& epoch) override {
    asked_for = epoch;
    energy::EnergyEpoch energy{.used = {}, .read_lags = read_lags};
    for (size_t z = 0; z < zones_.size(); ++z) {
      energy.used.push_back(unreadable[z] ? std::nullopt : std::optional(std::exchange(pending_[z], {})));
    }
    return energy;
  }
  std::optional<Nanoseconds> MaxSampleInterval() const override { return max_sample_interval; }

  std::vector<Microjoules> flow;  // by zone: used since the last Sample
  std::vector<bool> unreadable;
  std::vector<energy::ZoneState> states;
  std::optional<Nanoseconds> max_sample_interval;
  std::atomic<int> samples = 0;
  energy::MeterEpoch asked_for;        // the last time
  std::vector<Nanoseconds> read_lags;  // of each epoch

 private:
  std::vector<energy::Zone> zones_;
  std::vector<Microjoules> pending_;
};

// Knows the cgroups that a test has told it of. A process is called as its source says, or else by its pid.
class FakeWorkloadResolver final : public WorkloadResolver {
 public:
  void LearnCgroup(uint64_t cgroup_id, const std::string& path) override { paths[cgroup_id] = path; }
  const workload::Container* ContainerOf(uint64_t cgroup_id, const ProcessKey&) override {
    const auto it = containers.find(cgroup_id);
    return it == containers.end() ? nullptr : &it->second;
  }
  bool IsPopulated(uint64_t cgroup_id) override { return populated[cgroup_id]; }
  bool IsPodPopulated(uint64_t cgroup_id) override {
    return containers.contains(cgroup_id) && populated_pods.contains(containers[cgroup_id].pod_uid);
  }
  std::optional<workload::PodMember> PodOf(const workload::Container& container) override {
    ++pod_questions;
    const auto it = pods.find(container.id);
    return it == pods.end() ? std::nullopt : std::optional(it->second);
  }
  bool KnowsPods() const override { return knows_pods; }
  std::string NameOf(const workload::Container& container, uint64_t, uint32_t pid) override {
    ++name_questions;
    pid_asked_for = pid;
    const auto it = container_names.find(container.id);
    return it == container_names.end() ? "" : it->second;
  }
  const workload::CgroupFacts& CgroupFactsOf(uint64_t cgroup_id, const ProcessKey&) override {
    return cgroup_facts[cgroup_id];
  }
  std::set<std::string> TakeNewUnits() override { return std::exchange(new_units, {}); }
  std::vector<workload::Pod> TakeNewPods() override { return std::exchange(new_pods, {}); }
  std::string UserNameOf(uint32_t uid) override {
    const auto it = users.find(uid);
    return it == users.end() ? std::to_string(uid) : it->second;
  }
  workload::ProcessFacts FactsOf(const ProcessKey& process, const std::string& comm, const std::string& exec_path,
                                 bool alive) override {
    ++questions;
    if (const auto it = facts.find(process); alive && it != facts.end()) return it->second;
    return {comm, exec_path};
  }
  bool IsAlive(const ProcessKey& process) override { return !dead.contains(process); }
  void EndEpoch() override {}

  std::set<ProcessKey> dead;
  std::map<uint64_t, std::string> paths;
  std::map<uint64_t, workload::Container> containers;
  std::map<uint64_t, workload::CgroupFacts> cgroup_facts;
  std::set<std::string> new_units;
  std::vector<workload::Pod> new_pods;
  std::map<uint32_t, std::string> users;
  std::map<uint64_t, bool> populated;
  bool knows_pods = false;
  std::set<std::string> populated_pods;                // by uid
  std::map<std::string, workload::PodMember> pods;     // by container id
  std::map<std::string, std::string> container_names;  // by container id
  std::map<ProcessKey, workload::ProcessFacts> facts;  // what /proc says of live ones
  int questions = 0;
  int pod_questions = 0;
  int name_questions = 0;
  uint32_t pid_asked_for = 0;  // with the last question for a container's name
};

// The same of a resolver.
class LentWorkloadResolver final : public WorkloadResolver {
 public:
  // `resolver` must outlive this object.
  explicit LentWorkloadResolver(WorkloadResolver& resolver) : resolver_(resolver) {}

  void LearnCgroup(uint64_t cgroup_id, const std::string& path) override { resolver_.LearnCgroup(cgroup_id, path); }
  const workload::Container* ContainerOf(uint64_t cgroup_id, const ProcessKey& process) override {
    return resolver_.ContainerOf(cgroup_id, process);
  }
  bool IsPopulated(uint64_t cgroup_id) override { return resolver_.IsPopulated(cgroup_id); }
  bool IsPodPopulated(uint64_t cgroup_id) override { return resolver_.IsPodPopulated(cgroup_id); }
  std::optional<workload::PodMember> PodOf(const workload::Container& container) override {
    return resolver_.PodOf(container);
  }
  bool KnowsPods() const override { return resolver_.KnowsPods(); }
  std::string NameOf(const workload::Container& container, uint64_t cgroup_id, uint32_t pid) override {
    return resolver_.NameOf(container, cgroup_id, pid);
  }
  const workload::CgroupFacts& CgroupFactsOf(uint64_t cgroup_id, const ProcessKey& process) override {
    return resolver_.CgroupFactsOf(cgroup_id, process);
  }
  std::set<std::string> TakeNewUnits() override { return resolver_.TakeNewUnits(); }
  std::vector<workload::Pod> TakeNewPods() override { return resolver_.TakeNewPods(); }
  std::string UserNameOf(uint32_t uid) override { return resolver_.UserNameOf(uid); }
  workload::ProcessFacts FactsOf(const ProcessKey& process, const std::string& comm, const std::string& exec_path,
                                 bool alive) override {
    return resolver_.FactsOf(process, comm, exec_path, alive);
  }
  bool IsAlive(const ProcessKey& process) override { return resolver_.IsAlive(process); }
  void EndEpoch() override { resolver_.EndEpoch(); }

 private:
  WorkloadResolver& resolver_;
};

}  // namespace brahe::monitor
