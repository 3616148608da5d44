#include "userspace/instruments/registry.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "userspace/base/clock.h"
#include "userspace/instruments/registry_text.h"

namespace brahe::instruments {
namespace {

double ToSeconds(Nanoseconds duration) { return static_cast<double>(duration.value) / 1e9; }

constexpr char kEpochDuration[] = "brahe_epoch_duration_seconds";
constexpr char kEpochDelay[] = "brahe_epoch_delay_seconds";
constexpr char kReadLag[] = "brahe_energy_read_lag_seconds";
constexpr char kReadSkew[] = "brahe_energy_read_skew_seconds";
constexpr char kScrapeDuration[] = "brahe_scrape_duration_seconds";

using Buckets = prometheus::Histogram::BucketBoundaries;

const Buckets& DurationBuckets() {
  static const Buckets buckets = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0};
  return buckets;
}

// Of readings, which take microseconds if nothing holds them up.
const Buckets& ReadBuckets() {
  static const Buckets buckets = {0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025,
                                  0.005,   0.01,     0.025,   0.05,   0.1,     0.25,   0.5,   1.0};
  return buckets;
}

prometheus::Histogram& AddHistogram(const std::string& name, const std::string& help, const std::string& node_name,
                                    prometheus::Registry& registry, const Buckets& buckets = DurationBuckets()) {
  auto& family =
      prometheus::BuildHistogram().Name(name).Help(help).Labels({{"node_name", node_name}}).Register(registry);
  return family.Add({}, buckets);
}

prometheus::Counter& AddCounter(const std::string& name, const std::string& help, const std::string& node_name,
                                prometheus::Registry& registry) {
  return prometheus::BuildCounter().Name(name).Help(help).Labels({{"node_name", node_name}}).Register(registry).Add({});
}

uint64_t SeriesIn(const std::vector<prometheus::MetricFamily>& families) {
  uint64_t series = 0;
  for (const prometheus::MetricFamily& family : families) {
    for (const prometheus::ClientMetric& metric : family.metric) {
      const bool is_histogram = family.type == prometheus::MetricType::Histogram;
      series += is_histogram ? metric.histogram.bucket.size() + 2 : 1;  // _sum and _count
    }
  }
  return series;
}

}  // namespace

void DurationHistogram::Observe(Nanoseconds duration) {
  classic_.Observe(ToSeconds(duration));
  native_.Observe(duration);
}

Instruments::Instruments(const std::string& node_name, std::function<PodDirectoryFigures()> pods,
                         std::function<PushFigures()> pushes, std::function<PlatformFigures()> platform)
    : start_ms_(UnixMilliseconds()),
      epochs_(AddHistogram(kEpochDuration, "Time that cutting and booking an epoch took", node_name, registry_)),
      epoch_delays_(
          AddHistogram(kEpochDelay, "Time from when an epoch was due until it was cut", node_name, registry_)),
      read_lags_(AddHistogram(kReadLag, "Time from an epoch's cut until an energy counter was read for it", node_name,
                              registry_, ReadBuckets())),
      read_skews_(AddHistogram(kReadSkew,
                               "Time from the first to the last reading of an energy counter for the same epoch",
                               node_name, registry_, ReadBuckets())),
      scrapes_(AddCounter("brahe_scrapes_total", "Scrapes that were answered with figures", node_name, registry_)),
      scrape_durations_(AddHistogram(kScrapeDuration, "Time from a scrape's arrival until its last byte was rendered",
                                     node_name, registry_)),
      process_(node_name),
      exposition_(node_name) {
  if (pods) pods_.emplace(node_name, std::move(pods));
  if (pushes) pushes_.emplace(node_name, std::move(pushes));
  if (platform) platform_.emplace(node_name, std::move(platform));
}

void Instruments::ObserveEpochs(const std::vector<monitor::EpochTiming>& epochs) {
  const std::lock_guard lock(mutex_);
  for (const monitor::EpochTiming& epoch : epochs) {
    epochs_.Observe(epoch.work);
    if (epoch.delay) epoch_delays_.Observe(*epoch.delay);
    for (const Nanoseconds lag : epoch.read_lags) read_lags_.Observe(lag);
    if (epoch.read_lags.size() < 2) continue;
    const auto [first, last] = std::minmax_element(epoch.read_lags.begin(), epoch.read_lags.end());
    read_skews_.Observe(*last - *first);
  }
}

void Instruments::CountScrape() { scrapes_.Increment(); }

void Instruments::ObserveScrape(Nanoseconds duration) {
  const std::lock_guard lock(mutex_);
  scrape_durations_.Observe(duration);
}

void Instruments::ObserveSizes(exposition::LevelSizes sizes, bool of_all_levels) {
  sizes[exposition::kNoLevel].series += SeriesIn(Collect()) + SeriesIn(exposition_.Collect());
  exposition_.Observe(sizes, of_all_levels);
}

void Instruments::SetLimited(const std::vector<std::string>& levels, const std::vector<std::string>& limited) {
  std::map<std::string, bool> by_level;
  for (const std::string& level : levels) {
    if (level != "node") by_level[level] = std::find(limited.begin(), limited.end(), level) != limited.end();
  }
  exposition_.SetLimited(std::move(by_level));
}

uint64_t Instruments::MostSeries() const { return SeriesIn(Collect()) + ExpositionMetrics::kMostSeries; }

NativeHistograms Instruments::Natives() const {
  return {{kEpochDuration, &epochs_.native()},
          {kEpochDelay, &epoch_delays_.native()},
          {kReadLag, &read_lags_.native()},
          {kReadSkew, &read_skews_.native()},
          {kScrapeDuration, &scrape_durations_.native()}};
}

std::string Instruments::Text(exposition::ExpositionFormat format, bool created) const {
  std::vector<prometheus::MetricFamily> others = CollectOthers();
  for (auto& family : exposition_.Collect()) others.push_back(std::move(family));
  const std::lock_guard lock(mutex_);
  const std::vector<prometheus::MetricFamily> own = registry_.Collect();
  // The others count since the process began, or since something in it did.
  if (format == exposition::ExpositionFormat::kProtobuf) {
    return RegistryProtobuf(own, Natives(), start_ms_) + RegistryProtobuf(others, {}, std::nullopt);
  }
  const bool tells_start = created && format == exposition::ExpositionFormat::kOpenMetrics;
  return RegistryText(own, format, tells_start ? std::optional(start_ms_) : std::nullopt) +
         RegistryText(others, format);
}

// All but the sizes of expositions.
std::vector<prometheus::MetricFamily> Instruments::Collect() const {
  std::vector<prometheus::MetricFamily> families = registry_.Collect();
  for (auto& family : CollectOthers()) families.push_back(std::move(family));
  return families;
}

std::vector<prometheus::MetricFamily> Instruments::CollectOthers() const {
  std::vector<prometheus::MetricFamily> families = process_.Collect();
  const auto add = [&](std::vector<prometheus::MetricFamily> more) {
    families.insert(families.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  };
  if (pods_) add(pods_->Collect());
  if (pushes_) add(pushes_->Collect());
  if (platform_) add(platform_->Collect());
  return families;
}

}  // namespace brahe::instruments
