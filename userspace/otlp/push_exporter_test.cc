#include "userspace/otlp/push_exporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <thread>

#include "userspace/exposition/test_snapshot.h"

namespace brahe::otlp {
namespace {

using Kind = SendOutcome::Kind;

// Has a new snapshot each time that it is asked for a fresh one.
class FakeSource final : public monitor::SnapshotSource {
 public:
  std::shared_ptr<const monitor::Snapshot> Fresh() override {
    const std::lock_guard lock(mutex_);
    auto snapshot = std::make_shared<monitor::Snapshot>(exposition::SmallSnapshot());
    snapshot->epoch = ++epoch_;
    snapshot->time += Seconds(epoch_);
    snapshot->unix_ms += 1000 * epoch_;
    return snapshot;
  }
  [[nodiscard]] std::shared_ptr<const monitor::Snapshot> Latest() const override { return nullptr; }
  [[nodiscard]] bool Healthy() const override { return true; }
  std::vector<monitor::EpochTiming> TakeEpochTimings() override { return {}; }

 private:
  std::mutex mutex_;
  uint64_t epoch_ = 0;
};

// What a test lets the receiver do; shared with the sender, which the exporter owns.
struct Receiver {
  std::mutex mutex;
  std::deque<SendOutcome> next;  // outcomes; then `otherwise`
  SendOutcome otherwise;
  std::vector<std::string> attempts;  // bytes
  std::vector<Nanoseconds> times;     // of the attempts

  size_t Attempts() {
    const std::lock_guard lock(mutex);
    return attempts.size();
  }
  void Set(SendOutcome outcome) {
    const std::lock_guard lock(mutex);
    otherwise = std::move(outcome);
  }
};

class FakeSender final : public Sender {
 public:
  explicit FakeSender(Receiver& receiver) : receiver_(receiver) {}
  [[nodiscard]] std::string name() const override { return "http://receiver"; }
  SendOutcome Send(const Request& request, const SendLimits&) override {
    const std::lock_guard lock(receiver_.mutex);
    receiver_.attempts.push_back(request.bytes);
    receiver_.times.push_back(SystemClock().Now());
    if (receiver_.next.empty()) return receiver_.otherwise;
    SendOutcome outcome = receiver_.next.front();
    receiver_.next.pop_front();
    return outcome;
  }

