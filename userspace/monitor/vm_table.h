#pragma once

#include <utility>

#include "userspace/monitor/group_table.h"
#include "userspace/monitor/snapshot.h"
#include "userspace/workload/workload.h"

namespace brahe::monitor {

// A virtual machine. Its members are the live processes that run it.
struct VmRecord : GroupRecord<VmLabels, VmRecord> {};

// The virtual machines that are listed, by id. Not thread-safe.
class VmTable final : public GroupTable<VmRecord> {
 public:
  using GroupTable::GroupTable;

  // The record of a virtual machine that is known by `labels`; new ones get an account and these labels.
  VmRecord& Use(const VmLabels& labels) {
    VmRecord& vm = UseKey(labels.id);
    if (vm.labels->hypervisor.empty()) Relabel(vm, labels);
    return vm;
  }
  // The same for one that a process was just found to run: what it says of itself now is believed.
  VmRecord& UseAnew(const workload::VirtualMachine& facts) {
    VmRecord& vm = UseKey(facts.id);
    VmLabels labels{.id = facts.id, .name = facts.name, .hypervisor = facts.hypervisor};
    // A process that tells no name does not take away the one that another has told.
    if (labels.name.empty()) labels.name = vm.labels->name;
    Relabel(vm, std::move(labels));
    return vm;
  }
  // What is in the table after an epoch, and how a new table goes on from it.
  [[nodiscard]] std::vector<VmState> State() const {
    std::vector<VmState> states;
    ForEach([&](const VmRecord& vm) { FillState(vm, states.emplace_back()); });
    return states;
  }
  void Resume(const VmState& state, Nanoseconds now) { ResumeKey(state.labels->id, state, now); }
  // The one with that id; null: there is none.
  [[nodiscard]] VmRecord* WithId(const std::string& id) { return Find(id); }

 private:
  // Every process that runs one is known from its first CPU time on.
  bool IsPopulated(const VmRecord&) override { return false; }
};

}  // namespace brahe::monitor
