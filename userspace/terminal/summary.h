#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "userspace/monitor/snapshot.h"

namespace brahe::terminal {

// One workload of a summary.
struct SummaryRow {
  std::string id;                                           // pid or whole id
  std::string name;                                         // empty: not known
  std::vector<std::pair<std::string, std::string>> labels;  // as on Prometheus' series, without state; raw
  monitor::WorkloadState state = monitor::WorkloadState::kRunning;
  Nanoseconds cpu_time;
  std::vector<monitor::EnergyFigure> figures;  // by ZoneSeries
};

// The workloads of one level that use most.
struct SummaryLevel {
  std::string level;  // process, container, vm or pod
  size_t count = 0;   // of all workloads of the level
  std::vector<SummaryRow> rows;
};

inline constexpr size_t kSummaryRows = 10;

// Of each of `levels`, the workloads with the most power in the primary zone, of equals (or where it is not known)
// those with the most energy in it: kSummaryRows at most. Levels that have none are left out. Any thread.
std::vector<SummaryLevel> Summarize(const monitor::Snapshot& snapshot, const std::vector<std::string>& levels);

// Whether `level` is one of `levels`.
bool IsLevelOf(const std::vector<std::string>& levels, const std::string& level);

}  // namespace brahe::terminal
