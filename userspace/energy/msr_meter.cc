#include "userspace/energy/msr_meter.h"

#include <glog/logging.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/energy/counter.h"
#include "userspace/energy/cpu_places.h"
#include "userspace/energy/processor.h"
#include "userspace/energy/zone_names.h"

namespace brahe::energy {
namespace {

// What shows a register: socket, and die or core.
using Group = std::pair<uint32_t, uint32_t>;

Group GroupOf(const CpuPlace& place, RegisterScope scope) {
  switch (scope) {
    case RegisterScope::kCore:
      return {place.socket, place.core};
    case RegisterScope::kSocket:
      return {place.socket, 0};
    default:
      return {place.socket, place.die};
  }
}

std::map<Group, std::vector<CpuPlace>> GroupCpus(const std::vector<CpuPlace>& places, RegisterScope scope) {
  std::map<Group, std::vector<CpuPlace>> groups;
  for (const CpuPlace& place : places) groups[GroupOf(place, scope)].push_back(place);
  return groups;
}

// The first CPU, and of others as far apart as can be, which seldom go offline together.
std::vector<uint32_t> PickReaders(const std::vector<CpuPlace>& cpus, RegisterScope scope) {
  const size_t wanted = scope == RegisterScope::kCore ? 1 : 4;
  const size_t count = std::min(wanted, cpus.size());
  std::vector<uint32_t> readers;
  for (size_t i = 0; i < count; ++i) readers.push_back(cpus[i * cpus.size() / count].cpu);
  return readers;
}

Error NoRegisters(const std::optional<Error>& why) {
  if (why && why->code != EIO) return *why;
  return MakeError(
      "none of RAPL's registers counts: they are missing or stand at 0, as in most virtual machines; run on the "
      "hardware itself, or name another meter in cpu.preferredMeters");
}

}  // namespace

// Finds out which registers can be read, and by which CPUs.
class MsrSearch {
 public:
  MsrSearch(const MeterOptions& options, const Processor& processor, std::vector<CpuPlace> places,
            const MsrOpener& opener)
      : options_(options), processor_(processor), places_(std::move(places)), opener_(opener) {}

  Status Run() {
    const auto registers = RaplRegistersOf(processor_);
    if (!registers) return registers.error();
    if (places_.empty()) return MakeError("no CPU is online");
    const auto unit = ReadUnit(registers->unit);
    if (!unit) return unit.error();
    for (const EnergyRegister& energy : registers->energies) {
      Search(energy, RegisterScale(processor_, energy.zone, *unit));
    }
    if (counters_.empty()) return NoRegisters(why_);
    return KeepWanted();
  }

  MsrMeter::Cpus TakeCpus() { return std::move(cpus_); }
  std::vector<MsrMeter::Counter> TakeCounters() { return std::move(counters_); }

 private:
  Result<uint64_t> ReadUnit(uint32_t address) {
    const auto cpu = IndexOf(places_.front().cpu);
    if (!cpu) return cpu.error();
    auto unit = cpus_[*cpu]->Read(address);
    if (unit) return unit;
    return Error{unit.error().code, unit.error().message +
                                        ": this machine has no registers of RAPL (virtual machines " +
                                        "seldom have); name another meter in cpu.preferredMeters"};
  }

  // Adds the zones of a register.
  void Search(const EnergyRegister& energy, EnergyScale scale) {
    std::map<uint32_t, MsrMeter::Counter> sums;  // by socket
    for (const auto& [group, cpus] : GroupCpus(places_, energy.scope)) {
      const auto readers = FindReaders(energy, cpus);
      if (!readers) continue;
      const std::string path = NameOfRegister(PathOfMsr(options_.dev_root, cpus.front().cpu), energy.address);
      MsrMeter::Counter counter = {.zone = {.name = energy.zone, .path = path, .socket = group.first},
                                   .address = energy.address,
                                   .scale = scale,
                                   .members = {*readers}};
      if (energy.scope == RegisterScope::kCore) {
        const auto [sum, added] = sums.try_emplace(group.first, counter);
        if (!added) sum->second.members.push_back(*readers);
        continue;
      }
      if (energy.scope == RegisterScope::kMachine) counter.zone.socket.reset();
      counters_.push_back(std::move(counter));
      if (energy.scope == RegisterScope::kMachine) break;  // others would show the same, or nothing
    }
    for (auto& [socket, sum] : sums) counters_.push_back(std::move(sum));
  }

  // The CPUs by which the register can be read; nullopt: it is not there, or may not be read.
  std::optional<MsrMeter::Readers> FindReaders(const EnergyRegister& energy, const std::vector<CpuPlace>& group) {
    MsrMeter::Readers readers;
    bool counts = false;
    for (const uint32_t number : PickReaders(group, energy.scope)) {
      const auto cpu = IndexOf(number);
      const auto value = cpu ? cpus_[*cpu]->Read(energy.address) : cpu.error();
      if (!value) {
        if (!why_ || IsPermission(value.error())) why_ = value.error();
        continue;
      }
      counts = counts || *value % kRegisterCounts != 0;
      readers.push_back(*cpu);
    }
    return counts ? std::optional(readers) : std::nullopt;
  }

  // Where the CPU is in cpus_. It is opened once, and said once if that fails.
  Result<size_t> IndexOf(uint32_t number) {
    if (const auto known = indexes_.find(number); known != indexes_.end()) return known->second;
    auto opened = opener_(number);
    if (!opened) {
      if (!cpus_.empty()) LOG(WARNING) << "msr: CPU " << number << " is left out: " << opened.error().message;
      indexes_.emplace(number, opened.error());
      return opened.error();
    }
    cpus_.push_back(*std::move(opened));
    indexes_.emplace(number, cpus_.size() - 1);
    return cpus_.size() - 1;
  }

