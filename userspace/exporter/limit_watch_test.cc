#include "userspace/exporter/limit_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace brahe::exporter {
namespace {

using ::testing::HasSubstr;

std::string Logged(LimitWatch& watch, const exposition::SeriesLimit& limit) {
  testing::internal::CaptureStderr();
  watch.Tell(limit);
  return testing::internal::GetCapturedStderr();
}

TEST(LimitWatch, SaysOnceWhenALimitBeginsAndOnceWhenItEnds) {
  LimitWatch watch;
  EXPECT_EQ(Logged(watch, {}), "");
  EXPECT_THAT(Logged(watch, {.most = 500, .fixed = 100, .levels = {"program", "process"}}),
              HasSubstr("exporter.prometheus.maxSeries=500 leaves out the workloads with least energy of program, "
                        "process; "));
  EXPECT_EQ(Logged(watch, {.most = 500, .fixed = 100, .levels = {"process"}}), "");
  EXPECT_THAT(Logged(watch, {.most = 500, .fixed = 100, .levels = {}}), HasSubstr("leaves out no workload any more"));
  EXPECT_EQ(Logged(watch, {.most = 500, .fixed = 100, .levels = {}}), "");
}

TEST(LimitWatch, SaysThatALimitCannotBeHeld) {
  LimitWatch watch;
  EXPECT_THAT(Logged(watch, {.most = 500, .fixed = 501, .levels = {}}),
              HasSubstr("exporter.prometheus.maxSeries=500 cannot be held: without any workload there are 501 series"));
}

}  // namespace
}  // namespace brahe::exporter
