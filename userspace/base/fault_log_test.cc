#include "userspace/base/fault_log.h"

#include <glog/logging.h>
#include <gtest/gtest.h>

#include "userspace/base/fake_clock.h"

namespace brahe {
namespace {

// Counts the lines of the log.
class CountingSink final : public google::LogSink {
 public:
  CountingSink() { google::AddLogSink(this); }
  ~CountingSink() override { google::RemoveLogSink(this); }
  using google::LogSink::send;
  void send(google::LogSeverity, const char*, const char*, int, const google::LogMessageTime&, const char*,
            size_t) override {
    ++lines;
  }

  int lines = 0;
};

TEST(FaultLogTest, SaysALastingFaultOnceAndItsEndOnce) {
  FakeClock clock;
  FaultLog log(clock);
  EXPECT_TRUE(log.Report("zone", "zone cannot be read"));
  EXPECT_FALSE(log.Report("zone", "zone cannot be read"));
  EXPECT_TRUE(log.Report("other", "another one"));
  clock.Advance(Seconds(2));
  EXPECT_FALSE(log.Report("zone", "zone cannot be read"));
  EXPECT_TRUE(log.Clear("zone", "zone is back"));
  EXPECT_FALSE(log.Clear("zone", "zone is back"));
  EXPECT_TRUE(log.Report("zone", "gone again"));
}

TEST(FaultLogTest, AFaultThatComesAndGoesIsALineASecond) {
  FakeClock clock;
  FaultLog log(clock);
  const CountingSink sink;
  for (int i = 0; i < 1000; ++i) {
    log.Report("zone", "zone cannot be read");
    log.Clear("zone", "zone is back");
    clock.Advance(Milliseconds(10));
  }
  EXPECT_EQ(sink.lines, 10);
}

TEST(FaultLogTest, AFaultThatComesToStayIsSaidAfterAll) {
  FakeClock clock;
  FaultLog log(clock);
  log.Report("zone", "zone cannot be read");
  log.Clear("zone", "zone is back");
  EXPECT_FALSE(log.Report("zone", "zone cannot be read"));
  clock.Advance(Seconds(2));
  EXPECT_TRUE(log.Report("zone", "zone cannot be read"));
  EXPECT_FALSE(log.Report("zone", "zone cannot be read"));
}

TEST(FaultLogTest, RemembersABoundedNumberOfFaults) {
  FaultLog log;
  for (int i = 0; i < 1000; ++i) log.Report(std::to_string(i), "fault");
  EXPECT_FALSE(log.Report("one too many", "fault"));
  EXPECT_TRUE(log.Clear("7", "over"));
  EXPECT_TRUE(log.Report("one too many", "fault"));
}

}  // namespace
}  // namespace brahe
