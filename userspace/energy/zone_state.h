#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace brahe::energy {

// What is to be said of a zone after the last epoch.
struct ZoneState {
  std::string source;  // where its energy comes from: the name of a meter in cpu.preferredMeters, such as "rapl"
  // False for estimates and made-up energy, and as long as no counter of its source that can be read moves.
  bool measured = false;
  // By which part of itself, in millionths, the last epoch's energy may be off: 19 of 20 are nearer. nullopt: not
  // known.
  std::optional<uint64_t> uncertainty_ppm = {};
  // Cumulative since the start.
  uint64_t read_errors = 0;  // reads that failed or gave no number
  uint64_t resets = 0;       // steps too large to be true: counter set back, not charged
  bool still = false;        // its counter has not moved for many epochs in which its CPUs were busy
};

// Adds the sources of `more`, such as "rapl" or "rapl+model", to `sources`, each once.
void AddSources(std::string_view more, std::string& sources);

// What is to be said of both as one: of two sources "a+b"; measured if both are; the larger error, if both are known;
// the sums of counts; still if one is.
ZoneState Together(const ZoneState& a, const ZoneState& b);

}  // namespace brahe::energy
