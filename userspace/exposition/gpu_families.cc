#include "userspace/exposition/gpu_families.h"

#include <algorithm>
#include <string>

#include "userspace/exposition/family_parts.h"
#include "userspace/exposition/workload_labels.h"
#include "userspace/monitor/gpu_figures.h"

namespace brahe::exposition {
namespace {

using monitor::GpuFigures;

LabelledSample NewSample(const RenderInput& input, SampleWriter& out) { return {input.spelling, out}; }

// The cards.

size_t Cards(const RenderInput& input, const Family&) {
  return input.snapshot.gpus != nullptr ? input.snapshot.gpus->cards.size() : 0;
}

LabelledSample KeplerCardSample(const RenderInput& input, const monitor::CardFigures& card, SampleWriter& out) {
  return NewSample(input, out)
      .Label("gpu", std::to_string(card.names.index))
      .Label("gpu_name", card.names.name)
      .Label("gpu_uuid", card.names.uuid)
      .Labels(input.node_label)
      .Label("vendor", card.names.vendor);
}

void AppendInfo(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  KeplerCardSample(input, input.snapshot.gpus->cards[item], out).Ones(1);
}

template <monitor::EnergyFigure monitor::ZoneFigures::*kFigure, Reading kReading>
void AppendCard(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  const monitor::CardFigures& card = input.snapshot.gpus->cards[item];
  const auto value = kReading(card.figures.*kFigure);
  if (value) KeplerCardSample(input, card, out).Start(StartOfAll(input)).Millionths(*value);
}

LabelledSample CardSample(const RenderInput& input, const monitor::CardFigures& card, SampleWriter& out) {
  return NewSample(input, out)
      .Label("gpu", std::to_string(card.names.index))
      .Label("gpu_uuid", card.names.uuid)
      .Labels(input.node_label);
}

template <uint64_t monitor::CardFigures::*kCount>
void AppendCount(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  const monitor::CardFigures& card = input.snapshot.gpus->cards[item];
  CardSample(input, card, out).Start(StartOfAll(input)).Ones(card.*kCount);
}

void AppendSource(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  const monitor::CardFigures& card = input.snapshot.gpus->cards[item];
  if (card.source == gpu::CardSource::kNone) return;
  CardSample(input, card, out).Label("source", card.source == gpu::CardSource::kCounter ? "counter" : "power").Ones(1);
}

// Those who use them.

template <auto kLevel>
size_t Users(const RenderInput& input, const Family&) {
  return input.snapshot.gpus != nullptr ? (*input.snapshot.gpus.*kLevel).users.size() : 0;
}

template <auto kLevel, Reading kReading>
void AppendUser(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  const auto& user = (*input.snapshot.gpus.*kLevel).users[item];
  const auto value = kReading(user.figure);
  if (!value) return;
  LabelContext context = input.labels();
  context.state = user.state;
  std::string labels;
  AppendLabels(*user.labels, context, labels);
  LabelledSample sample = NewSample(input, out);
  sample.Labels(labels);
  if (kReading == Energy && user.since) sample.Start(input.clock.UnixMs(*user.since));
  sample.Millionths(*value);
}

size_t OneIfGpus(const RenderInput& input, const Family&) { return input.snapshot.gpus != nullptr ? 1 : 0; }

template <auto kLevel>
void AppendUnlisted(const RenderInput& input, const Family&, size_t, SampleWriter& out) {
  NewSample(input, out)
      .Labels(input.node_label)
      .Start(StartOfAll(input))
      .Millionths((*input.snapshot.gpus.*kLevel).rest.unlisted.energy.value);
}

template <auto kLevel>
void AppendPending(const RenderInput& input, const Family&, size_t, SampleWriter& out) {
  NewSample(input, out).Labels(input.node_label).Millionths((*input.snapshot.gpus.*kLevel).rest.pending.value);
}

constexpr auto kProcesses = &GpuFigures::processes;
constexpr auto kContainers = &GpuFigures::containers;
constexpr auto kPods = &GpuFigures::pods;

// Kepler's names, types and help texts are kept to the letter.
constexpr Family kKeplerFamilies[] = {
    {"kepler_node_gpu_info", kGauge, "GPU device information for mapping index to UUID/name", kAlways, Cards,
     AppendInfo},
    {"kepler_node_gpu_joules_total", kCounter, "Energy consumption of gpu at node level in joules", "node", Cards,
     AppendCard<&monitor::ZoneFigures::all, Energy>},
    {"kepler_node_gpu_active_joules_total", kCounter,
     "Energy consumption of gpu in active state at node level in joules", "node", Cards,
     AppendCard<&monitor::ZoneFigures::active, Energy>},
    {"kepler_node_gpu_idle_joules_total", kCounter, "Energy consumption of gpu in idle state at node level in joules",
     "node", Cards, AppendCard<&monitor::ZoneFigures::idle, Energy>},
    {"kepler_node_gpu_watts", kGauge, "Total GPU power consumption in watts", "node", Cards,
     AppendCard<&monitor::ZoneFigures::all, Power>},
    {"kepler_node_gpu_active_watts", kGauge, "GPU active power (total - idle) in watts", "node", Cards,
     AppendCard<&monitor::ZoneFigures::active, Power>},
    {"kepler_node_gpu_idle_watts", kGauge, "GPU idle power (auto-detected minimum) in watts", "node", Cards,
     AppendCard<&monitor::ZoneFigures::idle, Power>},
    {"kepler_process_gpu_joules_total", kCounter, "Energy consumption of gpu at process level in joules", "process",
     Users<kProcesses>, AppendUser<kProcesses, Energy>},
    {"kepler_process_gpu_watts", kGauge, "Power consumption of gpu at process level in watts", "process",
     Users<kProcesses>, AppendUser<kProcesses, Power>},
    {"kepler_container_gpu_joules_total", kCounter, "Energy consumption of gpu at container level in joules",
     "container", Users<kContainers>, AppendUser<kContainers, Energy>},
    {"kepler_container_gpu_watts", kGauge, "Power consumption of gpu at container level in watts", "container",
     Users<kContainers>, AppendUser<kContainers, Power>},
    {"kepler_pod_gpu_joules_total", kCounter, "Energy consumption of gpu at pod level in joules", "pod", Users<kPods>,
     AppendUser<kPods, Energy>},
    {"kepler_pod_gpu_watts", kGauge, "Power consumption of gpu at pod level in watts", "pod", Users<kPods>,
     AppendUser<kPods, Power>},
};

constexpr Family kFamilies[] = {
    {"brahe_gpu_source_info", kGauge, "Constant 1, labelled with where a GPU's energy comes from", kAlways, Cards,
     AppendSource},
    {"brahe_gpu_read_errors_total", kCounter, "Failed readings of a GPU", kAlways, Cards,
     AppendCount<&monitor::CardFigures::read_errors>},
    {"brahe_gpu_resets_total", kCounter, "Steps of a GPU's energy counter that were taken for a reset and not charged",
     kAlways, Cards, AppendCount<&monitor::CardFigures::resets>},
    {"brahe_process_gpu_unlisted_joules_total", kCounter, "Active energy of GPUs that no listed process has, in joules",
     "process", OneIfGpus, AppendUnlisted<kProcesses>},
    {"brahe_container_gpu_unlisted_joules_total", kCounter,
     "Active energy of GPUs that no listed container has, in joules", "container", OneIfGpus,
     AppendUnlisted<kContainers>},
    {"brahe_container_gpu_pending_joules", kGauge,
     "Active energy of GPUs that containers have used which are not listed yet, in joules", "container", OneIfGpus,
     AppendPending<kContainers>},
    {"brahe_pod_gpu_unlisted_joules_total", kCounter, "Active energy of GPUs that no listed pod has, in joules", "pod",
     OneIfGpus, AppendUnlisted<kPods>},
    {"brahe_pod_gpu_pending_joules", kGauge,
     "Active energy of GPUs that containers have used whose pod is not known or listed yet, in joules", "pod",
     OneIfGpus, AppendPending<kPods>},
};

}  // namespace

std::span<const Family> KeplerGpuFamilies() { return kKeplerFamilies; }

std::span<const Family> GpuFamilies() { return kFamilies; }

}  // namespace brahe::exposition
