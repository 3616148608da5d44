#pragma once

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/units.h"
#include "userspace/exposition/exposition.h"
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

  // All instruments, and the process_*, brahe_pod_* and brahe_otlp_* families, without the exposition's end.
  [[nodiscard]] std::string Text(exposition::ExpositionFormat format = exposition::ExpositionFormat::kText) const;

 private:
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
};

}  // namespace brahe::instruments
