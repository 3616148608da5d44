// Renders a snapshot of N processes in each format and with prometheus-cpp's own serializer; prints the CPU time of
// each as JSON: {"bytes": ..., "text_ms": ..., "news_ms": ..., "openmetrics_ms": ..., "created_ms": ..., "protobuf_ms":
// ..., "gzip_ms":
// ..., "prometheus_cpp_ms": ..., ...}; "created" is OpenMetrics with lines in _created, "gzip" is of text. Each is the
// median of ROUNDS turns, in which all take part one after the other, with cold caches.
#include <prometheus/text_serializer.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "userspace/exposition/new_series.h"
#include "userspace/exposition/renderer.h"
#include "userspace/exposition/test_snapshot.h"
#include "userspace/http/gzip_stream.h"

namespace brahe::bench {
namespace {

constexpr size_t kBlockBytes = 32 * 1024;

double CpuMilliseconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

// Leaves the caches as they are after other work, as each scrape finds them.
void Chill() {
  static std::vector<char> memory(64 << 20);
  for (size_t at = 0; at < memory.size(); at += 64) ++memory[at];
}

class Contestant {
 public:
  // `run` does the work once and returns how many bytes came out.
  explicit Contestant(std::function<size_t()> run) : run_(std::move(run)) {}

  // The first of two runs is for the heap, which the one before has left in its own way.
  void TakeTurn() {
    run_();
    Chill();
    const double begin = CpuMilliseconds();
    bytes_ = run_();
    times_.push_back(CpuMilliseconds() - begin);
  }
  [[nodiscard]] size_t bytes() const { return bytes_; }
  [[nodiscard]] double median() {
    std::sort(times_.begin(), times_.end());
    return times_[times_.size() / 2];
  }

