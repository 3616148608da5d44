#include "userspace/exposition/workload_labels.h"

#include <algorithm>

#include "userspace/exposition/exposition.h"

namespace brahe::exposition {
namespace {

// Raw values that differ may still be printed alike, where bytes that are no UTF-8 were replaced.
template <typename Labels>
bool TextBefore(const Labels& a, const Labels& b) {
  const LabelContext context = {LabelSpeller(LabelSpelling::kText), "", monitor::WorkloadState::kRunning};
  std::string a_text;
  std::string b_text;
  AppendLabels(a, context, a_text);
  AppendLabels(b, context, b_text);
  return a_text < b_text;
}

StatePlace AppendState(const LabelContext& context, std::string& out) {
  StatePlace place{.begin = out.size()};
  context.speller.Append("state", StateName(context.state), out);
  place.end = out.size();
  return place;
}

}  // namespace

StatePlace AppendLabels(const monitor::ProcessLabels& process, const LabelContext& context, std::string& out) {
  const LabelSpeller& speller = context.speller;
  speller.Append("comm", process.comm, out);
  speller.Append("container_id", process.container_id, out);
  speller.Append("exe", process.exe, out);
  out.append(context.node_label);
  speller.Append("pid", uint64_t{process.pid}, out);
  const StatePlace state = AppendState(context, out);
  speller.Append("type", process.type, out);
  speller.Append("vm_id", process.vm_id, out);
  return state;
}

StatePlace AppendLabels(const monitor::ContainerLabels& container, const LabelContext& context, std::string& out) {
  const LabelSpeller& speller = context.speller;
  speller.Append("container_id", container.id, out);
  speller.Append("container_name", container.name, out);
  out.append(context.node_label);
  speller.Append("pod_id", container.pod_id, out);
  speller.Append("runtime", container.runtime, out);
  return AppendState(context, out);
}

StatePlace AppendLabels(const monitor::VmLabels& vm, const LabelContext& context, std::string& out) {
  const LabelSpeller& speller = context.speller;
  speller.Append("hypervisor", vm.hypervisor, out);
  out.append(context.node_label);
  const StatePlace state = AppendState(context, out);
  speller.Append("vm_id", vm.id, out);
  speller.Append("vm_name", vm.name, out);
  return state;
}

StatePlace AppendLabels(const monitor::PodLabels& pod, const LabelContext& context, std::string& out) {
  const LabelSpeller& speller = context.speller;
  out.append(context.node_label);
  speller.Append("pod_id", pod.id, out);
  speller.Append("pod_name", pod.name, out);
  speller.Append("pod_namespace", pod.name_space, out);
  return AppendState(context, out);
}

StatePlace AppendLabels(const monitor::GroupLabels& group, const LabelContext& context, std::string& out) {
  constexpr std::string_view kNodeName = "node_name";
  bool node_named = false;
  for (size_t i = 0; i < group.values.size(); ++i) {
    const std::string_view name = context.names != nullptr ? (*context.names)[i] : std::string_view();
    if (!node_named && name > kNodeName) {
      out.append(context.node_label);
      node_named = true;
    }
    context.speller.Append(name, group.values[i], out);
  }
  if (!node_named) out.append(context.node_label);
  return {out.size(), out.size()};
}

std::string_view StateName(monitor::WorkloadState state) {
  return state == monitor::WorkloadState::kRunning ? "running" : "terminated";
}

bool PrintedBefore(const monitor::ProcessLabels& a, const monitor::ProcessLabels& b) {
  return a.pid != b.pid ? a.pid < b.pid : TextBefore(a, b);
}

bool PrintedBefore(const monitor::ContainerLabels& a, const monitor::ContainerLabels& b) { return TextBefore(a, b); }
bool PrintedBefore(const monitor::VmLabels& a, const monitor::VmLabels& b) { return TextBefore(a, b); }
bool PrintedBefore(const monitor::PodLabels& a, const monitor::PodLabels& b) { return TextBefore(a, b); }
bool PrintedBefore(const monitor::GroupLabels& a, const monitor::GroupLabels& b) { return TextBefore(a, b); }

bool MayBePrintedAlike(const monitor::VmLabels& vm) { return !(IsAscii(vm.id) && IsAscii(vm.name)); }

bool MayBePrintedAlike(const monitor::GroupLabels& group) {
  return !std::all_of(group.values.begin(), group.values.end(),
                      [](const std::string& value) { return IsAscii(value); });
}

}  // namespace brahe::exposition