 private:
  Receiver& receiver_;
};

// Like HttpSender's while nobody answers.
class HangingSender final : public Sender {
 public:
  [[nodiscard]] std::string name() const override { return "http://nowhere"; }
  SendOutcome Send(const Request&, const SendLimits& limits) override {
    while (!limits.cancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return {.kind = Kind::kBrokenOff};
  }
};

bool SoonTrue(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

class PushExporterTest : public testing::Test {
 protected:
  static PushOptions Options() {
    return {.interval = Milliseconds(20),
            .levels = {"node"},
            .gzip = false,
            .last_export = Milliseconds(500),
            .backoff = {.first = Milliseconds(10), .longest = Milliseconds(20)}};
  }
  void Start(const PushOptions& options) {
    exporter_.emplace(options, std::make_unique<FakeSender>(receiver_), source_);
    exporter_->Start({.resource = {}, .host = "n", .version = "1", .started = {}});
  }

  Receiver receiver_;
  FakeSource source_;
  std::optional<PushExporter> exporter_;
};

TEST_F(PushExporterTest, PushesAtEachIntervalAndOnceMoreAtTheEnd) {
  Start(Options());
  ASSERT_TRUE(SoonTrue([&] { return receiver_.Attempts() >= 3; }));
  exporter_->Stop();
  const PushFigures figures = exporter_->Figures();
  EXPECT_EQ(figures.taken, receiver_.Attempts());
  EXPECT_EQ(figures.queued_requests, 0U);
  EXPECT_EQ(figures.queued_bytes, 0U);
}

TEST_F(PushExporterTest, TheLastPushComesThoughNoIntervalHasPassed) {
  PushOptions options = Options();
  options.interval = Seconds(3600);
  Start(options);
  exporter_->Stop();
  EXPECT_EQ(receiver_.Attempts(), 1U);
}

TEST_F(PushExporterTest, WhatFailsIsSentAgainInItsOrderUntilItIsTaken) {
  receiver_.otherwise = {.kind = Kind::kFailed, .cause = "connection", .message = "POST: refused"};
  Start(Options());
  ASSERT_TRUE(SoonTrue([&] { return exporter_->Figures().queued_requests >= 4; }));
  EXPECT_GE(exporter_->Figures().failed, 2U);
  receiver_.Set({});
  ASSERT_TRUE(SoonTrue([&] { return exporter_->Figures().taken >= 5; }));
  exporter_->Stop();
  std::vector<std::string> sent = receiver_.attempts;
  sent.erase(std::unique(sent.begin(), sent.end()), sent.end());  // attempts of one request follow each other
  EXPECT_EQ(exporter_->Figures().taken, sent.size()) << "each once, and none lost";
  EXPECT_EQ(exporter_->Figures().dropped, 0U);
}

TEST_F(PushExporterTest, WhatIsRefusedIsDroppedAndTheNextIsSent) {
  receiver_.next = {{.kind = Kind::kRefused, .cause = "unauthorized", .message = "POST: 401"}};
  Start(Options());
  ASSERT_TRUE(SoonTrue([&] { return exporter_->Figures().taken >= 1; }));
  exporter_->Stop();
  EXPECT_EQ(exporter_->Figures().refused, 1U);
  EXPECT_TRUE(receiver_.attempts[0] != receiver_.attempts[1]);
}

TEST_F(PushExporterTest, PointsThatAreRejectedAreCountedAndNotSentAgain) {
  receiver_.next = {{.kind = Kind::kPartial, .rejected_points = 5, .cause = "partial", .message = "rejects 5"}};
  Start(Options());
  ASSERT_TRUE(SoonTrue([&] { return exporter_->Figures().taken >= 1; }));
  exporter_->Stop();
  EXPECT_EQ(exporter_->Figures().partial, 1U);
  EXPECT_EQ(exporter_->Figures().rejected_points, 5U);
}

TEST_F(PushExporterTest, WaitsAsLongAsTheReceiverAsks) {
  receiver_.next = {
      {.kind = Kind::kFailed, .retry_after = Milliseconds(300), .cause = "status", .message = "POST: 429"}};
  Start(Options());
  ASSERT_TRUE(SoonTrue([&] { return receiver_.Attempts() >= 2; }));
  exporter_->Stop();
  EXPECT_GE(receiver_.times[1] - receiver_.times[0], Milliseconds(300));
}

TEST_F(PushExporterTest, TheEndDoesNotPressAReceiverThatAskedToWait) {
  receiver_.otherwise = {.kind = Kind::kFailed, .retry_after = Seconds(60), .cause = "status", .message = "POST: 503"};
  Start(Options());
  ASSERT_TRUE(SoonTrue([&] { return receiver_.Attempts() == 1; }));
  exporter_->Stop();
  EXPECT_EQ(receiver_.Attempts(), 1U);
}

TEST_F(PushExporterTest, TheQueueStaysWithinItsBound) {
  receiver_.otherwise = {.kind = Kind::kFailed, .cause = "connection", .message = "POST: refused"};
  PushOptions options = Options();
  options.max_queue_bytes = 10'000;
  Start(options);
  ASSERT_TRUE(SoonTrue([&] { return exporter_->Figures().dropped >= 3; }));
  const PushFigures figures = exporter_->Figures();
  EXPECT_LE(figures.queued_bytes, 10'000U);
  EXPECT_GE(figures.queued_requests, 2U);
}

TEST_F(PushExporterTest, EndsInTimeThoughNobodyAnswers) {
  PushExporter exporter(Options(), std::make_unique<HangingSender>(), source_);
  exporter.Start({.resource = {}, .host = "n", .version = "1", .started = {}});
  ASSERT_TRUE(SoonTrue([&] { return exporter.Figures().queued_requests >= 1; }));
  exporter.Stop();
  EXPECT_EQ(exporter.Figures().taken, 0U);
}

TEST_F(PushExporterTest, NewLevelsHoldFromTheNextPushOn) {
  PushOptions options = Options();
  options.levels = {"pod"};
  Start(options);
  ASSERT_TRUE(SoonTrue([&] { return receiver_.Attempts() >= 1; }));
  EXPECT_THAT(receiver_.attempts[0], testing::Not(testing::HasSubstr("hw.energy")));
  exporter_->SetLevels({"node"});
  ASSERT_TRUE(SoonTrue([&] {
    const std::lock_guard lock(receiver_.mutex);
    return receiver_.attempts.back().find("hw.energy") != std::string::npos;
  }));
}

}  // namespace
}  // namespace brahe::otlp
