#include "userspace/terminal/figure_text.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace brahe::terminal {

std::string Millionths(uint64_t n, int decimals) {
  char text[40];
  std::snprintf(text, sizeof text, "%.*f", decimals, static_cast<double>(n) / 1e6);
  return text;
}

std::string PowerText(std::optional<Microwatts> power) { return power ? Millionths(power->value, 3) : "-"; }
std::string EnergyText(Microjoules energy) { return Millionths(energy.value, 2); }
std::string CpuTimeText(Nanoseconds cpu_time) { return Millionths(cpu_time.value / 1000, 2); }

TableColumn TextColumn(std::string head, size_t width, size_t rank) {
  return {.head = std::move(head), .is_number = false, .width = width, .rank = rank, .cells = {}};
}

TableColumn NumberColumn(std::string head, size_t width, size_t rank) {
  return {.head = std::move(head), .is_number = true, .width = width, .rank = rank, .cells = {}};
}

std::string UpperCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; });
  return text;
}

std::string JoinedParts(const std::vector<std::string>& parts, size_t columns) {
  std::string line;
  for (const std::string& part : parts) {
    const std::string gap = line.empty() ? "" : "  ";
    // Bytes are never fewer than columns.
    if (!part.empty() && line.size() + gap.size() + part.size() <= columns) line += gap + part;
  }
  return line;
}

}  // namespace brahe::terminal
