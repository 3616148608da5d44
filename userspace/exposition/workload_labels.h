#pragma once

#include <string>
#include <string_view>

#include "userspace/monitor/snapshot.h"

namespace brahe::exposition {

// The labels of a workload, spelt and in the order of their names, without braces, without `zone`, which sorts after
// all of them, and without `state`. `node_label` is node_name="..." spelt. Returns the size of `out` before the labels
// that sort after `state`: where AppendState belongs.
size_t AppendLabels(const monitor::ProcessLabels& process, std::string_view node_label, std::string& out);
size_t AppendLabels(const monitor::ContainerLabels& container, std::string_view node_label, std::string& out);
size_t AppendLabels(const monitor::VmLabels& vm, std::string_view node_label, std::string& out);
size_t AppendLabels(const monitor::PodLabels& pod, std::string_view node_label, std::string& out);

std::string_view StateName(monitor::WorkloadState state);
// The label `state` with the comma before it.
void AppendState(monitor::WorkloadState state, std::string& out);

// A strict order of workloads by their labels as they are printed: neither of two is before the other exactly if they
// are printed alike.
bool PrintedBefore(const monitor::ProcessLabels& a, const monitor::ProcessLabels& b);
bool PrintedBefore(const monitor::ContainerLabels& a, const monitor::ContainerLabels& b);
bool PrintedBefore(const monitor::VmLabels& a, const monitor::VmLabels& b);
bool PrintedBefore(const monitor::PodLabels& a, const monitor::PodLabels& b);

}  // namespace brahe::exposition
