#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "userspace/exposition/label_spelling.h"
#include "userspace/exposition/label_twins.h"
#include "userspace/exposition/render_clock.h"
#include "userspace/exposition/sample_writer.h"
#include "userspace/exposition/spelt_labels.h"
#include "userspace/exposition/top_processes.h"
#include "userspace/monitor/snapshot.h"

namespace brahe::exposition {

// What does not change from scrape to scrape.
struct RenderOptions {
  std::vector<std::string> levels;  // of node, process, container, vm, pod and those of Snapshot::groups
  uint64_t top_processes = 0;       // see TopProcesses
  std::string node_name;
  std::string version, revision, branch, arch;
  bool created_lines = false;  // OpenMetrics: a counter's sample is followed by when it was 0, where that is known
};

// The workloads of one list, ready to be rendered. The list must outlive this.
template <typename Labels>
struct RenderList {
  // `chosen` false: nothing of it will be rendered.
  RenderList(const monitor::WorkloadList<Labels>& list, const LabelContext& context, bool chosen)
      : workloads(list), twins(list), labels(chosen ? list : kNothing, context) {}

  const monitor::WorkloadList<Labels>& workloads;
  LabelTwins<Labels> twins;
  SpeltLabels<Labels> labels;

 private:
  static inline const monitor::WorkloadList<Labels> kNothing;
};

struct RenderInput;

// One metric family of a snapshot. It has items, each of which is rendered by itself and gives any number of samples.
struct Family {
  std::string_view name;
  FamilyType type;
  std::string_view help;
  std::string_view level;  // the level that must be chosen; empty: always
  size_t (*count)(const RenderInput& input, const Family& family);
  void (*append)(const RenderInput& input, const Family& family, size_t item, SampleWriter& out);
  size_t list = 0;  // which of RenderInput's groups or rests it tells of

  [[nodiscard]] FamilyHead head() const { return {name, type, help}; }
};

// What of the node's active energy is in no sample of a level, by ZoneSeries.
struct RenderRest {
  std::string_view level;
  std::vector<monitor::ListRest> zones;
  bool can_pend = false;  // workloads of this level wait for their names
};

// What the samples of one snapshot are made from, by any number of scrapes at the same time: what is the same for all
// of them that want labels in the same spelling is done once. Immutable: any thread.
struct RenderInput {
  explicit RenderInput(std::shared_ptr<const monitor::Snapshot> source, RenderOptions render_options,
                       LabelSpelling label_spelling = LabelSpelling::kText)
      : RenderInput(source, std::move(render_options), label_spelling, RenderClock::Of(*source)) {}
  RenderInput(std::shared_ptr<const monitor::Snapshot> source, RenderOptions render_options,
              LabelSpelling label_spelling, RenderClock render_clock);
  RenderInput(const RenderInput&) = delete;
  RenderInput& operator=(const RenderInput&) = delete;

  const std::shared_ptr<const monitor::Snapshot> owner;
  const monitor::Snapshot& snapshot;
  const RenderOptions options;
  const LabelSpelling spelling;
  const RenderClock clock;
  const std::string node_label;                // node_name, spelt
  const std::vector<std::string> zone_labels;  // zone, spelt, by ZoneSeries
  const RenderList<monitor::ProcessLabels> processes;
  const RenderList<monitor::ContainerLabels> containers;
  const RenderList<monitor::VmLabels> vms;
  const RenderList<monitor::PodLabels> pods;
  const std::vector<RenderList<monitor::GroupLabels>> groups;  // by Snapshot::groups
  const TopProcesses top_processes;
  const std::vector<RenderRest> rests;  // of the lists that have one

 private:
  [[nodiscard]] LabelContext labels() const;

  std::deque<std::string> texts_;  // names and help texts of families

 public:
  const std::vector<Family> families;  // all in the order of the exposition
};

// Whether a level is rendered; one without a name always is.
bool IsChosen(std::string_view level, const RenderOptions& options);

}  // namespace brahe::exposition
