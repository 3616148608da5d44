#include "userspace/run/figures.h"

#include <algorithm>

namespace brahe::run {

std::vector<Measure> MeasuresOf(const Series& series) {
  std::vector<Measure> measures;
  const auto add = [&](const std::string& name, const char* unit, const auto& value_of) {
    Measure measure{.name = name, .unit = unit, .values = {}};
    for (const RunFigures& run : series.runs) measure.values.push_back(value_of(run));
    measures.push_back(std::move(measure));
  };
  for (size_t zone = 0; zone < series.runs.front().zones.size(); ++zone) {
    const auto is_known = [&](const RunFigures& run) { return run.zones[zone].known; };
    if (!std::all_of(series.runs.begin(), series.runs.end(), is_known)) continue;
    add(series.runs.front().zones[zone].zone, "J",
        [&](const RunFigures& run) { return static_cast<double>(run.zones[zone].energy.value) / 1e6; });
  }
  add("elapsed", "s", [](const RunFigures& run) { return static_cast<double>(run.elapsed.value) / 1e9; });
  add("CPU time", "s", [](const RunFigures& run) { return static_cast<double>(run.cpu_time.value) / 1e9; });
  return measures;
}

}  // namespace brahe::run
