#pragma once

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/units.h"
#include "userspace/exposition/exposition.h"
#include "userspace/exposition/level_sizes.h"
#include "userspace/instruments/exposition_metrics.h"
#include "userspace/instruments/native_histogram.h"
#include "userspace/instruments/platform_metrics.h"
#include "userspace/instruments/pod_directory_metrics.h"
#include "userspace/instruments/process_metrics.h"
#include "userspace/instruments/push_metrics.h"
#include "userspace/instruments/registry_protobuf.h"
#include "userspace/monitor/snapshot_source.h"

namespace brahe::instruments {

// A histogram of durations, in classic and in native buckets. One thread at a time.
class DurationHistogram {
 public:
  // The family is the registry's, which must outlive this.
  DurationHistogram(prometheus::Histogram& classic) : classic_(classic) {}
  void Observe(Nanoseconds duration);
  [[nodiscard]] const NativeHistogram& native() const { return native_; }

 private:
  prometheus::Histogram& classic_;
  NativeHistogram native_;
};

// The exporter's instruments about itself, with the constant label node_name. Any thread.
class Instruments {
 public:
  // `pods`, `pushes` and `platform` may be null: then there is no pod directory to tell of, nothing is pushed, and
  // nobody is asked for the platform's power.
  explicit Instruments(const std::string& node_name, std::function<PodDirectoryFigures()> pods = nullptr,
                       std::function<PushFigures()> pushes = nullptr,
                       std::function<PlatformFigures()> platform = nullptr);

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

  // All instruments, and the process_*, brahe_pod_*, brahe_otlp_* and platform_* families, in a format and without the
  // exposition's end. In protocol buffers histograms of durations have native buckets as well. `created`: OpenMetrics
  // has lines in _created.
  [[nodiscard]] std::string Text(exposition::ExpositionFormat format = exposition::ExpositionFormat::kText,
                                 bool created = false) const;

 private:
  [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const;
  // Those that are not of the registry.
  [[nodiscard]] std::vector<prometheus::MetricFamily> CollectOthers() const;
  [[nodiscard]] NativeHistograms Natives() const;

  const uint64_t start_ms_;   // Unix time
  mutable std::mutex mutex_;  // held by who observes, and by who collects, so that the buckets of both kinds agree
  prometheus::Registry registry_;
  DurationHistogram epochs_;
  DurationHistogram epoch_delays_;
  DurationHistogram read_lags_;
  DurationHistogram read_skews_;
  prometheus::Counter& scrapes_;
  DurationHistogram scrape_durations_;
  ProcessMetrics process_;
  std::optional<PodDirectoryMetrics> pods_;
  std::optional<PushMetrics> pushes_;
  std::optional<PlatformMetrics> platform_;
  ExpositionMetrics exposition_;
};

}  // namespace brahe::instruments
