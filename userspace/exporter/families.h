#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/exporter/label_twins.h"
#include "userspace/monitor/snapshot.h"

namespace brahe {

// What does not change from scrape to scrape.
struct RenderOptions {
  std::vector<std::string> levels;  // of node, process, container, vm, pod
  std::string node_name;
  std::string version, revision, branch, arch;
};

// What the samples of one scrape are made from.
struct RenderInput {
  RenderInput(const Snapshot& snapshot, const RenderOptions& options);

  const Snapshot& snapshot;
  const RenderOptions& options;
  std::string node_label;                 // node_name="...", spelt
  std::vector<std::string> zone_endings;  // by ZoneSeries: what follows zone=" in a sample, up to its value
  LabelTwins<ProcessLabels> processes;
  LabelTwins<ContainerLabels> containers;
  LabelTwins<VmLabels> vms;
  LabelTwins<PodLabels> pods;
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

// All families in the order of the exposition.
std::span<const Family> Families();

// The family's # HELP and # TYPE lines.
void AppendHeader(const Family& family, std::string& out);

}  // namespace brahe