  // Drops the zones that options.zones does not name, and closes what only they need.
  Status KeepWanted() {
    std::set<std::string> present;
    for (const auto& counter : counters_) present.insert(counter.zone.name);
    const auto kept = WantedZoneNames("msr", options_.zones, present);
    if (!kept) return kept.error();
    std::erase_if(counters_, [&](const auto& counter) { return !kept->contains(counter.zone.name); });
    std::set<size_t> used;
    for (const auto& counter : counters_) {
      for (const auto& readers : counter.members) used.insert(readers.begin(), readers.end());
    }
    for (size_t i = 0; i < cpus_.size(); ++i) {
      if (!used.contains(i)) cpus_[i].reset();
    }
    return {};
  }

  const MeterOptions& options_;
  const Processor& processor_;
  const std::vector<CpuPlace> places_;
  const MsrOpener& opener_;
  MsrMeter::Cpus cpus_;
  std::map<uint32_t, Result<size_t>> indexes_;  // of cpus_, by number
  std::vector<MsrMeter::Counter> counters_;
  std::optional<Error> why_;  // why a register could not be read; lack of permission before all else
};

Result<std::unique_ptr<EnergyMeter>> MsrMeter::Open(const MeterOptions& options, const Clock& clock) {
  const std::string dev_root = WithoutSlashAtEnd(options.dev_root);
  return OpenWith(options, clock, [&](uint32_t cpu) { return MsrFile::Open(dev_root, cpu); });
}

Result<std::unique_ptr<EnergyMeter>> MsrMeter::OpenWith(const MeterOptions& given, const Clock& clock,
                                                        const MsrOpener& opener) {
  MeterOptions options = given;
  options.dev_root = WithoutSlashAtEnd(given.dev_root);
  const std::string sysfs_root = WithoutSlashAtEnd(given.sysfs_root);
  auto places = OnlineCpuPlaces(sysfs_root);
  if (!places) return places.error();
  const Processor processor = ReadProcessor(options.procfs_root, sysfs_root);
  MsrSearch search(options, processor, *std::move(places), opener);
  if (const Status found = search.Run(); !found) return found.error();
  return std::unique_ptr<EnergyMeter>(new MsrMeter(options, clock, search.TakeCpus(), search.TakeCounters()));
}

MsrMeter::MsrMeter(const MeterOptions& options, const Clock& clock, Cpus cpus, std::vector<Counter> counters)
    : plausible_power_(options.plausible_power),
      clock_(clock),
      accounts_("msr", ZonesOf(counters), options.plausible_power, ZoneAccounts::Updates::kAsRapl),
      cpus_(std::move(cpus)),
      counters_(std::move(counters)) {
  for (const Counter& counter : counters_) sums_.emplace_back(counter.members.size());
}

std::vector<Zone> MsrMeter::ZonesOf(const std::vector<Counter>& counters) {
  std::vector<Zone> zones;
  zones.reserve(counters.size());
  for (const Counter& counter : counters) zones.push_back(counter.zone);
  return zones;
}

void MsrMeter::Sample() {
  for (size_t i = 0; i < counters_.size(); ++i) {
    const Counter& counter = counters_[i];
    if (counter.members.size() > 1) {
      SampleSum(i);
      continue;
    }
    const auto reading = Read(counter, counter.members.front());
    if (reading) {
      accounts_.Accept(i, *reading, {.max_range = counter.scale.EnergyOf(kRegisterCounts).value_or(Microjoules{})});
    } else {
      accounts_.Fail(i, reading.error());
    }
  }
  accounts_.EndSample();
}

void MsrMeter::Resume(const MeterState& state) {
  accounts_.Resume(state, clock_);
  for (size_t i = 0; i < counters_.size(); ++i) {
    if (counters_[i].members.size() > 1) accounts_.StartAnew(i);
  }
}

void MsrMeter::SampleSum(size_t index) {
  constexpr Microwatts kMostOfOneCore = Watts(200);
  const Counter& counter = counters_[index];
  const CounterLimits limits = {.max_range = counter.scale.EnergyOf(kRegisterCounts).value_or(Microjoules{}),
                                .plausible_power = plausible_power_,
                                .wrap_power = kMostOfOneCore};
  for (size_t member = 0; member < counter.members.size(); ++member) {
    const auto reading = Read(counter, counter.members[member]);
    if (reading) {
      sums_[index].Accept(member, *reading, limits);
    } else {
      sums_[index].Fail(member, reading.error());
    }
  }
  accounts_.AcceptSum(index, sums_[index]);
}

Result<CounterReading> MsrMeter::Read(const Counter& counter, const Readers& readers) const {
  std::optional<Error> why;
  for (const size_t cpu : readers) {
    const Nanoseconds before = clock_.Now();
    const auto value = cpus_[cpu]->Read(counter.address);
    const Nanoseconds time = MiddleOf(before, clock_.Now());
    if (!value) {
      if (!why) why = value.error();
      continue;
    }
    const auto energy = counter.scale.EnergyOf(*value % kRegisterCounts);
    if (!energy) return MakeError("read " + counter.zone.path + ": impossible count " + std::to_string(*value));
    return CounterReading{.energy = *energy, .time = time, .suspended = clock_.Suspended()};
  }
  return *why;
}

std::optional<Nanoseconds> MsrMeter::MaxSampleInterval() const {
  std::optional<Nanoseconds> shortest;
  for (const Counter& counter : counters_) {
    const auto range = counter.scale.EnergyOf(kRegisterCounts);
    if (!range) continue;
    const Nanoseconds interval = SafeSampleInterval(*range, plausible_power_);
    shortest = shortest ? std::min(*shortest, interval) : interval;
  }
  return shortest;
}

}  // namespace brahe::energy
