#include "userspace/describe_state.h"

#include <cstddef>

#include "userspace/base/units.h"
#include "userspace/energy/meter_state.h"
#include "userspace/energy/zone.h"
#include "userspace/monitor/books_state.h"

namespace brahe {
namespace {

std::string JoulesText(Microjoules energy) {
  std::string micro = std::to_string(energy.value % 1'000'000);
  micro.insert(0, 6 - micro.size(), '0');
  return std::to_string(energy.value / 1'000'000) + "." + micro + " J";
}

std::string Count(size_t count, const char* what) { return std::to_string(count) + " " + what; }

}  // namespace

std::string DescribeBooks(std::string_view message) {
  const auto books = monitor::ReadBooks(message);
  if (!books) return books.error().message + "\n";
  std::string text = "CPU time from " + books->cpu_time_source + "; " + Count(books->processes.size(), "processes, ") +
                     Count(books->containers.size(), "containers, ") + Count(books->vms.size(), "virtual machines, ") +
                     Count(books->pods.size(), "pods, ") + Count(books->groups.size(), "groups\n");
  for (const monitor::ZoneBooks& zone : books->zones) {
    const std::string socket = zone.socket ? " of socket " + std::to_string(*zone.socket) : "";
    text += zone.name + socket + ": active " + JoulesText(zone.active) + ", idle " + JoulesText(zone.idle) + "\n";
  }
  for (size_t s = 0; s < books->series.size(); ++s) {
    const monitor::SeriesBooks& series = books->series[s];
    text += series.name + " that no listed process has: " + JoulesText(series.unassigned + series.closed) + "\n";
  }
  return text;
}

std::string DescribeMeters(std::string_view message) {
  const auto meters = energy::ReadMeterState(message);
  if (!meters) return meters.error().message + "\n";
  std::string text;
  for (const energy::MeterZoneState& zone : meters->zones) {
    text += energy::Describe(zone.source, zone.zone);
    if (zone.last) text += ": read " + JoulesText(zone.last->energy);
    text += "\n";
  }
  return text;
}

}  // namespace brahe
