#include "userspace/energy/powercap_meter.h"

#include <glog/logging.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/energy/counter.h"
#include "userspace/energy/powercap_mirrors.h"
#include "userspace/energy/zone_names.h"

namespace brahe::energy {
namespace {

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
  std::set<std::string> present;
  for (const PowercapZone& zone : zones) present.insert(zone.zone.name);
  const auto kept = WantedZoneNames("rapl", wanted, present);
  if (!kept) return kept.error();
  std::erase_if(zones, [&](const PowercapZone& zone) { return !kept->contains(zone.zone.name); });
  return {};
}

std::vector<Zone> ZonesOf(const std::vector<PowercapZone>& found) {
  std::vector<Zone> zones;
  for (const PowercapZone& zone : found) zones.push_back(zone.zone);
  return zones;
}

Result<uint64_t> ReadNumber(const std::string& path) {
  const auto content = ReadFile(path);
  if (!content) return content.error();
  auto number = ParseUint64(*content);
  if (!number) return MakeError("read " + path + ": " + number.error().message);
  return number;
}

// The largest power that the zone's constraints allow to be set; 0 where none tells, as is usual for zones within a
// package and for AMD's.
Microwatts ReadMaxPower(const std::string& folder) {
  constexpr int kMaxConstraints = 10;  // of the kernel, in powercap_sys.c
  Microwatts largest;
  for (int i = 0; i < kMaxConstraints; ++i) {
    const auto power = ReadNumber(folder + "/constraint_" + std::to_string(i) + "_max_power_uw");
    if (power) largest = std::max(largest, Microwatts{*power});
  }
  return largest;
}

}  // namespace

Result<std::unique_ptr<EnergyMeter>> PowercapMeter::Open(const MeterOptions& options, const Clock& clock) {
  const std::string sysfs_root = WithoutSlashAtEnd(options.sysfs_root);
  auto scan = ScanPowercap(sysfs_root);
  if (!scan) return NoPowercap(scan.error());
  if (scan->zones.empty()) return NoZone(sysfs_root, *scan);
  DropZonesOfOneCore(sysfs_root, scan->zones);
  return OpenZones(
      {.folder = sysfs_root + "/class/powercap", .source = "rapl", .updates = ZoneAccounts::Updates::kAsRapl}, options,
      *std::move(scan), clock);
}

Result<std::unique_ptr<EnergyMeter>> PowercapMeter::OpenAt(const PowercapPlace& place, const MeterOptions& options,
                                                           const Clock& clock) {
  auto scan = ScanPowercapFolder(place.folder);
  if (!scan) return scan.error();
  if (scan->zones.empty()) return MakeError("no zone of energy in " + place.folder);
  for (PowercapZone& zone : scan->zones) zone.zone.socket.reset();
  auto meter = OpenZones(place, options, *std::move(scan), clock);
  if (meter) static_cast<PowercapMeter&>(**meter).files_stay_ = false;
  return meter;
}

Result<std::unique_ptr<EnergyMeter>> PowercapMeter::OpenZones(const PowercapPlace& place, const MeterOptions& options,
                                                              PowercapScan scan, const Clock& clock) {
  DropDuplicateZones(scan.zones);
  if (const Status kept = KeepWanted(options.zones, scan.zones); !kept) return kept.error();
  DropMirroredZones(scan.zones);

  std::unique_ptr<PowercapMeter> meter(new PowercapMeter(place, options, clock, scan.zones));
  if (const Status opened = meter->OpenAll(); !opened) return NoneReadable(opened.error());
  for (const Error& error : scan.unnamed) LOG(WARNING) << place.source << ": a zone is left out: " << error.message;
  return std::unique_ptr<EnergyMeter>(std::move(meter));
}

