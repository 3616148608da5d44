#include "userspace/attribution/baseline_split.h"

#include <algorithm>
#include <utility>

#include "userspace/attribution/baseline_state.h"

namespace brahe::attribution {
namespace {

bool Quiet(const Load& load) {
  return ScaleDown(1'000'000, load.busy.value, load.capacity.value) < BaselineSplit::kQuietPpm;
}

bool OthersRan(const ZoneUse& use) { return use.socket && use.machine.busy > use.load.busy; }

}  // namespace

void PowerMemory::Add(Microwatts power) {
  if (powers_.size() < kKept) {
    powers_.push_back(power);
    return;
  }
  powers_[next_] = power;
  next_ = (next_ + 1) % kKept;
}

std::optional<Microwatts> PowerMemory::Level() const {
  if (powers_.size() < kEnough) return std::nullopt;
  std::vector<Microwatts> sorted = powers_;
  const auto quartile = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 4);
  std::nth_element(sorted.begin(), quartile, sorted.end());
  return *quartile;
}

std::vector<Microwatts> PowerMemory::InOrder() const {
  std::vector<Microwatts> powers = powers_;
  std::rotate(powers.begin(), powers.begin() + static_cast<std::ptrdiff_t>(next_), powers.end());
  return powers;
}

EnergySplit BaselineSplit::Split(const ZoneUse& use) {
  if (zones_.size() <= use.zone) zones_.resize(use.zone + 1);
  Learn(use);
  const std::optional<Microwatts> idle_power = IdlePower(use.zone);
  if (!idle_power) return UsageSplit().Split(use);
  const Microjoules idle = std::min(use.energy, EnergyOf(*idle_power, use.time));
  const Microjoules active = use.energy - idle;
  const std::optional<Microwatts> awake = zones_[use.zone].awake.Level();
  Microjoules shared;
  if (OthersRan(use) && awake > idle_power) shared = std::min(active, EnergyOf(*awake - *idle_power, use.time));
  return {.own = active - shared, .shared = shared, .idle = idle};
}

std::optional<Microwatts> BaselineSplit::IdlePower(size_t zone) const {
  return zone < zones_.size() ? zones_[zone].quiet.Level() : std::nullopt;
}

void BaselineSplit::Learn(const ZoneUse& use) {
  // No energy at all is a counter that stands still, and no machine that draws nothing.
  if (use.gap || use.time < kShortest || use.energy.value == 0) return;
  ZoneBaseline& zone = zones_[use.zone];
  const Microwatts power = MeanPower(use.energy, use.time);
  const std::optional<Microwatts> level = zone.quiet.Level();
  if (Quiet(use.machine) || (level && power < *level)) {
    zone.quiet.Add(power);
  } else if (OthersRan(use) && Quiet(use.load)) {
    zone.awake.Add(power);
  }
}

void BaselineSplit::WriteState(const std::vector<std::string>& zones, ProtobufWriter& writer) const {
  WriteBaseline(zones_, zones, writer);
}

}  // namespace brahe::attribution
