#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "userspace/exposition/label_spelling.h"
#include "userspace/exposition/label_twins.h"
#include "userspace/exposition/render_clock.h"
#include "userspace/exposition/sample_writer.h"
#include "userspace/exposition/series_limit.h"
#include "userspace/exposition/spare_text.h"
#include "userspace/exposition/spelt_labels.h"
#include "userspace/monitor/snapshot.h"

namespace brahe::exposition {

// What does not change from scrape to scrape.
struct RenderOptions {
  std::vector<std::string> levels;  // of node, process, container, vm, pod and those of Snapshot::groups
  // See Selector. How many processes are listed, and groups of each level; 0: all. How many series; 0: any number.
  uint64_t top_processes = 0;
  uint64_t top_groups = 0;
  uint64_t max_series = 0;
  std::string node_name;
  std::string version, revision, branch, arch;
  bool cpu_info = true;              // tell of each CPU
  bool unlisted_as_process = false;  // Kepler's families have a process that stands for all that no running one has
  bool created_lines = false;  // OpenMetrics: a counter's sample is followed by when it was 0, where that is known
};

// The workloads of one list, ready to be rendered. The list, and what `context` refers to, must outlive this. `spare`
// gives the memory for their labels, and gets it back; null: they have their own.
template <typename Labels>
class RenderList {
 public:
  RenderList(const monitor::WorkloadList<Labels>& list, const LabelContext& context,
             std::shared_ptr<SpareText> spare = nullptr)
      : workloads(list), twins(list), context_(context), spare_(std::move(spare)) {}
  RenderList(const RenderList&) = delete;
  RenderList& operator=(const RenderList&) = delete;
  ~RenderList() {
    if (spare_ != nullptr && labels_) spare_->GiveBack(std::move(*labels_).TakeText());
  }

  const monitor::WorkloadList<Labels>& workloads;
  const LabelTwins<Labels> twins;
  // Spelt when they are asked for first: a scrape need not ask for this level.
  [[nodiscard]] const SpeltLabels<Labels>& labels() const {
    std::call_once(
        spelt_, [this] { labels_.emplace(workloads, context_, spare_ != nullptr ? spare_->Take() : std::string()); });
    return *labels_;
  }

 private:
  const LabelContext context_;
  const std::shared_ptr<SpareText> spare_;
  mutable std::once_flag spelt_;
  mutable std::optional<SpeltLabels<Labels>> labels_;
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
  // `series_limit`: what was left out of `source` because of it; `spare`: memory for the labels of processes, which are
  // most of all.
  RenderInput(std::shared_ptr<const monitor::Snapshot> source, RenderOptions render_options,
              LabelSpelling label_spelling, RenderClock render_clock, SeriesLimit series_limit = {},
              std::shared_ptr<SpareText> spare = nullptr);
  RenderInput(const RenderInput&) = delete;
  RenderInput& operator=(const RenderInput&) = delete;

  const std::shared_ptr<const monitor::Snapshot> owner;
  const monitor::Snapshot& snapshot;
  const RenderOptions options;
  const LabelSpelling spelling;
  const RenderClock clock;
  const SeriesLimit limit;
  const std::string node_label;                // node_name, spelt
  const std::vector<std::string> zone_labels;  // zone, spelt, by ZoneSeries
  const RenderList<monitor::ProcessLabels> processes;
  const RenderList<monitor::ContainerLabels> containers;
  const RenderList<monitor::VmLabels> vms;
  const RenderList<monitor::PodLabels> pods;
  const std::deque<RenderList<monitor::GroupLabels>> groups;  // by Snapshot::groups
  const std::vector<RenderRest> rests;                        // of the lists that have one
  const std::vector<monitor::EnergyFigure> no_running;  // what no running process has, by ZoneSeries; empty: not shown

  // Of workloads that run.
  [[nodiscard]] LabelContext labels() const;

 private:
  std::deque<std::string> texts_;  // names and help texts of families

 public:
  const std::vector<Family> families;  // all in the order of the exposition
};

// Whether a level is rendered; one without a name always is.
bool IsChosen(std::string_view level, const RenderOptions& options);

}  // namespace brahe::exposition