PowercapMeter::PowercapMeter(PowercapPlace place, const MeterOptions& options, const Clock& clock,
                             const std::vector<PowercapZone>& zones)
    : place_(std::move(place)),
      plausible_power_(options.plausible_power),
      clock_(clock),
      accounts_(place_.source, ZonesOf(zones), options.plausible_power, place_.updates) {
  for (const PowercapZone& zone : zones) counters_.emplace_back().id = zone.id;
}

void PowercapMeter::Sample() {
  if (!files_stay_) {
    for (size_t i = 0; i < counters_.size(); ++i) (void)counters_[i].file.Open(zones()[i].path + "/energy_uj");
  }
  const bool lost = std::any_of(counters_.begin(), counters_.end(), [](const auto& c) { return !c.file.is_open(); });
  const Result<PowercapScan> scan = lost ? ScanPowercapFolder(place_.folder) : PowercapScan();
  for (size_t i = 0; i < counters_.size(); ++i) {
    CounterFile& file = counters_[i].file;
    if (!file.is_open()) {
      if (const Status found = FindAgain(i, scan); !found) {
        accounts_.Fail(i, found.error());
        continue;
      }
    }
    const Nanoseconds before = clock_.Now();
    const auto number = file.Read();
    const Nanoseconds time = MiddleOf(before, clock_.Now());
    if (number) {
      accounts_.Accept(i, {.energy = {*number}, .time = time, .suspended = clock_.Suspended()}, counters_[i].facts);
    } else {
      accounts_.Fail(i, number.error());
    }
  }
  accounts_.EndSample();
}

std::optional<Nanoseconds> PowercapMeter::MaxSampleInterval() const {
  std::optional<Microjoules> smallest;
  for (const Counter& counter : counters_) {
    if (counter.facts.max_range.value == 0) continue;
    smallest = smallest ? std::min(*smallest, counter.facts.max_range) : counter.facts.max_range;
  }
  if (!smallest) return std::nullopt;
  return SafeSampleInterval(*smallest, plausible_power_);
}

// Opens every counter. If none can be read, an Error that tells why: for lack of permission, if that is so for any.
Status PowercapMeter::OpenAll() {
  std::optional<Error> why;
  bool readable = false;
  for (size_t i = 0; i < counters_.size(); ++i) {
    Status status = OpenFolder(i, zones()[i].path);
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

// Opens the counter in `folder` and learns what is said of it there.
Status PowercapMeter::OpenFolder(size_t index, const std::string& folder) {
  Counter& counter = counters_[index];
  if (Status opened = counter.file.Open(folder + "/energy_uj"); !opened) return opened;
  LearnRange(index, folder);
  counter.facts.max_power = ReadMaxPower(folder);
  return {};
}

void PowercapMeter::LearnRange(size_t index, const std::string& folder) {
  Counter& counter = counters_[index];
  const auto range = ReadNumber(folder + "/max_energy_range_uj");
  counter.facts.max_range = {range.value_or(0)};
  const std::string key = counter.id + " range";
  if (counter.facts.max_range.value != 0) {
    faults_.Clear(key, accounts_.Describe(index) + ": its range is known now");
  } else {
    faults_.Report(key, accounts_.Describe(index) + ": its range is not known, so a wrap will be taken for a reset: " +
                            (range ? "max_energy_range_uj is 0" : range.error().message));
  }
}

// Opens the counter in the folder that it has now; the one it had before if several have its id.
Status PowercapMeter::FindAgain(size_t index, const Result<PowercapScan>& scan) {
  if (!scan) return scan.error();
  const PowercapZone* found = nullptr;
  for (const PowercapZone& candidate : scan->zones) {
    if (candidate.id != counters_[index].id) continue;
    if (found == nullptr || candidate.zone.path == zones()[index].path) found = &candidate;
  }
  if (found == nullptr) {
    return Error{ENODEV, "no " + counters_[index].id + " in " + place_.folder + " any more"};
  }
  return OpenFolder(index, found->zone.path);
}

}  // namespace brahe::energy
