#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "userspace/base/units.h"
#include "userspace/exposition/workload_labels.h"
#include "userspace/monitor/snapshot.h"

namespace brahe::exposition {

// No bound.
inline constexpr uint64_t kAllListed = std::numeric_limits<uint64_t>::max();

// What a ListSelection needs to know of the snapshot that a list is from.
struct SelectionScene {
  uint64_t epoch = 0;
  Nanoseconds time;
  size_t zones = 0;
  size_t primary_zone = 0;
};

// Which workloads of one level have series of their own where their number is bounded, and what these show, so that in
// each list shown, unlisted and pending energy are together what they were, and no counter ever falls, the sum of what
// is not listed included:
//
// - Listed are those with the most energy in the primary zone. One that is not takes the place of the least of them
//   only if it has an eighth more, so that two that are level do not change places at every scrape.
// - What is listed from its first sight on shows all its energy. What is promoted later starts at 0, at that time: what
//   it used before stays in the rest for good. What is demoted leaves what it showed to the rest.
// - An ended workload is not promoted any more. Workloads that are printed alike, and so are one sample, are demoted
//   together.
//
// Values in, values out: no clock, no locks. It must be given the lists of one level in the order of their epochs; some
// may be missed. What it remembers is bounded by what the last list had, and is nothing while all fit.
template <typename Labels>
class ListSelection {
 public:
  using List = monitor::WorkloadList<Labels>;

  // The list as it is to be shown, with at most `most` workloads, and with its rest.
  List Show(const List& list, uint64_t most, const SelectionScene& scene);
  // Whether Show would give back `list` itself.
  [[nodiscard]] bool ShowsAll(const List& list, uint64_t most) const {
    return list.size() <= most && entries_.empty() && gone_.empty();
  }
  // How many workloads it remembers.
  [[nodiscard]] size_t size() const { return entries_.size(); }

 private:
  using Chunk = typename List::Chunk;

  struct Entry {
    bool listed = false;
    bool promoted = false;         // listed, but not from its first sight on
    monitor::PackedInstant since;  // of one that is promoted, as in WorkloadFace
    std::shared_ptr<const Labels> labels;
    std::vector<Microjoules> kept;  // by zone: what of its energy is in the rest; empty: nothing
    Nanoseconds kept_time;          // the same of its CPU time
    uint64_t round = 0;             // in which it was seen last
  };
  struct Item {
    const Chunk& chunk;
    size_t place;  // in the chunk
    size_t index;  // in the list
    uint64_t energy;
    Entry* entry;  // null: it is listed and shows all
    bool is_new;

    [[nodiscard]] const monitor::WorkloadFace<Labels>& face() const { return (*chunk.faces)[place]; }
    [[nodiscard]] bool runs() const { return face().state == monitor::WorkloadState::kRunning; }
    [[nodiscard]] bool listed() const { return entry == nullptr || entry->listed; }
  };
  using Items = std::vector<Item>;

  Items Gather(const List& list, bool bounded, const SelectionScene& scene);
  void Forget(Items& items, bool has_rest, size_t zones);
  void MoveKept(const Entry& from, Item& into, size_t zones);
  void Choose(Items& items, uint64_t most, const SelectionScene& scene);
  void Promote(Item& item, const SelectionScene& scene);
  void DemoteTwins(Items& items, const std::vector<Item*>& demoted, size_t zones);
  List Build(const List& list, const Items& items, const SelectionScene& scene);
  [[nodiscard]] std::vector<monitor::ListRest> RestOf(const List& list, const Items& items, const List& shown,
                                                      size_t zones) const;

  static void Demote(Item& item, size_t zones) {
    item.entry->listed = false;
    item.entry->promoted = false;
    KeepAll(item, zones);
  }
  // All that it has is in the rest.
  static void KeepAll(Item& item, size_t zones) {
    item.entry->kept.resize(zones);
    for (size_t zone = 0; zone < zones; ++zone) item.entry->kept[zone] = EnergyOf(item, zone);
    item.entry->kept_time = item.chunk.cpu_times[item.place];
  }
  static Microjoules EnergyOf(const Item& item, size_t zone) {
    return monitor::EnergyFigure(item.chunk.figures[item.place * item.chunk.sums.size() + zone]).energy;
  }
  static Microjoules KeptOf(const Item& item, size_t zone) {
    return item.entry == nullptr || item.entry->kept.empty() ? Microjoules{} : item.entry->kept[zone];
  }
  // Of equals the older one.
  static bool Outranks(const Item* a, const Item* b) {
    return a->energy != b->energy ? a->energy > b->energy : a->face().serial < b->face().serial;
  }

