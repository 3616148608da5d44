#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "userspace/base/units.h"

namespace brahe::monitor {

enum class WorkloadState : uint8_t { kRunning, kTerminated };

// Energy since the start and mean power over the last epoch. nullopt: not known in that epoch (a zone was unreadable).
struct EnergyFigure {
  Microjoules energy;
  std::optional<Microwatts> power;
};

// An instant or none, as std::optional, in half its space.
class PackedInstant {
 public:
  PackedInstant(std::nullopt_t = std::nullopt) : instant_(kNone) {}
  PackedInstant(Nanoseconds instant) : instant_(instant) {}
  PackedInstant(std::optional<Nanoseconds> instant) : instant_(instant.value_or(kNone)) {}

  explicit operator bool() const { return instant_ != kNone; }
  // Only where there is one.
  Nanoseconds operator*() const { return instant_; }
  void reset() { instant_ = kNone; }
  bool operator==(const PackedInstant&) const = default;

 private:
  static constexpr Nanoseconds kNone{UINT64_MAX};  // 584 years

  Nanoseconds instant_;
};

// What a workload is, apart from its figures. `labels` are shared by all snapshots that list it.
template <typename Labels>
struct WorkloadFace {
  std::shared_ptr<const Labels> labels;
  WorkloadState state = WorkloadState::kRunning;
  // When its figures began to count, from 0, on CLOCK_MONOTONIC: the begin of the epoch that it was first met in.
  // nullopt: its labels have changed since it was first listed, so that no series of these labels began at 0.
  PackedInstant since = {};
  uint64_t serial = 0;    // no other workload of its level has or had the same
  uint64_t start_ns = 0;  // of a process: as in its ProcessKey
};

// A line in a list of workloads. It refers to the list, which has its energy by zone.
template <typename Labels>
struct Workload {
  const std::shared_ptr<const Labels>& labels;
  WorkloadState state;
  Nanoseconds cpu_time;
  PackedInstant since;  // these two as in WorkloadFace
  uint64_t serial;
};

// What of the node's active energy in one series is in none of a list's workloads. Energy listed, unlisted and pending
// is active energy, to the microjoule, and so is power.
struct ListRest {
  EnergyFigure unlisted;  // for good: its energy never goes down; its power is that of the pending energy as well
  Microjoules pending;    // of workloads that are listed as soon as they have their names
};

// An EnergyFigure in the space of two numbers.
class PackedFigure {
 public:
  PackedFigure(const EnergyFigure& figure) : energy_(figure.energy), power_(figure.power.value_or(kUnknown)) {}
  operator EnergyFigure() const { return {energy_, power_ == kUnknown ? std::nullopt : std::optional(power_)}; }

 private:
  static constexpr Microwatts kUnknown{UINT64_MAX};  // no power: 18 terawatts

  Microjoules energy_;
  Microwatts power_;
};

// Some workloads that stand together in a list, as they were after one epoch.
template <typename Labels>
struct WorkloadChunk {
  using Faces = std::vector<WorkloadFace<Labels>>;

  uint64_t epoch = 0;                  // after which it was made
  std::shared_ptr<const Faces> faces;  // shared by chunks that differ in their figures only
  std::vector<Nanoseconds> cpu_times;
  std::vector<PackedFigure> figures;  // item * number of series + series
  std::vector<EnergyFigure> sums;     // of the items' figures, by series; no power if one's is not known

  explicit WorkloadChunk(size_t series) : sums(series, {.energy = {}, .power = Microwatts{}}) {}

  // The next item's figures. `of_item` has one for each of `sums`.
  void AddFigures(Nanoseconds cpu_time, const auto& of_item) {
    cpu_times.push_back(cpu_time);
    for (size_t series = 0; series < sums.size(); ++series) {
      const EnergyFigure figure = of_item(series);
      figures.push_back(figure);
      EnergyFigure& sum = sums[series];
      sum.energy += figure.energy;
      sum.power = sum.power && figure.power ? std::optional(*sum.power + *figure.power) : std::nullopt;
    }
  }
};

// The workloads of one level after an epoch, oldest first. It is made of chunks that it shares with the lists of other
// epochs: a chunk in which nobody has used time since stays as it is. Immutable once published; any thread may read it.
template <typename Labels>
class WorkloadList {
 public:
  using Chunk = WorkloadChunk<Labels>;

