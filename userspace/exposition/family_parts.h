#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "userspace/exposition/families.h"

// What the files that list families share.
namespace brahe::exposition {

inline constexpr FamilyType kCounter = FamilyType::kCounter;
inline constexpr FamilyType kGauge = FamilyType::kGauge;
inline constexpr std::string_view kAlways = "";

// A figure in millionths; nullopt where it is not known, which leaves the sample out.
using Reading = std::optional<uint64_t> (*)(const monitor::EnergyFigure& figure);

inline std::optional<uint64_t> Energy(const monitor::EnergyFigure& figure) { return figure.energy.value; }

inline std::optional<uint64_t> Power(const monitor::EnergyFigure& figure) {
  return figure.power ? std::optional(figure.power->value) : std::nullopt;
}

// The start of what counts since the exporter began.
inline std::optional<uint64_t> StartOfAll(const RenderInput& input) { return input.clock.UnixMs(input.snapshot.begin); }

}  // namespace brahe::exposition
