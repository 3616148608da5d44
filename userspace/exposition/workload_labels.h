#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "userspace/exposition/label_spelling.h"
#include "userspace/monitor/snapshot.h"

namespace brahe::exposition {

// The labels that a workload has beside its own, and how all are spelt. `node_label`, spelt likewise, must outlive
// this.
struct LabelContext {
  LabelSpeller speller;
  std::string_view node_label;                      // node_name
  monitor::WorkloadState state;                     // of the workload
  const std::vector<std::string_view>* names = {};  // of a group's own labels
};

// Where the label `state` stands in what AppendLabels wrote: from `begin` to `end` of `out`.
struct StatePlace {
  size_t begin = 0, end = 0;
};

// The labels of a workload, spelt and in the order of their names, without `zone`, which sorts after all of them.
// Groups have no `state`.
StatePlace AppendLabels(const monitor::ProcessLabels& process, const LabelContext& context, std::string& out);
StatePlace AppendLabels(const monitor::ContainerLabels& container, const LabelContext& context, std::string& out);
StatePlace AppendLabels(const monitor::VmLabels& vm, const LabelContext& context, std::string& out);
StatePlace AppendLabels(const monitor::PodLabels& pod, const LabelContext& context, std::string& out);
StatePlace AppendLabels(const monitor::GroupLabels& group, const LabelContext& context, std::string& out);

std::string_view StateName(monitor::WorkloadState state);

// A strict order of workloads by their labels as they are printed: neither of two is before the other exactly if they
// are printed alike.
bool PrintedBefore(const monitor::ProcessLabels& a, const monitor::ProcessLabels& b);
bool PrintedBefore(const monitor::ContainerLabels& a, const monitor::ContainerLabels& b);
bool PrintedBefore(const monitor::VmLabels& a, const monitor::VmLabels& b);
bool PrintedBefore(const monitor::PodLabels& a, const monitor::PodLabels& b);
bool PrintedBefore(const monitor::GroupLabels& a, const monitor::GroupLabels& b);

// Whether workloads of one level whose labels differ may be printed alike while both run: where users name them, by any
// bytes, and these are no UTF-8 and so replaced. Others have a pid or an id each.
bool MayBePrintedAlike(const monitor::VmLabels& vm);
bool MayBePrintedAlike(const monitor::GroupLabels& group);
inline bool MayBePrintedAlike(const auto&) { return false; }

}  // namespace brahe::exposition