  WorkloadList() = default;
  // `power_at_rest`: by series, the power of those who used no time in `epoch`. It is 0, or not known.
  WorkloadList(uint64_t epoch, std::vector<std::optional<Microwatts>> power_at_rest)
      : epoch_(epoch), power_at_rest_(std::move(power_at_rest)) {}

  void Reserve(size_t chunks) {
    chunks_.reserve(chunks);
    starts_.reserve(chunks);
  }
  // `chunk` is not empty.
  void Append(std::shared_ptr<const Chunk> chunk) {
    starts_.push_back(static_cast<uint32_t>(size_));
    size_ += chunk->faces->size();
    chunks_.push_back(std::move(chunk));
  }

  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] Workload<Labels> operator[](size_t item) const { return At(PlaceOf(item)); }
  class Iterator {
   public:
    Iterator(const WorkloadList& list, size_t item) : list_(list), item_(item) {}
    Workload<Labels> operator*() const { return list_[item_]; }
    Iterator& operator++() {
      ++item_;
      return *this;
    }
    bool operator==(const Iterator& other) const { return item_ == other.item_; }

   private:
    const WorkloadList& list_;
    size_t item_;
  };
  [[nodiscard]] Iterator begin() const { return {*this, 0}; }
  [[nodiscard]] Iterator end() const { return {*this, size_}; }
  [[nodiscard]] EnergyFigure At(size_t item, size_t series) const { return At(PlaceOf(item), series); }

  // Where an item stands: for who asks for more than one thing of it, since that is looked for.
  struct Place {
    const Chunk& chunk;
    size_t place;
  };
  [[nodiscard]] Place PlaceOf(size_t item) const {
    const auto after = std::upper_bound(starts_.begin(), starts_.end(), item);
    const auto index = static_cast<size_t>(after - starts_.begin()) - 1;
    return {*chunks_[index], item - starts_[index]};
  }
  [[nodiscard]] Workload<Labels> At(const Place& at) const {
    const WorkloadFace<Labels>& face = (*at.chunk.faces)[at.place];
    return {face.labels, face.state, at.chunk.cpu_times[at.place], face.since, face.serial};
  }
  [[nodiscard]] EnergyFigure At(const Place& at, size_t series) const {
    EnergyFigure figure = at.chunk.figures[at.place * at.chunk.sums.size() + series];
    // Nobody in an older chunk has used time since.
    if (at.chunk.epoch != epoch_) figure.power = power_at_rest_[series];
    return figure;
  }

  // The energy of all.
  [[nodiscard]] Microjoules Sum(size_t series) const {
    Microjoules sum;
    for (const auto& chunk : chunks_) sum += chunk->sums[series].energy;
    return sum;
  }

  // The power of all; nullopt where that of one is not known.
  [[nodiscard]] std::optional<Microwatts> PowerSum(size_t series) const;

  // By series; empty where nobody keeps it for this list.
  [[nodiscard]] const std::vector<ListRest>& rest() const { return rest_; }
  void SetRest(std::vector<ListRest> rest) { rest_ = std::move(rest); }

  [[nodiscard]] const std::vector<std::shared_ptr<const Chunk>>& chunks() const { return chunks_; }

 private:
  uint64_t epoch_ = 0;
  std::vector<std::optional<Microwatts>> power_at_rest_;
  size_t size_ = 0;
  std::vector<std::shared_ptr<const Chunk>> chunks_;
  std::vector<uint32_t> starts_;  // by chunk: its first item
  std::vector<ListRest> rest_;
};

template <typename Labels>
std::optional<Microwatts> WorkloadList<Labels>::PowerSum(size_t series) const {
  if (!power_at_rest_.empty() && !power_at_rest_[series]) return std::nullopt;
  Microwatts sum;
  for (const auto& chunk : chunks_) {
    if (chunk->epoch != epoch_) continue;  // all its workloads were at rest
    const std::optional<Microwatts> power = chunk->sums[series].power;
    if (!power) return std::nullopt;
    sum += *power;
  }
  return sum;
}

}  // namespace brahe::monitor
