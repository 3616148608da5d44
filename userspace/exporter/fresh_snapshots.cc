#include "userspace/exporter/fresh_snapshots.h"

#include <utility>

namespace brahe::exporter {

FreshSnapshots::FreshSnapshots(monitor::SnapshotSource& source) : source_(source), thread_([this] { Run(); }) {}

FreshSnapshots::~FreshSnapshots() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  asked_.notify_one();
  thread_.join();
  for (const Done& done : waiting_) done(nullptr);
}

void FreshSnapshots::Get(Done done) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(done));
  }
  asked_.notify_one();
}

void FreshSnapshots::Run() {
  for (std::vector<Done> batch = NextBatch(); !batch.empty(); batch = NextBatch()) {
    const std::shared_ptr<const monitor::Snapshot> snapshot = source_.Fresh();
    for (const Done& done : batch) done(snapshot);
  }
}

std::vector<FreshSnapshots::Done> FreshSnapshots::NextBatch() {
  std::unique_lock lock(mutex_);
  asked_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
  return stopping_ ? std::vector<Done>() : std::exchange(waiting_, {});
}

}  // namespace brahe::exporter
