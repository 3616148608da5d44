#include "userspace/guests/guest_writer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "userspace/base/file.h"
#include "userspace/base/temp_tree.h"
#include "userspace/exposition/test_snapshot.h"

namespace brahe::guests {
namespace {

class OneSnapshot final : public monitor::SnapshotSource {
 public:
  std::shared_ptr<const monitor::Snapshot> Fresh() override {
    ADD_FAILURE() << "an epoch is asked for";
    return nullptr;
  }
  [[nodiscard]] std::shared_ptr<const monitor::Snapshot> Latest() const override {
    const std::lock_guard lock(mutex_);
    return latest_;
  }
  [[nodiscard]] bool Healthy() const override { return true; }
  std::vector<monitor::EpochTiming> TakeEpochTimings() override { return {}; }

  void Publish(uint64_t epoch, uint64_t package_uj) {
    auto snapshot = std::make_shared<monitor::Snapshot>();
    snapshot->epoch = epoch;
    snapshot->time = Seconds(epoch);
    snapshot->zones.resize(1);
    snapshot->zones[0].name = "package";
    exposition::AddWorkload(snapshot->vms, monitor::VmLabels{.id = "a", .name = "web", .hypervisor = "kvm"},
                            monitor::WorkloadState::kRunning, {}, {{.energy = {package_uj}, .power = {}}});
    const std::lock_guard lock(mutex_);
    latest_ = std::move(snapshot);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const monitor::Snapshot> latest_;
};

uint64_t CounterOf(const TempTree& files) {
  const auto text = ReadFile(files.At("web/intel-rapl:0/energy_uj"));
  return text ? ParseUint64(*text).value_or(0) : 0;
}

void WaitFor(const TempTree& files, uint64_t value) {
  while (CounterOf(files) != value) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

TEST(GuestWriter, WritesEachEpochAndTheLastOneAtItsEnd) {
  const TempTree files;
  OneSnapshot source;
  {
    const GuestWriter writer(source, Milliseconds(200), {.directory = files.path()});
    source.Publish(1, 100);
    WaitFor(files, 100);
    source.Publish(2, 250);
    WaitFor(files, 250);
    source.Publish(3, 300);
  }
  EXPECT_EQ(CounterOf(files), 300U);
}

// A number read is one that was written, and no less than the one before, however often and whenever one reads.
TEST(GuestWriter, NoReaderSeesACounterFallOrBreak) {
  const TempTree files;
  OneSnapshot source;
  GuestTrees trees({.directory = files.path()});
  source.Publish(1, 5);
  trees.Update(*source.Latest());
  const std::string path = files.At("web/intel-rapl:0/energy_uj");
  std::atomic<bool> done = false;
  std::thread reader([&] {
    uint64_t last = 0;
    const auto kept = OpenForReading(path);
    ASSERT_TRUE(kept);
    while (!done) {
      for (const auto& text : {ReadFile(path), ReadFromStart(kept->get(), path)}) {
        ASSERT_TRUE(text);
        const auto value = ParseUint64(*text);
        ASSERT_TRUE(value) << *text;
        ASSERT_GE(*value, last);
        last = *value;
      }
    }
  });
  for (uint64_t epoch = 2; epoch < 5000; ++epoch) {
    source.Publish(epoch, epoch * epoch * epoch * 1009);
    trees.Update(*source.Latest());
  }
  done = true;
  reader.join();
}

}  // namespace
}  // namespace brahe::guests
