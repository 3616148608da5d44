#include "userspace/energy/powercap_meter.h"

#include <glog/logging.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include "userspace/base/file.h"

namespace brahe {
namespace {

std::string Join(const std::set<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : ", ") + word;
  return joined;
}

std::string WithoutSlashAtEnd(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  return path;
}

bool IsPermission(const Error& error) { return error.code == EACCES || error.code == EPERM; }

// `why` with what to do about it: `remedy`, unless only permission is missing.
Error WithRemedy(const Error& why, const std::string& remedy) {
  const char* permission =
      "since Linux 5.10 only root may read energy counters; run as root or grant CAP_DAC_READ_SEARCH";
  return {why.code, why.message + ": " + (IsPermission(why) ? permission : remedy)};
}

Error NoPowercap(const Error& why) {
  return WithRemedy(why,
                    "no RAPL here; where the hardware has it, load the kernel module intel_rapl_msr, and in a "
                    "container mount the host's /sys and point host.sysfs to it");
}

Error NoZone(const std::string& sysfs_root, const PowercapScan& scan) {
  if (scan.unnamed.empty()) {
    return MakeError("no RAPL zone in " + sysfs_root + "/class/powercap: this machine has none (virtual machines " +
                     "seldom do), or its driver is not loaded; try modprobe intel_rapl_msr");
  }
  return WithRemedy(scan.unnamed.front(),
                    "RAPL's zones are listed and out of sight; container runtimes hide "
                    "/sys/devices/virtual/powercap: mount the host's /sys and point host.sysfs "
                    "to it");
}

Error NoneReadable(const Error& why) {
  return WithRemedy(why, "no RAPL zone can be read; see the kernel's log for what its driver says");
}

// Keeps the zones whose names are in `wanted`, all if that is empty.
Status KeepWanted(const std::vector<std::string>& wanted, std::vector<PowercapZone>& zones) {
  if (wanted.empty()) return {};
  std::set<std::string> present, missing, kept;
  for (const PowercapZone& zone : zones) present.insert(zone.zone.name);
  for (const std::string& raw : wanted) {
    const std::string name = ParseZoneName(raw).name;
    (present.contains(name) ? kept : missing).insert(name);
  }
  if (kept.empty()) {
    return MakeError("no RAPL zone is called " + Join(missing) + "; rapl.zones may name " + Join(present));
  }
  if (!missing.empty()) {
    LOG(WARNING) << "rapl: no zone is called " << Join(missing) << "; this machine has " << Join(present);
  }
  std::erase_if(zones, [&](const PowercapZone& zone) { return !kept.contains(zone.zone.name); });
  return {};
}

Result<uint64_t> ReadNumber(const std::string& path) {
  const auto content = ReadFile(path);
  if (!content) return content.error();
  auto number = ParseUint64(*content);
  if (!number) return MakeError("read " + path + ": " + number.error().message);
  return number;
}

}  // namespace

Result<std::unique_ptr<EnergyMeter>> PowercapMeter::Open(const MeterOptions& given, const Clock& clock) {
  MeterOptions options = given;
  options.sysfs_root = WithoutSlashAtEnd(given.sysfs_root);
  auto scan = ScanPowercap(options.sysfs_root);
  if (!scan) return NoPowercap(scan.error());
  if (scan->zones.empty()) return NoZone(options.sysfs_root, *scan);
  DropDuplicateZones(scan->zones);
  if (const Status kept = KeepWanted(options.zones, scan->zones); !kept) return kept.error();

  std::unique_ptr<PowercapMeter> meter(new PowercapMeter(options, clock, scan->zones));
  if (const Status opened = meter->OpenAll(); !opened) return NoneReadable(opened.error());
  for (const Error& error : scan->unnamed) LOG(WARNING) << "rapl: a zone is left out: " << error.message;
  return std::unique_ptr<EnergyMeter>(std::move(meter));
}

PowercapMeter::PowercapMeter(const MeterOptions& options, const Clock& clock, const std::vector<PowercapZone>& zones)
    : sysfs_root_(options.sysfs_root), plausible_power_(options.plausible_power), clock_(clock) {
  for (const PowercapZone& zone : zones) {
    zones_.push_back(zone.zone);
    counters_.emplace_back().id = zone.id;
  }
}

std::vector<ZoneStats> PowercapMeter::Stats() const {
  std::vector<ZoneStats> stats;
  for (const Counter& counter : counters_) stats.push_back(counter.stats);
  return stats;
}

void PowercapMeter::Sample() {
  const bool lost = std::any_of(counters_.begin(), counters_.end(), [](const auto& c) { return !c.file.is_open(); });
  const Result<PowercapScan> scan = lost ? ScanPowercap(sysfs_root_) : PowercapScan();
  for (size_t i = 0; i < counters_.size(); ++i) {
    CounterFile& file = counters_[i].file;
    if (!file.is_open()) {
      if (const Status found = FindAgain(i, scan); !found) {
        Fail(i, found.error());
        continue;
      }
    }
    const auto number = file.Read();
    if (number) {
      Accept(i, {.energy = {*number}, .time = clock_.Now()});
    } else {
      Fail(i, number.error());
    }
  }
  sampled_ = true;
}

