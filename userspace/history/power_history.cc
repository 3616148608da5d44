#include "userspace/history/power_history.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace brahe::history {
namespace {

// What a name takes beside its text.
constexpr size_t kBytesPerName = 256;
// What fits in a share.
constexpr Microwatts kMostPower{std::numeric_limits<uint32_t>::max()};

const std::string& NameFrom(const monitor::ContainerLabels& labels) {
  return labels.name.empty() ? labels.id : labels.name;
}

const std::string& NameFrom(const monitor::VmLabels& labels) { return labels.name.empty() ? labels.id : labels.name; }

std::string NameFrom(const monitor::PodLabels& labels) {
  if (labels.name.empty()) return labels.id;
  return labels.name_space.empty() ? labels.name : labels.name_space + "/" + labels.name;
}

std::string NameFrom(const monitor::GroupLabels& labels) {
  std::string name;
  for (const std::string& value : labels.values) {
    if (!value.empty()) name.append(name.empty() ? "" : "/").append(value);
  }
  return name;
}

// Between two snapshots: nullopt where a counter could not be read, so that nothing was booked.
std::optional<Microwatts> PowerBetween(Microjoules before, const monitor::EnergyFigure& now, Nanoseconds duration) {
  if (now.energy == before && !now.power) return std::nullopt;
  return MeanPower(now.energy - before, duration);
}

// The indices of the zones that are kept.
std::vector<size_t> KeptOf(const monitor::Snapshot& snapshot, size_t most) {
  std::vector<size_t> kept(std::min(snapshot.zones.size(), most));
  std::iota(kept.begin(), kept.end(), 0);
  if (snapshot.primary_zone >= kept.size()) kept.back() = snapshot.primary_zone;
  return kept;
}

std::vector<std::string> NamesOf(const monitor::Snapshot& snapshot, const std::vector<size_t>& zones) {
  std::vector<std::string> names;
  for (const size_t zone : zones) names.push_back(snapshot.zones[zone].name);
  return names;
}

}  // namespace

void PowerHistory::Add(const monitor::Snapshot& snapshot) {
  if (snapshot.zones.empty() || (last_.value > 0 && snapshot.time <= last_)) return;
  const bool begins = last_.value == 0 || zones_ != NamesOf(snapshot, KeptOf(snapshot, limits_.zones)) ||
                      primary_zone_ != snapshot.zones[snapshot.primary_zone].name;
  if (begins) Restart(snapshot);
  HistoryPoint point{.end = snapshot.time,
                     .unix_ms = snapshot.unix_ms,
                     .duration = snapshot.time - last_ + (snapshot.suspended - suspended_)};
  point.zones.reserve(zones_.size());
  Microwatts active;  // of the primary zone
  for (size_t zone = 0; zone < zones_.size(); ++zone) {
    const monitor::ZoneFigures& figures = snapshot.zones[indices_[zone]].figures;
    ZoneTotal& total = zone_totals_[zone];
    const auto active_here = PowerBetween(total.active, figures.active, point.duration);
    point.zones.push_back({active_here, PowerBetween(total.idle, figures.idle, point.duration)});
    if (indices_[zone] == primary_) active = active_here.value_or(Microwatts());
    total = {.active = figures.active.energy, .idle = figures.idle.energy};
  }
  HistoryPoint* const added = begins ? nullptr : &point;
  AddLevel("container", snapshot.containers, active, added);
  AddLevel("vm", snapshot.vms, active, added);
  AddLevel("pod", snapshot.pods, active, added);
  for (const monitor::GroupList& list : snapshot.groups) AddLevel(list.level, list.groups, active, added);
  last_ = snapshot.time;
  suspended_ = snapshot.suspended;
  if (begins) return;
  point.shares.shrink_to_fit();
  points_.push_back(std::move(point));
  Forget(snapshot.time);
}

void PowerHistory::Restart(const monitor::Snapshot& snapshot) {
  indices_ = KeptOf(snapshot, limits_.zones);
  zones_ = NamesOf(snapshot, indices_);
  primary_ = snapshot.primary_zone;
  primary_zone_ = snapshot.zones[primary_].name;
  points_.clear();
  numbers_.clear();
  names_.clear();
  name_bytes_ = 0;
  totals_.clear();
  zone_totals_.assign(zones_.size(), {});
}

template <typename Labels>
void PowerHistory::AddLevel(std::string_view level, const monitor::WorkloadList<Labels>& list, Microwatts active,
                            HistoryPoint* point) {
  struct Use {
    Microjoules energy;
    size_t item;
  };
  std::vector<Use> uses;
  Totals& before = totals_[level];
  Totals now;
  now.reserve(list.size());
  for (size_t item = 0; item < list.size(); ++item) {
    const auto place = list.PlaceOf(item);
    const uint64_t serial = list.At(place).serial;
    const Microjoules energy = list.At(place, primary_).energy;
    const auto known = before.find(serial);
    const Microjoules counted = known == before.end() ? Microjoules() : known->second;
    if (energy > counted) uses.push_back({energy - counted, item});
    now.emplace(serial, energy);
  }
  before = std::move(now);
  if (point == nullptr) return;
  const size_t told = std::min(uses.size(), limits_.largest);
  std::partial_sort(uses.begin(), uses.begin() + static_cast<ptrdiff_t>(told), uses.end(),
                    [](const Use& a, const Use& b) { return a.energy > b.energy; });
  uses.resize(told);
  // Who is listed late, once its name is known, comes with energy of the time before as well: not more is told than was
  // there.
  Microwatts left = active;
  for (const Use& use : uses) {
    const Microwatts power = std::min({MeanPower(use.energy, point->duration), left, kMostPower});
    if (power.value == 0) break;
    const auto name = NumberOf(level, NameFrom(*list[use.item].labels));
    if (!name) continue;
    point->shares.push_back({.name = *name, .power_uw = static_cast<uint32_t>(power.value)});
    left -= power;
  }
}

std::optional<uint32_t> PowerHistory::NumberOf(std::string_view level, const std::string& name) {
  const auto [known, is_new] = numbers_.try_emplace(Key(level, name), next_number_);
  if (is_new) {
    const size_t bytes = kBytesPerName + name.size();
    if (name_bytes_ + bytes > limits_.name_bytes) {
      numbers_.erase(known);
      return std::nullopt;
    }
    name_bytes_ += bytes;
    names_[next_number_++] = {.level = level, .text = &known->first.second};
  }
  ++names_[known->second].shares;
  return known->second;
}

void PowerHistory::Forget(Nanoseconds now) {
  while (points_.size() > limits_.points || points_.front().end + limits_.length < now) {
    for (const HistoryPoint::Share& share : points_.front().shares) Release(share.name);
    points_.pop_front();
  }
}

void PowerHistory::Release(uint32_t number) {
  const auto name = names_.find(number);
  if (--name->second.shares > 0) return;
  name_bytes_ -= kBytesPerName + name->second.text->size();
  numbers_.erase(Key(name->second.level, *name->second.text));
  names_.erase(name);
}

}  // namespace brahe::history
