#pragma once

#include <string>
#include <string_view>

#include "userspace/monitor/snapshot.h"

namespace brahe {

// The labels of a workload, spelt and in the order of their names, without braces, without `zone`, which sorts after
// all of them, and without `state`. `node_label` is node_name="..." spelt. Returns the size of `out` before the labels
// that sort after `state`: where AppendState belongs.
size_t AppendLabels(const ProcessLabels& process, std::string_view node_label, std::string& out);
size_t AppendLabels(const ContainerLabels& container, std::string_view node_label, std::string& out);
size_t AppendLabels(const VmLabels& vm, std::string_view node_label, std::string& out);
size_t AppendLabels(const PodLabels& pod, std::string_view node_label, std::string& out);

std::string_view StateName(WorkloadState state);
// The label `state` with the comma before it.
void AppendState(WorkloadState state, std::string& out);

// A strict order of workloads by their labels as they are printed: neither of two is before the other exactly if they
// are printed alike.
bool PrintedBefore(const ProcessLabels& a, const ProcessLabels& b);
bool PrintedBefore(const ContainerLabels& a, const ContainerLabels& b);
bool PrintedBefore(const VmLabels& a, const VmLabels& b);
bool PrintedBefore(const PodLabels& a, const PodLabels& b);

}  // namespace brahe
