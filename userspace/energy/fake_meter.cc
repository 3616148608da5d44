#include "userspace/energy/fake_meter.h"

#include <array>

namespace brahe {
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
  const Nanoseconds now = clock_.Now();
  if (!start_) start_ = now;
  sampled_ = now - *start_;
}

EnergyEpoch FakeMeter::Collect(const CpuLoad& /*load*/) {
  EnergyEpoch epoch;
  for (const FakeZone& zone : kZones) {
    epoch.used.push_back(EnergyOf(zone.power, sampled_) - EnergyOf(zone.power, collected_));
  }
  collected_ = sampled_;
  return epoch;
}

}  // namespace brahe