 private:
  std::function<size_t()> run_;
  std::vector<double> times_;
  size_t bytes_ = 0;
};

template <typename Stream>
size_t Drain(Stream& stream) {
  std::vector<char> block(kBlockBytes);
  size_t bytes = 0;
  while (const size_t size = stream.Next(block.data(), block.size())) bytes += size;
  return bytes;
}

std::unique_ptr<exposition::ItemStream> Renderer(const std::shared_ptr<const monitor::Snapshot>& snapshot,
                                                 exposition::ExpositionFormat format, bool created = false) {
  exposition::RenderOptions options = exposition::TestOptions();
  options.created_lines = created;
  return exposition::MakeRenderer(
      std::make_shared<const exposition::RenderInput>(snapshot, options, exposition::SpellingOf(format)), format, "");
}

size_t DrainZipped(exposition::ItemStream& renderer) {
  http::GzipStream stream([&](char* buffer, size_t capacity) { return renderer.Next(buffer, capacity); });
  return Drain(stream);
}

// The text for a Prometheus to which one container is new and, as it is after a scrape, nothing else.
size_t RenderNews(const std::shared_ptr<const monitor::Snapshot>& before,
                  const std::shared_ptr<const monitor::Snapshot>& now) {
  const exposition::RenderOptions options = exposition::TestOptions();
  const auto news = exposition::NewSeries::Between(before, 1'000'000, now, 1'015'000, options.levels);
  return Drain(*exposition::MakeRenderer(std::make_shared<const exposition::RenderInput>(now, options),
                                         exposition::ExpositionFormat::kText, "", {}, news));
}

// The process families of a snapshot as prometheus-cpp models them.
std::vector<prometheus::MetricFamily> Modelled(const monitor::Snapshot& snapshot) {
  std::vector<prometheus::MetricFamily> families = {
      {"kepler_process_cpu_joules_total", "Energy", prometheus::MetricType::Counter, {}},
      {"kepler_process_cpu_watts", "Power", prometheus::MetricType::Gauge, {}},
      {"kepler_process_cpu_seconds_total", "Time", prometheus::MetricType::Counter, {}}};
  const auto& list = snapshot.processes;
  for (size_t item = 0; item < list.size(); ++item) {
    const monitor::ProcessLabels& process = *list[item].labels;
    prometheus::ClientMetric metric;
    metric.label = {{"comm", process.comm},
                    {"container_id", process.container_id.str()},
                    {"exe", process.exe.str()},
                    {"node_name", "node-1"},
                    {"pid", std::to_string(process.pid)},
                    {"type", std::string(process.type)},
                    {"vm_id", process.vm_id.str()}};
    metric.counter.value = static_cast<double>(list[item].cpu_time.value) / 1e9;
    families[2].metric.push_back(metric);
    metric.label.push_back({"state", "running"});
    metric.label.push_back({"zone", ""});
    for (size_t zone = 0; zone < snapshot.zones.size(); ++zone) {
      const monitor::EnergyFigure figure = list.At(item, zone);
      metric.label.back().value = snapshot.zones[zone].name;
      metric.counter.value = static_cast<double>(figure.energy.value) / 1e6;
      metric.gauge.value = static_cast<double>(figure.power->value) / 1e6;
      families[0].metric.push_back(metric);
      families[1].metric.push_back(metric);
    }
  }
  return families;
}

int Main(uint32_t processes, int rounds) {
  const auto snapshot = std::make_shared<const monitor::Snapshot>(exposition::LargeSnapshot(processes));
  const std::vector<prometheus::MetricFamily> families = Modelled(*snapshot);
  using exposition::ExpositionFormat;
  Contestant text([&] { return Drain(*Renderer(snapshot, ExpositionFormat::kText)); });
  const auto born = [&] {
    monitor::Snapshot snapshot_after = *snapshot;
    exposition::AddContainer(snapshot_after, {"born", "", "runc", ""}, monitor::WorkloadState::kRunning, Joules(1));
    return std::make_shared<const monitor::Snapshot>(std::move(snapshot_after));
  }();
  Contestant news([&] { return RenderNews(snapshot, born); });
  Contestant open_metrics([&] { return Drain(*Renderer(snapshot, ExpositionFormat::kOpenMetrics)); });
  Contestant created([&] { return Drain(*Renderer(snapshot, ExpositionFormat::kOpenMetrics, true)); });
  Contestant protobuf([&] { return Drain(*Renderer(snapshot, ExpositionFormat::kProtobuf)); });
  Contestant gzip([&] { return DrainZipped(*Renderer(snapshot, ExpositionFormat::kText)); });
  Contestant protobuf_gzip([&] { return DrainZipped(*Renderer(snapshot, ExpositionFormat::kProtobuf)); });
  Contestant prometheus_cpp([&] { return prometheus::TextSerializer().Serialize(families).size(); });
  for (int round = 0; round < rounds; ++round) {
    for (Contestant* contestant :
         {&text, &news, &open_metrics, &created, &protobuf, &gzip, &protobuf_gzip, &prometheus_cpp}) {
      contestant->TakeTurn();
    }
  }
  std::printf(
      "{\"bytes\": %zu, \"text_ms\": %.3f, \"news_ms\": %.3f, \"openmetrics_ms\": %.3f, \"created_ms\": %.3f, "
      "\"created_bytes\": %zu, "
      "\"protobuf_ms\": %.3f, \"protobuf_bytes\": %zu, \"gzip_ms\": %.3f, \"gzip_bytes\": %zu, "
      "\"protobuf_gzip_ms\": %.3f, \"protobuf_gzip_bytes\": %zu, \"prometheus_cpp_ms\": %.3f, "
      "\"prometheus_cpp_bytes\": %zu}\n",
      text.bytes(), text.median(), news.median(), open_metrics.median(), created.median(), created.bytes(),
      protobuf.median(), protobuf.bytes(), gzip.median(), gzip.bytes(), protobuf_gzip.median(), protobuf_gzip.bytes(),
      prometheus_cpp.median(), prometheus_cpp.bytes());
  return 0;
}

}  // namespace
}  // namespace brahe::bench

int main(int argc, char** argv) {
  if (argc == 3) return brahe::bench::Main(static_cast<uint32_t>(std::atoi(argv[1])), std::atoi(argv[2]));
  std::fprintf(stderr, "render PROCESSES ROUNDS\n");
  return 2;
}
