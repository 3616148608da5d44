#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <unordered_set>
#include <vector>

#include "userspace/exposition/workload_labels.h"
#include "userspace/monitor/snapshot.h"

namespace brahe::exposition {

// Workloads of one list that are printed with the same labels: a pid that was used twice, a container that ended twice.
// Prometheus rejects a whole scrape for one series that is in it twice, so terminated twins become one sample, the sum
// of them all, in the place of the first. Running workloads have a pid or an id each and are no twins of each other,
// but for what users name, by any bytes: see MayBePrintedAlike. The list must
// outlive this. Costs next to nothing without terminated items. Immutable: any thread.
template <typename Labels>
class LabelTwins {
 public:
  explicit LabelTwins(const monitor::WorkloadList<Labels>& list) : list_(list), may_have_twins_(list.size()) {
    size_t item = 0;
    for (const auto& chunk : list.chunks()) {
      for (const monitor::WorkloadFace<Labels>& face : *chunk->faces) {
        const bool runs = face.state == monitor::WorkloadState::kRunning;
        may_have_twins_[item] = !runs || MayBePrintedAlike(*face.labels);
        if (may_have_twins_[item]) (runs ? running_ : terminated_).push_back(item);
        ++item;
      }
    }
    std::stable_sort(running_.begin(), running_.end(), Order{list});
    if (terminated_.empty()) return;
    std::stable_sort(terminated_.begin(), terminated_.end(), Order{list});
    for (item = 0; item < list.size(); ++item) {
      if (list[item].state == monitor::WorkloadState::kRunning) MarkTwinsOf(item);
    }
  }

  // The items that are printed as one sample in the place of `item`: that item alone as a rule, and none where it is
  // part of the sample of an earlier one. The result may refer to `item` itself.
  [[nodiscard]] std::span<const size_t> Group(const size_t& item) const {
    if (!may_have_twins_[item]) return {&item, 1};
    const bool runs = list_[item].state == monitor::WorkloadState::kRunning;
    const std::vector<size_t>& sorted = runs ? running_ : terminated_;
    const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), item, Order{list_});
    if (*first != item) return {};
    return {first, last};
  }

  // True for a terminated item with the labels, but for the state, of a running one.
  [[nodiscard]] bool HasRunningTwin(size_t item) const { return twins_of_running_.contains(item); }
  // The terminated items that have them.
  [[nodiscard]] std::span<const size_t> TerminatedTwinsOf(size_t running) const {
    // They are looked for once, when this is made: an exposition may ask for each item more than once.
    if (!have_terminated_twins_.contains(running)) return {};
    return FindTerminatedTwinsOf(running);
  }

 private:
  struct Order {
    const monitor::WorkloadList<Labels>& list;
    bool operator()(size_t a, size_t b) const { return PrintedBefore(*list[a].labels, *list[b].labels); }
  };

  [[nodiscard]] std::span<const size_t> FindTerminatedTwinsOf(size_t running) const {
    const auto [first, last] = std::equal_range(terminated_.begin(), terminated_.end(), running, Order{list_});
    return {first, last};
  }
  void MarkTwinsOf(size_t running) {
    const std::span<const size_t> twins = FindTerminatedTwinsOf(running);
    if (twins.empty()) return;
    have_terminated_twins_.insert(running);
    twins_of_running_.insert(twins.begin(), twins.end());
  }

  const monitor::WorkloadList<Labels>& list_;
  std::vector<bool> may_have_twins_;  // by item; a table, since an exposition asks for each item six times and more
  // In Order; twins by their place in the list.
  std::vector<size_t> running_;  // only those that may be printed alike
  std::vector<size_t> terminated_;
  std::unordered_set<size_t> twins_of_running_;
  std::unordered_set<size_t> have_terminated_twins_;  // running ones
};

}  // namespace brahe::exposition
