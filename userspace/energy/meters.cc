#include "userspace/energy/meters.h"

#include <glog/logging.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "userspace/base/values.h"
#include "userspace/energy/composed_meter.h"
#include "userspace/energy/fake_meter.h"
#include "userspace/energy/guest_meter.h"
#include "userspace/energy/hwmon_meter.h"
#include "userspace/energy/model_meter.h"
#include "userspace/energy/msr_meter.h"
#include "userspace/energy/perf_meter.h"
#include "userspace/energy/powercap_meter.h"

namespace brahe::energy {
namespace {

using MeterResult = Result<std::unique_ptr<EnergyMeter>>;

constexpr std::string_view kModel = "model";

// What the model may estimate beside `sources`: packages, if there is no sensor at all, or as the reserve of sensors of
// those; see ModelMeter for the rest.
MeterResult OpenModelMeter(const MeterOptions& options, const std::vector<EnergySource>& sources) {
  std::vector<std::optional<uint32_t>> sockets;
  for (const EnergySource& source : sources) {
    // What the host says of this machine, nobody here can estimate.
    if (source.name == "guest") return ModelMeter::Open(options, {});
    for (const Zone& zone : source.meter->zones()) {
      const bool is_new = std::find(sockets.begin(), sockets.end(), zone.socket) == sockets.end();
      if (zone.name == "package" && is_new) sockets.push_back(zone.socket);
    }
    if (!sockets.empty()) break;
  }
  if (sources.empty()) sockets.emplace_back();
  return ModelMeter::Open(options, sockets);
}

MeterResult OpenFakeMeter(const MeterOptions& /*options*/, const Clock& clock) {
  return std::unique_ptr<EnergyMeter>(std::make_unique<FakeMeter>(clock));
}

struct MeterKind {
  std::string_view name;
  MeterResult (*open)(const MeterOptions& options, const Clock& clock);  // null: the model
};

constexpr std::array<MeterKind, 7> kKinds = {{
    {"guest", GuestMeter::Open},
    {"rapl", PowercapMeter::Open},
    {"perf", PerfMeter::Open},
    {"hwmon", HwmonMeter::Open},
    {kModel, nullptr},
    {"fake", OpenFakeMeter},
    {"msr", MsrMeter::Open},
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
  // What the host says of this machine is more than what sensors say that it can see.
  if (!options.guest_path.empty()) {
    std::erase(order, "guest");
    order.insert(order.begin(), "guest");
  }
  if (!Names(order, "hwmon") && !Names(order, "msr")) return order;
  for (const std::string& name : MeterOptions().preferred) {
    if (!Names(order, name)) order.push_back(name);
  }
  return order;
}

// By a setting of its own, which would be without effect and nobody told.
bool WasAskedFor(std::string_view name, const MeterOptions& options) {
  if (name == "hwmon") return !options.hwmon.zones.empty() || !options.hwmon.rules.empty();
  return name == "msr" || name == kModel;
}

// "rapl: package, dram; hwmon: platform".
std::string Described(const std::vector<Zone>& zones, const std::vector<ZoneState>& states) {
  std::string text;
  for (size_t z = 0; z < zones.size(); ++z) {
    if (z != 0 && states[z].source == states[z - 1].source) {
      if (zones[z].name != zones[z - 1].name) text += ", " + zones[z].name;
    } else {
      text += (text.empty() ? "" : "; ") + states[z].source + ": " + zones[z].name;
    }
  }
  return text;
}

// And not only memory, of which there is nothing more to say.
bool EstimatesPackages(const std::vector<Zone>& zones, const std::vector<ZoneState>& states) {
  for (size_t z = 0; z < zones.size(); ++z) {
    if (zones[z].name == "package" && states[z].source == kModel) return true;
  }
  return false;
}

void SayChosen(const EnergyMeter& meter, const MeterOptions& options) {
  const std::vector<ZoneState> states = meter.States();
  LOG(INFO) << "Energy meter: " << Described(meter.zones(), states) << " (zones: " << states.size() << ")";
  if (EstimatesPackages(meter.zones(), states)) LogModel(options);
  const auto is_measured = [](const ZoneState& state) { return state.measured; };
  if (std::any_of(states.begin(), states.end(), is_measured)) return;
  const std::string& name = states.front().source;
  const std::string cause = Names(options.preferred, name)
                                ? ""
                                : ": none of " + Joined(options.preferred) + " in cpu.preferredMeters works here";
  LOG(WARNING) << "Energy is " << (name == "fake" ? "made up" : "estimated from CPU time") << ", not measured (meter \""
               << name << "\")" << cause
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
  std::vector<EnergySource> sources;
  std::string reasons;
  for (const std::string& name : Order(options)) {
    const MeterKind& kind = *FindKind(name);
    // Made-up energy is nothing to add to what is known, nor to take the place of it.
    if (name == "fake" && !sources.empty()) continue;
    auto meter = kind.open != nullptr ? kind.open(options, clock) : OpenModelMeter(options, sources);
    if (meter) {
      if (!(*meter)->zones().empty()) sources.push_back({name, *std::move(meter)});
      continue;
    }
    // What is not there is nobody's loss where another sensor is, unless it was asked for.
    if (sources.empty() || WasAskedFor(name, options)) {
      LOG(INFO) << "Energy meter " << name << " is not used: " << meter.error().message;
    }
    reasons += (reasons.empty() ? "" : "; ") + name + ": " + meter.error().message;
  }
  if (!sources.empty()) {
    auto meter = std::make_unique<ComposedMeter>(std::move(sources));
    SayChosen(*meter, options);
    return std::unique_ptr<EnergyMeter>(std::move(meter));
  }
  return MakeError("no energy meter of cpu.preferredMeters works: " + reasons +
                   (Names(options.preferred, kModel) ? "" : "; to start without a sensor, add model to the list"));
}

}  // namespace brahe::energy
