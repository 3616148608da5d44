#include "userspace/history/history_recorder.h"

#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "userspace/exposition/test_snapshot.h"

namespace brahe::history {
namespace {

class PublishedSnapshots final : public monitor::SnapshotSource {
 public:
  void Publish(Nanoseconds time) {
    auto snapshot = std::make_shared<monitor::Snapshot>(exposition::SmallSnapshot());
    snapshot->time = time;
    snapshot->unix_ms = time.value / 1'000'000;
    const std::lock_guard lock(mutex_);
    latest_ = std::move(snapshot);
  }
  std::shared_ptr<const monitor::Snapshot> Fresh() override {
    ADD_FAILURE() << "an epoch is asked for";
    return nullptr;
  }
  [[nodiscard]] std::shared_ptr<const monitor::Snapshot> Latest() const override {
    const std::lock_guard lock(mutex_);
    ++looks_;
    return latest_;
  }
  [[nodiscard]] bool Healthy() const override { return true; }
  std::vector<monitor::EpochTiming> TakeEpochTimings() override { return {}; }

  // Until all that was published before has been seen.
  void WaitForLooks() const {
    int before = 0;
    {
      const std::lock_guard lock(mutex_);
      before = looks_;
    }
    for (int looks = before; looks < before + 2;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      const std::lock_guard lock(mutex_);
      looks = looks_;
    }
  }

 private:
  mutable std::mutex mutex_;
  mutable int looks_ = 0;
  std::shared_ptr<const monitor::Snapshot> latest_;
};

TEST(HistoryRecorder, MakesPointsOfSnapshotsThatAreFarEnoughApart) {
  PublishedSnapshots source;
  const HistoryRecorder recorder(source, Milliseconds(1));
  source.WaitForLooks();
  for (const uint64_t tenths : {1000, 1010, 1044, 1046, 1050, 1091, 1092}) {
    source.Publish(Milliseconds(100 * tenths));
    source.WaitForLooks();
  }
  const auto json = nlohmann::json::parse(recorder.Json("pod", 0));
  ASSERT_EQ(json["points"].size(), 2U);
  EXPECT_EQ(json["points"][0]["unix_ms"], 104'600U);
  EXPECT_EQ(json["points"][0]["duration_ms"], 4'600U);
  EXPECT_EQ(json["points"][1]["unix_ms"], 109'100U);
}

}  // namespace
}  // namespace brahe::history