EnergyEpoch PowercapMeter::Collect(const CpuLoad& /*load*/) {
  EnergyEpoch epoch;
  for (Counter& counter : counters_) {
    epoch.used.push_back(counter.known ? std::optional(std::exchange(counter.pending, {})) : std::nullopt);
  }
  return epoch;
}

std::optional<Nanoseconds> PowercapMeter::MaxSampleInterval() const {
  std::optional<Microjoules> smallest;
  for (const Counter& counter : counters_) {
    if (counter.max_range.value == 0) continue;
    smallest = smallest ? std::min(*smallest, counter.max_range) : counter.max_range;
  }
  if (!smallest) return std::nullopt;
  const Nanoseconds around = {ScaleDown(smallest->value, Seconds(1).value, plausible_power_.value)};
  return std::max(around / 2, Seconds(1));
}

// Opens every counter. If none can be read, an Error that tells why: for lack of permission, if that is so for any.
Status PowercapMeter::OpenAll() {
  std::optional<Error> why;
  bool readable = false;
  for (size_t i = 0; i < counters_.size(); ++i) {
    Status status = OpenFolder(i, zones_[i].path);
    if (status) {
      const auto number = counters_[i].file.Read();
      if (!number) status = number.error();
    }
    readable = readable || status.has_value();
    if (!status && (!why || IsPermission(status.error()))) why = status.error();
  }
  if (readable) return {};
  return *why;
}

// Opens the counter in `folder` and learns its range.
Status PowercapMeter::OpenFolder(size_t index, const std::string& folder) {
  Counter& counter = counters_[index];
  if (Status opened = counter.file.Open(folder + "/energy_uj"); !opened) return opened;
  const auto range = ReadNumber(folder + "/max_energy_range_uj");
  counter.max_range = {range.value_or(0)};
  const std::string key = counter.id + " range";
  if (counter.max_range.value != 0) {
    faults_.Clear(key, Describe(index) + ": its range is known now");
  } else {
    faults_.Report(key, Describe(index) + ": its range is not known, so a wrap will be taken for a reset: " +
                            (range ? "max_energy_range_uj is 0" : range.error().message));
  }
  return {};
}

// Opens the counter in the folder that it has now; the one it had before if several have its id.
Status PowercapMeter::FindAgain(size_t index, const Result<PowercapScan>& scan) {
  if (!scan) return scan.error();
  const PowercapZone* found = nullptr;
  for (const PowercapZone& candidate : scan->zones) {
    if (candidate.id != counters_[index].id) continue;
    if (found == nullptr || candidate.zone.path == zones_[index].path) found = &candidate;
  }
  if (found == nullptr) {
    return Error{ENODEV, "no " + counters_[index].id + " in " + sysfs_root_ + "/class/powercap any more"};
  }
  return OpenFolder(index, found->zone.path);
}

void PowercapMeter::Accept(size_t index, const CounterReading& reading) {
  Counter& counter = counters_[index];
  const std::optional<CounterReading> last = std::exchange(counter.last, reading);
  std::optional<Microjoules> step;
  if (last) {
    step = StepBetween(*last, reading, {counter.max_range, plausible_power_});
    counter.pending += step.value_or(Microjoules{});
    if (!step) CountReset(index, *last, reading);
  }
  counter.known = last || !sampled_;
  if (std::exchange(counter.failing, false)) SayReturn(index, last, step);
}

void PowercapMeter::CountReset(size_t index, const CounterReading& last, const CounterReading& now) {
  Counter& counter = counters_[index];
  ++counter.stats.resets;
  faults_.Report(counter.id + " reset", Describe(index) + " was reset, from " + std::to_string(last.energy.value) +
                                            " to " + std::to_string(now.energy.value) +
                                            " uJ; further resets are only counted");
}

void PowercapMeter::SayReturn(size_t index, const std::optional<CounterReading>& last,
                              const std::optional<Microjoules>& step) {
  const Counter& counter = counters_[index];
  std::string since = "its energy is counted from now on";
  if (last) {
    since = "in the " + std::to_string((counter.last->time - last->time).value / Seconds(1).value) +
            " s since its last good reading " +
            (step ? "it used " + std::to_string(step->value) + " uJ, charged to this epoch" : "it was reset");
  }
  faults_.Clear(counter.id, Describe(index) + " can be read again; " + since);
}

void PowercapMeter::Fail(size_t index, const Error& error) {
  Counter& counter = counters_[index];
  ++counter.stats.read_errors;
  counter.known = false;
  counter.failing = true;
  faults_.Report(counter.id, Describe(index) + " is left out until it can be read: " + error.message);
}

std::string PowercapMeter::Describe(size_t index) const {
  const Zone& zone = zones_[index];
  const std::string socket = zone.socket ? " of socket " + std::to_string(*zone.socket) : "";
  return "rapl: zone " + zone.name + socket + " (" + zone.path + ")";
}

}  // namespace brahe
