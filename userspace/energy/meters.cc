#include "userspace/energy/meters.h"

#include <glog/logging.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "userspace/base/values.h"
#include "userspace/energy/fake_meter.h"
#include "userspace/energy/hwmon_meter.h"
#include "userspace/energy/model_meter.h"
#include "userspace/energy/perf_meter.h"
#include "userspace/energy/powercap_meter.h"

namespace brahe::energy {
namespace {

using MeterResult = Result<std::unique_ptr<EnergyMeter>>;

MeterResult OpenModelMeter(const MeterOptions& options, const Clock& /*clock*/) { return ModelMeter::Open(options); }

MeterResult OpenFakeMeter(const MeterOptions& /*options*/, const Clock& clock) {
  return std::unique_ptr<EnergyMeter>(std::make_unique<FakeMeter>(clock));
}

MeterResult NotYet(const MeterOptions& /*options*/, const Clock& /*clock*/) {
  return MakeError("a meter of Kepler's that is not supported in this release");
}

struct MeterKind {
  std::string_view name;
  MeterResult (*open)(const MeterOptions& options, const Clock& clock);
};

constexpr std::array<MeterKind, 6> kKinds = {{
    {"rapl", PowercapMeter::Open},
    {"perf", PerfMeter::Open},
    {"hwmon", HwmonMeter::Open},
    {"model", OpenModelMeter},
    {"fake", OpenFakeMeter},
    {"msr", NotYet},
}};

const MeterKind* FindKind(std::string_view name) {
  const auto kind = std::find_if(kKinds.begin(), kKinds.end(), [&](const MeterKind& k) { return k.name == name; });
  return kind == kKinds.end() ? nullptr : &*kind;
}

std::string KnownNames() {
  std::string names;
  for (const MeterKind& kind : kKinds) names += (names.empty() ? "" : ", ") + std::string(kind.name);
  return names;
}

bool Names(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

// What is tried, in this order.
std::vector<std::string> Order(const MeterOptions& options) {
  std::vector<std::string> order = options.preferred;
  if (options.hwmon.force) {
    std::erase(order, "hwmon");
    order.insert(order.begin(), "hwmon");
  }
  if (!Names(order, "hwmon") && !Names(order, "msr")) return order;
  for (const std::string& name : MeterOptions().preferred) {
    if (!Names(order, name)) order.push_back(name);
  }
  return order;
}

void SayChosen(const EnergyMeter& meter, const MeterOptions& options) {
  LOG(INFO) << "Energy meter: " << meter.name() << ", zones: " << meter.zones().size();
  if (meter.measured()) return;
  const std::string cause = Names(options.preferred, meter.name())
                                ? ""
                                : ": none of " + Joined(options.preferred) + " in cpu.preferredMeters works here";
  LOG(WARNING) << "Energy is " << (meter.name() == "fake" ? "made up" : "estimated from CPU time")
               << ", not measured (meter \"" << meter.name() << "\")" << cause
               << ". For a real sensor, run on hardware with RAPL (Intel, or AMD since Zen), with the "
               << "kernel module intel_rapl_msr (or rapl, for perf) loaded, as root, and with \"rapl\" and \"perf\" "
               << "first in cpu.preferredMeters";
}

}  // namespace

Result<std::unique_ptr<EnergyMeter>> ChooseMeter(const MeterOptions& options, const Clock& clock) {
  if (options.preferred.empty()) return MakeError("cpu.preferredMeters is empty; name some of: " + KnownNames());
  for (const std::string& name : options.preferred) {
    if (FindKind(name) == nullptr) {
      return MakeError("cpu.preferredMeters: there is no meter \"" + name + "\"; there are: " + KnownNames());
    }
  }
  std::string reasons;
  for (const std::string& name : Order(options)) {
    auto meter = FindKind(name)->open(options, clock);
    if (meter) {
      SayChosen(**meter, options);
      return meter;
    }
    LOG(INFO) << "Energy meter " << name << " is not used: " << meter.error().message;
    reasons += (reasons.empty() ? "" : "; ") + name + ": " + meter.error().message;
  }
  return MakeError("no energy meter of cpu.preferredMeters works: " + reasons +
                   (Names(options.preferred, "model") ? "" : "; to start without a sensor, add model to the list"));
}

}  // namespace brahe::energy