  std::unordered_map<uint64_t, Entry> entries_;  // by serial
  std::vector<Microjoules> gone_;                // by zone: kept of workloads that are gone, where the list has no rest
  uint64_t round_ = 0;
  bool bounded_ = false;  // in the last choice
  using Chosen = std::pair<uint64_t, uint64_t>;
  std::optional<Chosen> chosen_;  // the epoch and the bound of the last choice
};

template <typename Labels>
monitor::WorkloadList<Labels> ListSelection<Labels>::Show(const List& list, uint64_t most,
                                                          const SelectionScene& scene) {
  if (ShowsAll(list, most)) return list;
  const bool bounded = list.size() > most;
  if (!bounded) most = kAllListed;
  ++round_;
  Items items = Gather(list, bounded, scene);
  Forget(items, !list.rest().empty(), scene.zones);
  // A snapshot that comes again is shown alike.
  if (std::exchange(chosen_, Chosen{scene.epoch, most}) != Chosen{scene.epoch, most}) Choose(items, most, scene);
  List shown = Build(list, items, scene);
  // Without a bound those that show all need not be remembered.
  if (!bounded) std::erase_if(entries_, [](const auto& entry) { return entry.second.kept.empty(); });
  return shown;
}

template <typename Labels>
typename ListSelection<Labels>::Items ListSelection<Labels>::Gather(const List& list, bool bounded,
                                                                    const SelectionScene& scene) {
  Items items;
  items.reserve(list.size());
  for (const auto& chunk : list.chunks()) {
    for (size_t place = 0; place < chunk->faces->size(); ++place) {
      Item item{.chunk = *chunk, .place = place, .index = items.size(), .energy = 0, .entry = nullptr, .is_new = false};
      item.energy = EnergyOf(item, scene.primary_zone).value;
      const auto& face = item.face();
      auto at = entries_.find(face.serial);
      if (at == entries_.end() && bounded) {
        at = entries_.try_emplace(face.serial).first;
        at->second.labels = face.labels;
        item.is_new = true;
      }
      if (at != entries_.end()) {
        item.entry = &at->second;
        item.entry->round = round_;
        if (item.entry->labels != face.labels) {
          // Of the new labels no series began at 0.
          if (*item.entry->labels != *face.labels) item.entry->since.reset();
          item.entry->labels = face.labels;
        }
      }
      items.push_back(item);
    }
  }
  return items;
}

// Forgets what is not in the list any more. As a rule it ended, and its energy is in the list's own rest. But one that
// ended before may have been merged into another that is printed like it and ended just now: what was kept of the
// former is kept of the latter then.
template <typename Labels>
void ListSelection<Labels>::Forget(Items& items, bool has_rest, size_t zones) {
  std::vector<const Entry*> gone;
  for (const auto& [serial, entry] : entries_) {
    if (entry.round != round_ && !entry.kept.empty()) gone.push_back(&entry);
  }
  std::vector<Item*> ended;
  for (Item& item : items) {
    if (!gone.empty() && !item.runs()) ended.push_back(&item);
  }
  const auto before = [](const Item* a, const Item* b) { return PrintedBefore(*a->face().labels, *b->face().labels); };
  std::sort(ended.begin(), ended.end(), before);
  for (const Entry* entry : gone) {
    const auto at = std::lower_bound(ended.begin(), ended.end(), entry, [](const Item* item, const Entry* e) {
      return PrintedBefore(*item->face().labels, *e->labels);
    });
    if (at != ended.end() && !PrintedBefore(*entry->labels, *(*at)->face().labels)) {
      MoveKept(*entry, **at, zones);
    } else if (!has_rest) {
      gone_.resize(zones);
      for (size_t zone = 0; zone < zones; ++zone) gone_[zone] += entry->kept[zone];
    }
  }
  std::erase_if(entries_, [this](const auto& entry) { return entry.second.round != round_; });
}

template <typename Labels>
void ListSelection<Labels>::MoveKept(const Entry& from, Item& into, size_t zones) {
  if (into.entry == nullptr) {
    into.entry = &entries_.try_emplace(into.face().serial).first->second;
    into.entry->listed = true;
    into.entry->labels = into.face().labels;
    into.entry->round = round_;
  }
  Entry& entry = *into.entry;
  entry.kept.resize(zones);
  for (size_t zone = 0; zone < zones; ++zone) {
    entry.kept[zone] = std::min(entry.kept[zone] + from.kept[zone], EnergyOf(into, zone));
  }
  entry.kept_time = std::min(entry.kept_time + from.kept_time, into.chunk.cpu_times[into.place]);
}

template <typename Labels>
void ListSelection<Labels>::Choose(Items& items, uint64_t most, const SelectionScene& scene) {
  std::vector<Item*> listed, candidates, demoted;
  for (Item& item : items) {
    if (item.entry == nullptr) continue;  // only where nothing is bounded
    if (item.entry->listed) {
      listed.push_back(&item);
    } else if (item.is_new || item.runs()) {
      candidates.push_back(&item);
    }
  }
  std::sort(listed.begin(), listed.end(), [](const Item* a, const Item* b) { return Outranks(b, a); });
  const auto places = static_cast<ptrdiff_t>(std::min<uint64_t>(most, candidates.size()));
  std::partial_sort(candidates.begin(), candidates.begin() + places, candidates.end(), Outranks);
  candidates.resize(static_cast<size_t>(places));

  size_t least = 0, next = 0;
  const auto demote = [&] { demoted.push_back(listed[least++]); };
  while (listed.size() - least > most) demote();
  while (listed.size() - least + next < most && next < candidates.size()) Promote(*candidates[next++], scene);
  while (least < listed.size() && next < candidates.size() &&
         candidates[next]->energy > listed[least]->energy + listed[least]->energy / 8) {
    demote();
    Promote(*candidates[next++], scene);
  }
  for (Item* item : demoted) Demote(*item, scene.zones);
  if (!std::exchange(bounded_, most < kAllListed)) {
    // Those that are met for the first time now were all shown before.
    for (Item& item : items) {
      if (item.is_new && !item.listed()) demoted.push_back(&item);
    }
  }
  if (!demoted.empty()) DemoteTwins(items, demoted, scene.zones);
  for (Item& item : items) {
    if (!item.listed()) KeepAll(item, scene.zones);
  }
}

template <typename Labels>
void ListSelection<Labels>::Promote(Item& item, const SelectionScene& scene) {
  item.entry->listed = true;
  if (item.is_new) return;
  KeepAll(item, scene.zones);
  item.entry->promoted = true;
  item.entry->since = scene.time;
}

template <typename Labels>
void ListSelection<Labels>::DemoteTwins(Items& items, const std::vector<Item*>& demoted, size_t zones) {
  const auto before = [](const Item* a, const Item* b) { return PrintedBefore(*a->face().labels, *b->face().labels); };
  std::vector<Item*> sorted = demoted;
  std::sort(sorted.begin(), sorted.end(), before);
  const bool one_ended = std::any_of(sorted.begin(), sorted.end(), [](const Item* item) { return !item->runs(); });
  for (Item& item : items) {
    if (item.entry == nullptr || !item.entry->listed) continue;
    const bool may_be_twin = one_ended || !item.runs() || MayBePrintedAlike(*item.face().labels);
    if (!may_be_twin) continue;
    if (std::binary_search(sorted.begin(), sorted.end(), &item, before)) Demote(item, zones);
  }
}

template <typename Labels>
monitor::WorkloadList<Labels> ListSelection<Labels>::Build(const List& list, const Items& items,
                                                           const SelectionScene& scene) {
  auto chunk = std::make_shared<Chunk>(scene.zones);
  chunk->epoch = scene.epoch;
  typename Chunk::Faces faces;
  for (const Item& item : items) {
    if (!item.listed()) continue;
    auto& face = faces.emplace_back(item.face());
    if (item.entry != nullptr && item.entry->promoted) face.since = item.entry->since;
    const Nanoseconds kept_time = item.entry != nullptr ? item.entry->kept_time : Nanoseconds{};
    chunk->AddFigures(item.chunk.cpu_times[item.place] - kept_time, [&](size_t zone) {
      monitor::EnergyFigure figure = list.At(item.index, zone);
      figure.energy -= KeptOf(item, zone);
      return figure;
    });
  }
  chunk->faces = std::make_shared<const typename Chunk::Faces>(std::move(faces));
  List shown(scene.epoch, {});
  if (!chunk->faces->empty()) shown.Append(std::move(chunk));
  shown.SetRest(RestOf(list, items, shown, scene.zones));
  return shown;
}

// Where the list has no rest of its own, that is what it leaves out by the bound.
template <typename Labels>
std::vector<monitor::ListRest> ListSelection<Labels>::RestOf(const List& list, const Items& items, const List& shown,
                                                             size_t zones) const {
  std::vector<monitor::ListRest> rest = list.rest();
  if (rest.empty()) {
    for (size_t zone = 0; zone < zones; ++zone) {
      rest.push_back(
          {.unlisted = {.energy = gone_.empty() ? Microjoules{} : gone_[zone], .power = Microwatts{}}, .pending = {}});
    }
  }
  for (const Item& item : items) {
    for (size_t zone = 0; zone < zones; ++zone) rest[zone].unlisted.energy += KeptOf(item, zone);
  }
  for (size_t zone = 0; zone < zones; ++zone) {
    std::optional<Microwatts>& power = rest[zone].unlisted.power;
    const auto all = list.PowerSum(zone);
    const auto listed = shown.PowerSum(zone);
    power = power && all && listed ? std::optional(*power + *all - *listed) : std::nullopt;
  }
  return rest;
}

}  // namespace brahe::exposition
