#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/exposition/exposition.h"
#include "userspace/exposition/label_twins.h"
#include "userspace/exposition/spelt_labels.h"
#include "userspace/exposition/top_processes.h"
#include "userspace/monitor/snapshot.h"

namespace brahe::exposition {

// What does not change from scrape to scrape.
struct RenderOptions {
  std::vector<std::string> levels;  // of node, process, container, vm, pod, and those of groups
  uint64_t top_processes = 0;       // see TopProcesses
  std::string node_name;
  std::string version, revision, branch, arch;
};

// The workloads of one list, ready to be rendered. The list must outlive this.
template <typename Labels>
struct RenderList {
  // `chosen` false: nothing of it will be rendered.
  RenderList(const monitor::WorkloadList<Labels>& list, std::string_view node_label, bool chosen)
      : workloads(list), twins(list), labels(chosen ? list : kNothing, node_label) {}

  const monitor::WorkloadList<Labels>& workloads;
  LabelTwins<Labels> twins;
  SpeltLabels<Labels> labels;

 private:
  static inline const monitor::WorkloadList<Labels> kNothing;
};

// What the samples of one snapshot are made from, by any number of scrapes at the same time: what is the same for all
// of them is done once. Immutable: any thread.
struct RenderInput {
  RenderInput(std::shared_ptr<const monitor::Snapshot> source, RenderOptions render_options);
  RenderInput(const RenderInput&) = delete;
  RenderInput& operator=(const RenderInput&) = delete;

  const std::shared_ptr<const monitor::Snapshot> owner;
  const monitor::Snapshot& snapshot;
  const RenderOptions options;
  const std::string node_label;                 // node_name="...", spelt
  const std::vector<std::string> zone_endings;  // by ZoneSeries: what follows zone=" in a sample, up to its value
  const RenderList<monitor::ProcessLabels> processes;
  const RenderList<monitor::ContainerLabels> containers;
  const RenderList<monitor::VmLabels> vms;
  const RenderList<monitor::PodLabels> pods;
  const TopProcesses top_processes;
};

// One metric family of a snapshot. It has items, each of which is rendered by itself and gives any number of samples.
struct Family {
  std::string_view name;
  std::string_view type;
  std::string_view help;
  std::string_view level;  // the level that must be chosen; empty: always
  size_t (*count)(const RenderInput& input);
  void (*append)(const RenderInput& input, const Family& family, size_t item, std::string& out);
};

// Whether a level is rendered; one without a name always is.
bool IsChosen(std::string_view level, const RenderOptions& options);

// All families in the order of the exposition.
std::span<const Family> Families();

}  // namespace brahe::exposition
