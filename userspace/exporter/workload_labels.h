#pragma once

#include <string>
#include <string_view>

#include "userspace/monitor/snapshot.h"

namespace brahe {

// The labels of a workload, spelt and in the order of their names, without braces and without `zone`, which sorts after
// all of them. `node_label` is node_name="..." spelt. `state` is left out where it is empty.
void AppendLabels(const ProcessLabels& process, std::string_view node_label, std::string_view state, std::string& out);
void AppendLabels(const ContainerLabels& container, std::string_view node_label, std::string_view state,
                  std::string& out);
void AppendLabels(const VmLabels& vm, std::string_view node_label, std::string_view state, std::string& out);
void AppendLabels(const PodLabels& pod, std::string_view node_label, std::string_view state, std::string& out);

// A strict order of workloads by their labels as they are printed: neither of two is before the other exactly if they
// are printed alike.
bool PrintedBefore(const ProcessLabels& a, const ProcessLabels& b);
bool PrintedBefore(const ContainerLabels& a, const ContainerLabels& b);
bool PrintedBefore(const VmLabels& a, const VmLabels& b);
bool PrintedBefore(const PodLabels& a, const PodLabels& b);

std::string_view StateName(WorkloadState state);

}  // namespace brahe
