#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "userspace/monitor/snapshot.h"

namespace brahe::exposition {

// The workloads of a list that an earlier list had not, or had under other labels or in another state. What both lists
// share costs nothing. The lists must outlive this. Immutable: any thread.
template <typename Labels>
class NewItems {
 public:
  using List = monitor::WorkloadList<Labels>;

  struct Item {
    size_t item = 0;               // its place in the list
    std::optional<size_t> before;  // its place in the earlier list
    bool relabelled = false;       // it stands there under other labels
  };

  NewItems(const List& before, const List& now) : before_(&before), now_(&now) {
    std::unordered_set<const void*> shared;
    for (const auto& chunk : now.chunks()) shared.insert(chunk->faces.get());
    std::unordered_set<const void*> old;
    std::unordered_map<uint64_t, size_t> places;  // by serial, of what is not shared
    size_t place = 0;
    for (const auto& chunk : before.chunks()) {
      old.insert(chunk->faces.get());
      const bool is_shared = shared.contains(chunk->faces.get());
      for (size_t i = 0; !is_shared && i < chunk->faces->size(); ++i)
        places.emplace((*chunk->faces)[i].serial, place + i);
      place += chunk->faces->size();
    }
    place = 0;
    for (const auto& chunk : now.chunks()) {
      if (!old.contains(chunk->faces.get())) AddNewOf(*chunk->faces, place, places);
      place += chunk->faces->size();
    }
  }

  [[nodiscard]] size_t size() const { return items_.size(); }
  // Null for one that is not new.
  [[nodiscard]] const Item* Find(size_t item) const {
    const auto at = std::lower_bound(items_.begin(), items_.end(), item,
                                     [](const Item& each, size_t sought) { return each.item < sought; });
    return at != items_.end() && at->item == item ? &*at : nullptr;
  }
  [[nodiscard]] const List& before() const { return *before_; }
  [[nodiscard]] const List& now() const { return *now_; }

 private:
  void AddNewOf(const typename List::Chunk::Faces& faces, size_t first,
                const std::unordered_map<uint64_t, size_t>& places) {
    for (size_t i = 0; i < faces.size(); ++i) {
      const auto found = places.find(faces[i].serial);
      if (found == places.end()) {
        items_.push_back({.item = first + i, .before = {}, .relabelled = false});
        continue;
      }
      const monitor::Workload<Labels> old = (*before_)[found->second];
      const bool relabelled = old.labels != faces[i].labels && *old.labels != *faces[i].labels;
      if (!relabelled && old.state == faces[i].state) continue;
      items_.push_back({.item = first + i, .before = found->second, .relabelled = relabelled});
    }
  }

  const List* before_;
  const List* now_;
  std::vector<Item> items_;  // by place
};

// What of a snapshot is new to a scraper, and when its series began for it. For each series that the scraper has not
// seen, it is told what that series began with, as samples with timestamps before the scrape's: Prometheus counts what
// a counter rises by from one sample to the next, and would else miss all that it had reached when it was first seen.
// Immutable: any thread.
class NewSeries {
 public:
  using Snapshots = std::shared_ptr<const monitor::Snapshot>;

  // `before`: what the scraper was last given, at `before_ms` in Unix time; `levels`: those that are rendered;
  // `most_samples`: how many may be added. Null where nothing can be told: the zones are others now, the scrapes are
  // too near to each other for a timestamp between, or there is no room for one sample of each.
  static std::shared_ptr<const NewSeries> Between(Snapshots before, uint64_t before_ms, Snapshots now, uint64_t now_ms,
                                                  const std::vector<std::string>& levels,
                                                  uint64_t most_samples = std::numeric_limits<uint64_t>::max());

  // What is new of a list of the snapshot.
  template <typename Labels>
  [[nodiscard]] const NewItems<Labels>* Of(const monitor::WorkloadList<Labels>& list) const {
    for (const NewItems<Labels>& items : Lists<Labels>()) {
      if (&items.now() == &list) return &items;
    }
    return nullptr;
  }

  // How often the first value of each new series of a list is told, a millisecond apart. increase() adds half the mean
  // distance of a series' samples to what it rose by between them, which is half of that for a series of two samples
  // and next to nothing where many stand close together. Fewer where many series of the list are new, so that a scrape
  // does not grow beyond bounds.
  template <typename Labels>
  [[nodiscard]] size_t RepeatsOf(const NewItems<Labels>& items) const {
    const size_t samples = items.size() * (now_->zones.size() + 1);
    return std::clamp<size_t>(kMostSamples / std::max<size_t>(samples, 1), 1, most_repeats_);
  }

  // The timestamp of the last of the samples before the scrape's: `unix_ms`, when the series began, or the nearest that
  // is surely after all of the last scrape's samples and before all of this one's.
  [[nodiscard]] uint64_t TimeOf(std::optional<uint64_t> unix_ms) const {
    return std::clamp(unix_ms.value_or(earliest_ms_), earliest_ms_, latest_ms_);
  }

 private:
  static constexpr size_t kMostRepeats = 128;
  static constexpr size_t kMostSamples = 4096;  // of a list's new series, but each has one at least

  template <typename Labels>
  using Items = std::vector<NewItems<Labels>>;

  NewSeries(Snapshots before, Snapshots now) : before_(std::move(before)), now_(std::move(now)) {}

  template <typename Labels>
  [[nodiscard]] const Items<Labels>& Lists() const {
    if constexpr (std::is_same_v<Labels, monitor::ProcessLabels>) return processes_;
    if constexpr (std::is_same_v<Labels, monitor::ContainerLabels>) return containers_;
    if constexpr (std::is_same_v<Labels, monitor::VmLabels>) return vms_;
    if constexpr (std::is_same_v<Labels, monitor::PodLabels>) return pods_;
    if constexpr (std::is_same_v<Labels, monitor::GroupLabels>) return groups_;
  }
  void Compare(const std::vector<std::string>& levels);

  const Snapshots before_, now_;
  Items<monitor::ProcessLabels> processes_;  // one or, where the level is not rendered, none; so are the next three
  Items<monitor::ContainerLabels> containers_;
  Items<monitor::VmLabels> vms_;
  Items<monitor::PodLabels> pods_;
  Items<monitor::GroupLabels> groups_;
  uint64_t earliest_ms_ = 0, latest_ms_ = 0;
  size_t most_repeats_ = 1;
};

}  // namespace brahe::exposition
