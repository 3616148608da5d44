#include "userspace/exposition/workload_labels.h"

#include "userspace/exposition/exposition.h"

namespace brahe::exposition {
namespace {

// Raw values that differ may still be printed alike, where bytes that are no UTF-8 were replaced.
template <typename Labels>
bool TextBefore(const Labels& a, const Labels& b) {
  std::string a_text;
  std::string b_text;
  AppendLabels(a, "", a_text);
  AppendLabels(b, "", b_text);
  return a_text < b_text;
}

}  // namespace

size_t AppendLabels(const monitor::ProcessLabels& process, std::string_view node_label, std::string& out) {
  out.append("comm=\"");
  AppendEscaped(process.comm, out);
  out.append("\",container_id=\"");
  AppendEscaped(process.container_id, out);
  out.append("\",exe=\"");
  AppendEscaped(process.exe, out);
  out.append("\",").append(node_label).append(",pid=\"");
  AppendUint(process.pid, out);
  out.push_back('"');
  const size_t before_state = out.size();
  out.append(",type=\"");
  AppendEscaped(process.type, out);
  out.append("\",vm_id=\"");
  AppendEscaped(process.vm_id, out);
  out.push_back('"');
  return before_state;
}

size_t AppendLabels(const monitor::ContainerLabels& container, std::string_view node_label, std::string& out) {
  out.append("container_id=\"");
  AppendEscaped(container.id, out);
  out.append("\",container_name=\"");
  AppendEscaped(container.name, out);
  out.append("\",").append(node_label).append(",pod_id=\"");
  AppendEscaped(container.pod_id, out);
  out.append("\",runtime=\"");
  AppendEscaped(container.runtime, out);
  out.push_back('"');
  return out.size();
}

size_t AppendLabels(const monitor::VmLabels& vm, std::string_view node_label, std::string& out) {
  out.append("hypervisor=\"");
  AppendEscaped(vm.hypervisor, out);
  out.append("\",").append(node_label);
  const size_t before_state = out.size();
  out.append(",vm_id=\"");
  AppendEscaped(vm.id, out);
  out.append("\",vm_name=\"");
  AppendEscaped(vm.name, out);
  out.push_back('"');
  return before_state;
}

size_t AppendLabels(const monitor::PodLabels& pod, std::string_view node_label, std::string& out) {
  out.append(node_label).append(",pod_id=\"");
  AppendEscaped(pod.id, out);
  out.append("\",pod_name=\"");
  AppendEscaped(pod.name, out);
  out.append("\",pod_namespace=\"");
  AppendEscaped(pod.name_space, out);
  out.push_back('"');
  return out.size();
}

std::string_view StateName(monitor::WorkloadState state) {
  return state == monitor::WorkloadState::kRunning ? "running" : "terminated";
}

void AppendState(monitor::WorkloadState state, std::string& out) {
  out.append(",state=\"").append(StateName(state)).push_back('"');
}

bool PrintedBefore(const monitor::ProcessLabels& a, const monitor::ProcessLabels& b) {
  return a.pid != b.pid ? a.pid < b.pid : TextBefore(a, b);
}

bool PrintedBefore(const monitor::ContainerLabels& a, const monitor::ContainerLabels& b) { return TextBefore(a, b); }
bool PrintedBefore(const monitor::VmLabels& a, const monitor::VmLabels& b) { return TextBefore(a, b); }
bool PrintedBefore(const monitor::PodLabels& a, const monitor::PodLabels& b) { return TextBefore(a, b); }

}  // namespace brahe::exposition
