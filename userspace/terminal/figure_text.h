#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/units.h"
#include "userspace/terminal/fitted_table.h"

namespace brahe::terminal {

// Figures as tables for people have them, and the columns that they stand in. Any thread.

// `n` millionths with so many decimals.
std::string Millionths(uint64_t n, int decimals);

// Watts, joules and seconds. A power that is not known is "-".
std::string PowerText(std::optional<Microwatts> power);
std::string EnergyText(Microjoules energy);
std::string CpuTimeText(Nanoseconds cpu_time);

// Columns without cells, as TableColumn has them.
TableColumn TextColumn(std::string head, size_t width, size_t rank);
TableColumn NumberColumn(std::string head, size_t width, size_t rank);

// The letters of ASCII in upper case, in any locale.
std::string UpperCase(std::string text);

// PlainText in a line of at most `columns`: those parts that fit, two spaces between. Empty ones are left out.
std::string JoinedParts(const std::vector<std::string>& parts, size_t columns);

}  // namespace brahe::terminal
