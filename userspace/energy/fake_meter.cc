#include "userspace/energy/fake_meter.h"

#include <algorithm>
#include <array>

namespace brahe::energy {
namespace {

struct FakeZone {
  const char* name;
  const char* path;
  Microwatts power;
};

constexpr std::array<FakeZone, 3> kZones = {{
    {"package", "fake/package", Watts(40)},
    {"core", "fake/core", Watts(25)},
    {"dram", "fake/dram", Watts(5)},
}};

std::vector<Zone> MakeZones() {
  std::vector<Zone> zones;
  zones.reserve(kZones.size());
  for (const FakeZone& zone : kZones) zones.push_back({.name = zone.name, .path = zone.path, .socket = {}});
  return zones;
}

}  // namespace

FakeMeter::FakeMeter(const Clock& clock) : clock_(clock), zones_(MakeZones()) {}

void FakeMeter::Sample() {
  if (!start_) start_ = clock_.Now();
}

EnergyEpoch FakeMeter::Collect(const MeterEpoch& epoch) {
  const Nanoseconds start = start_.value_or(epoch.end);
  const Nanoseconds until = std::max(collected_, epoch.end > start ? epoch.end - start : Nanoseconds{});
  EnergyEpoch energy;
  for (const FakeZone& zone : kZones) {
    energy.used.push_back(EnergyOf(zone.power, until) - EnergyOf(zone.power, collected_));
  }
  collected_ = until;
  return energy;
}

MeterState FakeMeter::State() const {
  MeterState state;
  for (const Zone& zone : zones_) {
    MeterZoneState& of = state.zones.emplace_back();
    of.source = "fake";
    of.zone = zone;
    if (start_) of.pending = {.older = {}, .last = {}, .begin = *start_, .end = *start_ + collected_};
  }
  return state;
}

void FakeMeter::Resume(const MeterState& state) {
  const MeterZoneState* const first = FindZones("fake", zones_, state).front();
  if (first == nullptr) return;
  const Nanoseconds begin = first->pending.begin, end = first->pending.end;
  if (begin.value == 0 || end < begin || end > clock_.Now()) return;
  start_ = begin;
  collected_ = end - begin;
}

}  // namespace brahe::energy
