#include "userspace/instruments/process_metrics.h"

#include <gtest/gtest.h>
#include <prometheus/metric_family.h>
#include <time.h>
#include <unistd.h>

#include <map>

#include "userspace/base/process_stat_text.h"
#include "userspace/base/temp_tree.h"

namespace brahe::instruments {
namespace {

std::map<std::string, double> Values(const ProcessMetrics& metrics) {
  std::map<std::string, double> values;
  for (const auto& family : metrics.Collect()) {
    const auto& metric = family.metric.at(0);
    EXPECT_EQ(metric.label.at(0).value, "n");
    values[family.name] = family.type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value;
  }
  return values;
}

TEST(ProcessMetrics, TellsOfThisProcess) {
  const auto values = Values(ProcessMetrics("n"));
  EXPECT_EQ(values.size(), 6U);
  EXPECT_GT(values.at("process_resident_memory_bytes"), 1e6);
  EXPECT_GT(values.at("process_virtual_memory_bytes"), values.at("process_resident_memory_bytes"));
  EXPECT_GE(values.at("process_open_fds"), 3);
  EXPECT_GE(values.at("process_max_fds"), values.at("process_open_fds"));
  EXPECT_NEAR(values.at("process_start_time_seconds"), static_cast<double>(time(nullptr)), 60);
}

TEST(ProcessMetrics, CountsEachOpenFileOnce) {
  const ProcessMetrics metrics("n");
  const double before = Values(metrics).at("process_open_fds");
  const int fd = dup(0);
  EXPECT_EQ(Values(metrics).at("process_open_fds"), before + 1);
  close(fd);
  EXPECT_EQ(Values(metrics).at("process_open_fds"), before);
}

TEST(ProcessMetrics, ReadsTheFieldsAfterANameWithSpacesAndParentheses) {
  const TempTree tree;
  tree.Write("stat", ProcessStatText(42, {.comm = "a) b",
                                          .state = 'S',
                                          .user_ticks = 150,
                                          .system_ticks = 50,
                                          .virtual_bytes = 2097152,
                                          .resident_pages = 64}));
  const auto values = Values(ProcessMetrics("n", tree.path()));
  EXPECT_DOUBLE_EQ(values.at("process_cpu_seconds_total"), 200.0 / static_cast<double>(sysconf(_SC_CLK_TCK)));
  EXPECT_DOUBLE_EQ(values.at("process_virtual_memory_bytes"), 2097152);
  EXPECT_DOUBLE_EQ(values.at("process_resident_memory_bytes"), 64.0 * static_cast<double>(sysconf(_SC_PAGESIZE)));
}

TEST(ProcessMetrics, LeavesOutWhatCannotBeRead) {
  const TempTree tree;
  EXPECT_EQ(Values(ProcessMetrics("n", tree.path())).count("process_cpu_seconds_total"), 0U);
  EXPECT_EQ(Values(ProcessMetrics("n", tree.path())).count("process_open_fds"), 0U);
  tree.Write("stat", "42 (cut) S 1 42\n");
  EXPECT_EQ(Values(ProcessMetrics("n", tree.path())).count("process_cpu_seconds_total"), 0U);
}

}  // namespace
}  // namespace brahe::instruments
