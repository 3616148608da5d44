#include "userspace/otlp/workload_attributes.h"

#include <algorithm>
#include <iterator>

namespace brahe::otlp {
namespace {

// Labels of groups that OpenTelemetry has a name for.
struct Name {
  std::string_view label;
  std::string_view attribute;
};
constexpr Name kNames[] = {
    {"namespace", "k8s.namespace.name"},
    {"program", "process.executable.path"},
    {"uid", "user.id"},
    {"user", "user.name"},
};

// "brahe.unit", "brahe.owner.kind".
std::string NameOf(std::string_view level, std::string_view label) {
  const auto* const name =
      std::find_if(std::begin(kNames), std::end(kNames), [&](const Name& known) { return known.label == label; });
  if (name != std::end(kNames)) return std::string(name->attribute);
  std::string own = "brahe." + std::string(level);
  if (label != level) own.append(".").append(label);
  return own;
}

}  // namespace

void AppendAttributes(const monitor::ProcessLabels& process, AttributeWriter& writer) {
  writer.Number("process.pid", process.pid)
      .Text("process.executable.name", process.comm)
      .Text("process.executable.path", process.exe)
      .Text("container.id", process.container_id)
      .Text("brahe.vm.id", process.vm_id)
      .Text("brahe.process.type", process.type);
}

void AppendAttributes(const monitor::ContainerLabels& container, AttributeWriter& writer) {
  writer.Text("container.id", container.id)
      .Text(container.pod_id.empty() ? "container.name" : "k8s.container.name", container.name)
      .Text("container.runtime.name", container.runtime)
      .Text("k8s.pod.uid", container.pod_id);
}

void AppendAttributes(const monitor::VmLabels& vm, AttributeWriter& writer) {
  writer.Text("brahe.vm.id", vm.id).Text("brahe.vm.name", vm.name).Text("brahe.vm.hypervisor", vm.hypervisor);
}

void AppendAttributes(const monitor::PodLabels& pod, AttributeWriter& writer) {
  writer.Text("k8s.pod.uid", pod.id).Text("k8s.pod.name", pod.name).Text("k8s.namespace.name", pod.name_space);
}

void AppendAttributes(const monitor::GroupLabels& group, std::string_view level,
                      const std::vector<std::string_view>& names, AttributeWriter& writer) {
  for (size_t i = 0; i < std::min(names.size(), group.values.size()); ++i) {
    writer.Text(NameOf(level, names[i]), group.values[i]);
  }
}

}  // namespace brahe::otlp
