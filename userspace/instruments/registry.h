#pragma once

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/units.h"
#include "userspace/exposition/exposition.h"
#include "userspace/exposition/level_sizes.h"
#include "userspace/instruments/exposition_metrics.h"
#include "userspace/instruments/pod_directory_metrics.h"
#include "userspace/instruments/process_metrics.h"
#include "userspace/instruments/push_metrics.h"
#include "userspace/monitor/snapshot_source.h"

namespace brahe::instruments {

// The exporter's instruments about itself, with the constant label node_name. Any thread.
class Instruments {
 public:
  // `pods` and `pushes` may be null: then there is no pod directory to tell of, and nothing is pushed.
  explicit Instruments(const std::string& node_name, std::function<PodDirectoryFigures()> pods = nullptr,
                       std::function<PushFigures()> pushes = nullptr);

  // Epochs that have ended since the last call.
  void ObserveEpochs(const std::vector<monitor::EpochTiming>& epochs);
  // A scrape that is being answered with figures.
  void CountScrape();
  // A scrape whose last byte was rendered, and the time since it came in.
  void ObserveScrape(Nanoseconds duration);
  // What it rendered of the snapshot; see ExpositionMetrics.
  void ObserveSizes(exposition::LevelSizes sizes, bool of_all_levels);
  // The levels that have workloads, while there is a limit on series, and those of them that lost some.
  void SetLimited(const std::vector<std::string>& levels, const std::vector<std::string>& limited);

  // The most series that Text has: it grows by a few with the first scrapes.
  [[nodiscard]] uint64_t MostSeries() const;

  // All instruments, and the process_*, brahe_pod_* and brahe_otlp_* families, without the exposition's end.
  [[nodiscard]] std::string Text(exposition::ExpositionFormat format = exposition::ExpositionFormat::kText) const;

 private:
  [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const;

  prometheus::Registry registry_;
  prometheus::Histogram& epochs_;
  prometheus::Histogram& epoch_delays_;
  prometheus::Histogram& read_lags_;
  prometheus::Histogram& read_skews_;
  prometheus::Counter& scrapes_;
  prometheus::Histogram& scrape_durations_;
  ProcessMetrics process_;
  std::optional<PodDirectoryMetrics> pods_;
  std::optional<PushMetrics> pushes_;
  ExpositionMetrics exposition_;
};

}  // namespace brahe::instruments
