#include <algorithm>
#include <optional>
#include <set>

#include "userspace/check/judge.h"
#include "userspace/check/words.h"

namespace brahe::check {
namespace {

// What counters of one sensor may differ by, because they are not read in one instant: an epoch's end and the update
// of the counter, at both ends, and what is lost to the counters' units.
constexpr double kSlack = 0.02;
constexpr Microjoules kLeastSlack = {200'000};

std::string NameOf(const ZoneSeen& zone) {
  return "zone " + zone.name + (zone.socket ? "-" + std::to_string(*zone.socket) : "");
}

Verdict SensorVerdict(const Observation& seen) {
  const std::string found = seen.energy_source + ", " + Count(seen.zones.size(), "zone");
  const bool moves =
      std::any_of(seen.zones.begin(), seen.zones.end(), [](const ZoneSeen& zone) { return zone.epochs_moved > 0; });
  if (seen.energy_measured && moves) return {"sensor", Outcome::kGood, found + ", measured"};
  if (seen.energy_source == "model") {
    const std::string error = seen.uncertainty_ppm
                                  ? "19 of 20 such estimates are off by less than " +
                                        InPercent(static_cast<double>(*seen.uncertainty_ppm) / 1'000'000)
                                  : "by how much it is off is not known";
    return {
        "sensor", Outcome::kLimited, "there is none: power is estimated from CPU use; " + error,
        "on bare metal load intel_rapl_msr (modprobe); a virtual machine has none, so give cpu.preferredMeters: model "
        "your processor's figures in model.*"};
  }
  if (seen.energy_source == "fake") {
    return {"sensor", Outcome::kFaulty, "the figures are made up: the meter is the fake one",
            "take fake out of cpu.preferredMeters"};
  }
  if (moves) {
    return {"sensor", Outcome::kLimited, found + ", which is an estimate",
            "what a host tells its guest is measured where the host has a sensor; else a sensor's counters stand "
            "still, and "
            "the log says which"};
  }
  return {"sensor", Outcome::kFaulty, found + ", but no counter moves",
          "the machine, mostly a virtual one, shows counters and does not count: take the meter model by "
          "cpu.preferredMeters"};
}

Verdict ZoneVerdict(const ZoneSeen& zone, const Observation& seen) {
  Verdict verdict{NameOf(zone), Outcome::kGood,
                  InJoules(zone.energy) + ", " + InWatts(zone.energy, seen.time) + " (" + zone.path + ")"};
  const auto fault = [&](Outcome outcome, const std::string& finding, const std::string& remedy) {
    verdict = {verdict.subject, outcome, finding + " (" + zone.path + ")", remedy};
  };
  if (zone.epochs_known == 0) {
    fault(Outcome::kFaulty, "could not be read at all", "look whether its file can be read, by root");
  } else if (zone.read_errors > 0) {
    fault(Outcome::kLimited,
          "could not be read " + Count(zone.read_errors, "time") + "; what it counted meanwhile came later",
          "look at the kernel's log (dmesg)");
  } else if (zone.resets > 0) {
    fault(Outcome::kFaulty,
          "jumped " + Count(zone.resets, "time") + " by more than can be true; that energy is not charged",
          "its counter is set back or wraps unseen: look whether something else writes it");
  } else if (zone.epochs_moved == 0) {
    fault(Outcome::kLimited,
          "stood still for " + InSeconds(seen.time) + ", at " + InPercent(seen.busy_share) + " of the CPU time busy",
          "leave it out by rapl.zones, if the machine does not count it");
  }
  return verdict;
}

// The sum of the zones of a name on a socket; nullopt: there is none, or not all is known.
std::optional<Microjoules> SumOf(const Observation& seen, const std::string& name, std::optional<uint32_t> socket) {
  std::optional<Microjoules> sum;
  for (const ZoneSeen& zone : seen.zones) {
    if (zone.name != name || (socket && zone.socket != socket)) continue;
    if (zone.epochs_known < seen.epochs || zone.epochs_moved == 0) return std::nullopt;
    sum = sum.value_or(Microjoules{}) + zone.energy;
  }
  return sum;
}

bool IsMore(Microjoules part, Microjoules whole) {
  const Microjoules slack =
      std::max(kLeastSlack, Microjoules{static_cast<uint64_t>(static_cast<double>(whole.value) * kSlack)});
  return part > whole + slack;
}

// That a part of the hardware does not use more than what it is a part of.
class Parts {
 public:
  void Compare(const std::string& part_name, std::optional<Microjoules> part, const std::string& whole_name,
               std::optional<Microjoules> whole) {
    if (!part || !whole) return;
    ++compared_;
    if (IsMore(*part, *whole)) {
      faults_.push_back(part_name + " used " + InJoules(*part) + ", and " + whole_name + ", which has it in it, " +
                        InJoules(*whole));
    }
  }

  void Report(std::vector<Verdict>& verdicts) const {
    for (const std::string& fault : faults_) {
      verdicts.push_back(
          {"zones", Outcome::kFaulty, fault,
           "one of the counters is wrong: leave it out by rapl.zones, and look for news of the firmware"});
    }
    if (compared_ == 0 || !faults_.empty()) return;
    verdicts.push_back({"zones", Outcome::kGood, "no part used more than what it is a part of"});
  }

 private:
  int compared_ = 0;
  std::vector<std::string> faults_;
};

void CompareZones(const Observation& seen, std::vector<Verdict>& verdicts) {
  std::set<std::optional<uint32_t>> sockets;
  for (const ZoneSeen& zone : seen.zones) {
    if (zone.name == "package") sockets.insert(zone.socket);
  }
  Parts parts;
  for (const std::optional<uint32_t> socket : sockets) {
    const std::string suffix = socket ? "-" + std::to_string(*socket) : "";
    const auto package = SumOf(seen, "package", socket);
    std::optional<Microjoules> inside = SumOf(seen, "core", socket);
    std::string inside_name = "core" + suffix;
    if (const auto uncore = SumOf(seen, "uncore", socket)) {
      inside = inside.value_or(Microjoules{}) + *uncore;
      inside_name += " with uncore" + suffix;
    }
    parts.Compare(inside_name, inside, "package" + suffix, package);
  }
  parts.Compare("package", SumOf(seen, "package", std::nullopt), "psys", SumOf(seen, "psys", std::nullopt));
  parts.Report(verdicts);
}

}  // namespace

std::vector<Verdict> JudgeEnergy(const Observation& seen) {
  std::vector<Verdict> verdicts = {SensorVerdict(seen)};
  for (const ZoneSeen& zone : seen.zones) verdicts.push_back(ZoneVerdict(zone, seen));
  CompareZones(seen, verdicts);
  return verdicts;
}

}  // namespace brahe::check
