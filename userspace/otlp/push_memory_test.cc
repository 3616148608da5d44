// How much memory pushing takes while nobody takes what is pushed.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <new>
#include <thread>

#include "userspace/exposition/test_snapshot.h"
#include "userspace/otlp/push_exporter.h"

namespace {

// Bytes that new has given and delete has not had back, and the most that there have been.
std::atomic<size_t> in_use = 0, most = 0;

}  // namespace

void* operator new(size_t size) {
  void* const memory = malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  const size_t now = in_use += malloc_usable_size(memory);
  for (size_t before = most; before < now && !most.compare_exchange_weak(before, now);) {
  }
  return memory;
}

void operator delete(void* memory) noexcept {
  in_use -= memory != nullptr ? malloc_usable_size(memory) : 0;
  free(memory);
}
void operator delete(void* memory, size_t) noexcept { operator delete(memory); }

namespace brahe::otlp {
namespace {

// 8000 processes, whose figures are others each time.
class HerdSource final : public monitor::SnapshotSource {
 public:
  std::shared_ptr<const monitor::Snapshot> Fresh() override {
    auto snapshot = std::make_shared<monitor::Snapshot>(exposition::LargeSnapshot(8000));
    snapshot->epoch = ++epoch_;
    snapshot->time = Seconds(epoch_);
    return snapshot;
  }
  [[nodiscard]] std::shared_ptr<const monitor::Snapshot> Latest() const override { return nullptr; }
  [[nodiscard]] bool Healthy() const override { return true; }
  std::vector<monitor::EpochTiming> TakeEpochTimings() override { return {}; }

 private:
  uint64_t epoch_ = 0;
};

class NobodyThere final : public Sender {
 public:
  [[nodiscard]] std::string name() const override { return "http://nowhere"; }
  SendOutcome Send(const Request&, const SendLimits&) override {
    return {.kind = SendOutcome::Kind::kFailed, .cause = "connection", .message = "POST: refused"};
  }
};

TEST(PushMemoryTest, AnOutageWithEightThousandProcessesTakesBoundedMemory) {
  HerdSource source;
  const auto snapshot = source.Fresh();
  const size_t of_snapshot = in_use;
  PushExporter exporter({.interval = Milliseconds(1), .levels = {"process"}, .last_export = Milliseconds(1)},
                        std::make_unique<NobodyThere>(), source);
  const size_t before = in_use;
  most = before;
  exporter.Start({.resource = {}, .host = "n", .version = "1", .started = {}});
  while (exporter.Figures().dropped == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const PushFigures figures = exporter.Figures();
  exporter.Stop();
  EXPECT_LE(figures.queued_bytes, size_t{8} << 20);
  RecordProperty("requests", std::to_string(figures.queued_requests));
  RecordProperty("bytes", std::to_string(figures.queued_bytes));
  RecordProperty("most", std::to_string(most - before));
  // The queue, a request that is made, the attributes of the processes, and the snapshot of the source.
  EXPECT_LE(most - before, (size_t{32} << 20) + of_snapshot);
}

}  // namespace
}  // namespace brahe::otlp
