#include "userspace/instruments/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace brahe::instruments {
namespace {

using ::testing::HasSubstr;

TEST(Instruments, HasAllFamiliesFromTheStart) {
  const Instruments instruments("n");
  const std::string text = instruments.Text();
  EXPECT_THAT(text, HasSubstr("# TYPE brahe_epoch_duration_seconds histogram\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE brahe_scrape_duration_seconds histogram\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE brahe_scrapes_total counter\nbrahe_scrapes_total{node_name=\"n\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("process_cpu_seconds_total{node_name=\"n\"}"));
}

TEST(Instruments, CountsDurationsIntoTheirBuckets) {
  Instruments instruments("n");
  instruments.ObserveEpochs({{Milliseconds(3), Milliseconds(200)}, {Milliseconds(30), std::nullopt}});
  instruments.ObserveEpochs({{Seconds(100), Milliseconds(1)}});
  instruments.ObserveScrape(Milliseconds(7));
  instruments.CountScrape();
  instruments.CountScrape();
  const std::string text = instruments.Text();
  EXPECT_THAT(text, HasSubstr("brahe_epoch_duration_seconds_count{node_name=\"n\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("brahe_epoch_duration_seconds_bucket{node_name=\"n\",le=\"0.0025\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("brahe_epoch_duration_seconds_bucket{node_name=\"n\",le=\"0.005\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("brahe_epoch_duration_seconds_bucket{node_name=\"n\",le=\"5.0\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("brahe_scrape_duration_seconds_bucket{node_name=\"n\",le=\"0.01\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("brahe_epoch_delay_seconds_count{node_name=\"n\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("brahe_epoch_delay_seconds_bucket{node_name=\"n\",le=\"0.1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("brahe_scrapes_total{node_name=\"n\"} 2\n"));
}

TEST(Instruments, CountsTheLagOfEachReadingAndTheSkewOfEachEpochThatHasTwo) {
  Instruments instruments("n");
  const auto micro = [](uint64_t n) { return Nanoseconds{n * 1000}; };
  instruments.ObserveEpochs({{.work = {}, .delay = {}, .read_lags = {micro(120), micro(100), micro(140)}},
                             {.work = {}, .delay = {}, .read_lags = {micro(9)}},
                             {.work = {}, .delay = {}, .read_lags = {}}});
  const std::string text = instruments.Text();
  EXPECT_THAT(text, HasSubstr("brahe_energy_read_lag_seconds_count{node_name=\"n\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("brahe_energy_read_lag_seconds_bucket{node_name=\"n\",le=\"1e-05\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("brahe_energy_read_lag_seconds_bucket{node_name=\"n\",le=\"1e-04\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("brahe_energy_read_lag_seconds_bucket{node_name=\"n\",le=\"1.0\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("brahe_energy_read_skew_seconds_count{node_name=\"n\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("brahe_energy_read_skew_seconds_bucket{node_name=\"n\",le=\"2.5e-05\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("brahe_energy_read_skew_seconds_bucket{node_name=\"n\",le=\"5e-05\"} 1\n"));
}

TEST(Instruments, CanBeUsedByManyThreads) {
  Instruments instruments("n");
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int k = 0; k < 50; ++k) {
          instruments.CountScrape();
          instruments.ObserveEpochs({{Milliseconds(1), Milliseconds(1)}});
          instruments.ObserveScrape(Milliseconds(1));
          (void)instruments.Text();
        }
      });
    }
  }
  EXPECT_THAT(instruments.Text(), HasSubstr("brahe_scrapes_total{node_name=\"n\"} 200\n"));
}

}  // namespace
}  // namespace brahe::instruments
