#pragma once

#include "userspace/monitor/snapshot.h"
#include "userspace/otlp/attribute_writer.h"

namespace brahe::otlp {

// What tells a workload from others, by OpenTelemetry's names where it has any; docs/otlp.md lists them. What is not
// known is left out. Not its state: a workload that ends would go on as another series.
void AppendAttributes(const monitor::ProcessLabels& process, AttributeWriter& writer);
void AppendAttributes(const monitor::ContainerLabels& container, AttributeWriter& writer);
void AppendAttributes(const monitor::VmLabels& vm, AttributeWriter& writer);
void AppendAttributes(const monitor::PodLabels& pod, AttributeWriter& writer);

// The same of a group, whose labels have `names` at `level`.
void AppendAttributes(const monitor::GroupLabels& group, std::string_view level,
                      const std::vector<std::string_view>& names, AttributeWriter& writer);

}  // namespace brahe::otlp
