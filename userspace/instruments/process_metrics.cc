#include "userspace/instruments/process_metrics.h"

#include <dirent.h>
#include <prometheus/metric_family.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/base/process_stat.h"

namespace brahe::instruments {
namespace {

std::optional<ProcessStat> ReadStat(const std::string& path) {
  const Result<std::string> text = ReadFile(path);
  ProcessStat stat;
  return text && ParseProcessStat(*text, stat) ? std::optional(std::move(stat)) : std::nullopt;
}

std::optional<uint64_t> CountOpenFiles(const std::string& folder) {
  const auto close_folder = [](DIR* d) { closedir(d); };
  const std::unique_ptr<DIR, decltype(close_folder)> directory(opendir(folder.c_str()), close_folder);
  if (!directory) return std::nullopt;
  uint64_t entries = 0;
  while (readdir(directory.get()) != nullptr) ++entries;
  constexpr uint64_t kNotOpenFiles = 3;  // ".", ".." and the descriptor of this very listing
  return entries - kNotOpenFiles;
}

double BootTime() {
  timespec wall;
  timespec since_boot;
  clock_gettime(CLOCK_REALTIME, &wall);
  clock_gettime(CLOCK_BOOTTIME, &since_boot);
  return static_cast<double>(wall.tv_sec - since_boot.tv_sec) +
         static_cast<double>(wall.tv_nsec - since_boot.tv_nsec) / 1e9;
}

class FamilyList {
 public:
  explicit FamilyList(const std::string& node_name) : node_name_(node_name) {}

  void Add(const char* name, const char* help, prometheus::MetricType type, double value) {
    prometheus::ClientMetric metric;
    metric.label.push_back({"node_name", node_name_});
    metric.counter.value = value;
    metric.gauge.value = value;
    families_.push_back({name, help, type, {std::move(metric)}});
  }
  std::vector<prometheus::MetricFamily> Take() { return std::move(families_); }

 private:
  const std::string& node_name_;
  std::vector<prometheus::MetricFamily> families_;
};

void AddStat(const ProcessStat& stat, double boot_time, FamilyList& list) {
  using prometheus::MetricType;
  const auto seconds = [](uint64_t ticks) {
    return static_cast<double>(ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
  };
  list.Add("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", MetricType::Counter,
           seconds(stat.cpu_ticks()));
  list.Add("process_resident_memory_bytes", "Resident memory size in bytes.", MetricType::Gauge,
           static_cast<double>(stat.resident_pages) * static_cast<double>(sysconf(_SC_PAGESIZE)));
  list.Add("process_virtual_memory_bytes", "Virtual memory size in bytes.", MetricType::Gauge,
           static_cast<double>(stat.virtual_bytes));
  list.Add("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", MetricType::Gauge,
           boot_time + seconds(stat.start_ticks));
}

}  // namespace

ProcessMetrics::ProcessMetrics(std::string node_name, std::string proc_self)
    : node_name_(std::move(node_name)), proc_self_(std::move(proc_self)), boot_time_(BootTime()) {}

std::vector<prometheus::MetricFamily> ProcessMetrics::Collect() const {
  FamilyList list(node_name_);
  if (const auto stat = ReadStat(proc_self_ + "/stat")) AddStat(*stat, boot_time_, list);
  if (const auto open_files = CountOpenFiles(proc_self_ + "/fd")) {
    list.Add("process_open_fds", "Number of open file descriptors.", prometheus::MetricType::Gauge,
             static_cast<double>(*open_files));
  }
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    list.Add("process_max_fds", "Maximum number of open file descriptors.", prometheus::MetricType::Gauge,
             static_cast<double>(limit.rlim_cur));
  }
  return list.Take();
}

}  // namespace brahe::instruments
