#include "userspace/energy/hwmon_meter.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/base/values.h"

namespace brahe::energy {
namespace {

std::vector<Zone> ZonesOf(const std::vector<HwmonSensor>& sensors) {
  std::vector<Zone> zones;
  zones.reserve(sensors.size());
  for (const HwmonSensor& sensor : sensors) zones.push_back(sensor.zone);
  return zones;
}

// That the battery feeds the machine now.
Status CheckDischarges(const std::string& status_file) {
  const auto status = ReadFile(status_file);
  if (!status) return status.error();
  if (Trim(*status) == "Discharging") return {};
  return MakeError(status_file + " is " + Quoted(Trim(*status)) +
                   ", and only a battery that discharges tells what the machine draws");
}

}  // namespace

Result<std::unique_ptr<EnergyMeter>> HwmonMeter::Open(const MeterOptions& given, const Clock& clock) {
  MeterOptions options = given;
  options.sysfs_root = WithoutSlashAtEnd(given.sysfs_root);
  const auto sensors = FindHwmonSensors(options.sysfs_root, options.hwmon);
  if (!sensors) return sensors.error();
  std::unique_ptr<HwmonMeter> meter(new HwmonMeter(options, clock, *sensors));
  if (const Status opened = meter->OpenAll(); !opened) {
    return IsPermission(opened.error()) ? Error{opened.error().code, opened.error().message + ": run as root"}
                                        : opened.error();
  }
  return std::unique_ptr<EnergyMeter>(std::move(meter));
}

HwmonMeter::HwmonMeter(const MeterOptions& options, const Clock& clock, const std::vector<HwmonSensor>& sensors)
    : sysfs_root_(options.sysfs_root),
      options_(options.hwmon),
      plausible_power_(options.plausible_power),
      clock_(clock),
      accounts_("hwmon", ZonesOf(sensors), options.plausible_power) {
  for (const HwmonSensor& sensor : sensors) gauges_.emplace_back().sensor = sensor;
}

void HwmonMeter::Sample() {
  const auto is_lost = [](const Gauge& gauge) {
    return !gauge.file.is_open() || (gauge.sensor.source == HwmonSource::kPair && !gauge.current.is_open());
  };
  const bool lost = std::any_of(gauges_.begin(), gauges_.end(), is_lost);
  const auto found =
      lost ? FindHwmonSensors(sysfs_root_, options_) : Result<std::vector<HwmonSensor>>(std::vector<HwmonSensor>());
  for (size_t i = 0; i < gauges_.size(); ++i) {
    Status sampled = is_lost(gauges_[i]) ? FindAgain(gauges_[i], found) : Status();
    if (sampled) sampled = SampleGauge(i);
    if (!sampled) accounts_.Fail(i, sampled.error());
  }
  accounts_.EndSample();
}

std::optional<Nanoseconds> HwmonMeter::MaxSampleInterval() const {
  const auto is_counter = [](const Gauge& gauge) { return gauge.sensor.source == HwmonSource::kEnergy; };
  if (std::all_of(gauges_.begin(), gauges_.end(), is_counter)) return std::nullopt;
  return Seconds(1);
}

MeterState HwmonMeter::State() const {
  MeterState state = accounts_.State();
  for (size_t i = 0; i < gauges_.size(); ++i) {
    const auto integral = gauges_[i].integral.values();
    if (!integral) continue;
    state.zones[i].power = integral->power;
    state.zones[i].remainder = integral->remainder;
  }
  return state;
}

void HwmonMeter::Resume(const MeterState& state) {
  accounts_.Resume(state, clock_);
  const MeterState resumed = accounts_.State();
  for (size_t i = 0; i < gauges_.size(); ++i) {
    const std::optional<CounterReading>& last = resumed.zones[i].last;
    if (!last) continue;
    const MeterZoneState& before =
        *std::find_if(state.zones.begin(), state.zones.end(),
                      [&](const MeterZoneState& zone) { return zone.source == "hwmon" && zone.zone == zones()[i]; });
    const bool is_counter = gauges_[i].sensor.source == HwmonSource::kEnergy;
    // What was read in another way before is no reading of this one.
    if (is_counter == before.power.has_value()) {
      accounts_.StartAnew(i);
    } else if (!is_counter) {
      gauges_[i].integral = PowerIntegral(
          {.power = *before.power, .time = last->time, .energy = last->energy, .remainder = before.remainder});
    }
  }
}

// Opens every sensor. If none can be read, an Error that tells why: for lack of permission, if that is so for any.
Status HwmonMeter::OpenAll() {
  std::optional<Error> why;
  bool readable = false;
  for (Gauge& gauge : gauges_) {
    Status status = OpenGauge(gauge);
    if (status && gauge.sensor.source == HwmonSource::kEnergy) {
      const auto energy = gauge.file.Read();
      if (!energy) status = energy.error();
    } else if (status) {
      const auto power = ReadPower(gauge);
      if (!power) status = power.error();
    }
    readable = readable || status.has_value();
    if (!status && (!why || IsPermission(status.error()))) why = status.error();
  }
  if (readable) return {};
  return *why;
}

Status HwmonMeter::OpenGauge(Gauge& gauge) {
  if (Status opened = gauge.file.Open(gauge.sensor.file); !opened) return opened;
  return gauge.sensor.source == HwmonSource::kPair ? gauge.current.Open(gauge.sensor.current_file) : Status();
}

// Opens the sensor under the number that its chip has now.
Status HwmonMeter::FindAgain(Gauge& gauge, const Result<std::vector<HwmonSensor>>& found) const {
  if (!found) return found.error();
  const auto again = std::find_if(found->begin(), found->end(), [&](const HwmonSensor& sensor) {
    return sensor.zone.path == gauge.sensor.zone.path && sensor.source == gauge.sensor.source;
  });
  if (again == found->end()) {
    return Error{ENODEV, "no " + gauge.sensor.zone.path + " in " + sysfs_root_ + "/class/hwmon any more"};
  }
  gauge.sensor.file = again->file;
  gauge.sensor.current_file = again->current_file;
  return OpenGauge(gauge);
}

Status HwmonMeter::SampleGauge(size_t index) {
  Gauge& gauge = gauges_[index];
  CounterReading reading{.energy = {}, .time = {}, .suspended = clock_.Suspended()};
  const Nanoseconds before = clock_.Now();
  if (gauge.sensor.source == HwmonSource::kEnergy) {
    const auto energy = gauge.file.Read();
    if (!energy) return energy.error();
    reading.energy = {*energy};
    reading.time = MiddleOf(before, clock_.Now());
  } else {
    const auto power = ReadPower(gauge);
    if (!power) return power.error();
    reading.time = MiddleOf(before, clock_.Now());
    if (!gauge.integral.Add(*power, reading.time)) accounts_.StartAnew(index);
    reading.energy = gauge.integral.energy();
  }
  accounts_.Accept(index, reading, {});
  return {};
}

Result<Microwatts> HwmonMeter::ReadPower(Gauge& gauge) const {
  const bool is_battery = !gauge.sensor.battery_status.empty();
  if (is_battery) {
    if (const Status discharges = CheckDischarges(gauge.sensor.battery_status); !discharges) return discharges.error();
  }
  const auto first = gauge.file.ReadSigned();
  if (!first) return first.error();
  using Int128 = __int128;
  Int128 power = *first;
  if (gauge.sensor.source == HwmonSource::kPair) {
    const auto current = gauge.current.ReadSigned();
    if (!current) return current.error();
    if (*first < 0 && !is_battery) return MakeError("read " + gauge.sensor.file + ": a negative voltage");
    power *= *current;
  }
  // Whether a current out of a battery is positive is up to its driver.
  if (is_battery && power < 0) power = -power;
  if (power < 0) return MakeError(gauge.sensor.zone.path + " tells a negative power");
  if (power > Int128{plausible_power_.value}) {
    return MakeError(gauge.sensor.zone.path + " tells more than " + FormatMillionths(plausible_power_.value) +
                     " W, as sensors do that do not know");
  }
  return Microwatts{static_cast<uint64_t>(power)};
}

}  // namespace brahe::energy
