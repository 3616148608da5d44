#include "userspace/exporter/fresh_snapshots.h"

#include <string>
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
    const std::shared_ptr<const Sending> sending = Next();
    for (const Done& done : batch) done(sending);
  }
}

std::shared_ptr<const Sending> FreshSnapshots::Next() {
  constexpr const char* kFault = "sent";
  std::erase_if(sent_, [](const auto& sent) { return sent.expired(); });
  if (sent_.size() >= kMostSent) {
    if (auto youngest = sent_.back().lock()) {
      faults_.Report(kFault, "Clients read so slowly that they are being sent the figures of " +
                                 std::to_string(kMostSent) +
                                 " epochs: others get the youngest of these, which may be a minute old");
      return youngest;
    }
  }
  faults_.Clear(kFault, "Every client gets fresh figures again");
  std::shared_ptr<const monitor::Snapshot> snapshot = source_.Fresh();
  if (snapshot == nullptr) return nullptr;
  for (const auto& sent : sent_) {
    if (auto known = sent.lock(); known && known->snapshot == snapshot) return known;
  }
  auto sending = std::make_shared<const Sending>(Sending{std::move(snapshot)});
  sent_.emplace_back(sending);
  return sending;
}

std::vector<FreshSnapshots::Done> FreshSnapshots::NextBatch() {
  std::unique_lock lock(mutex_);
  asked_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
  return stopping_ ? std::vector<Done>() : std::exchange(waiting_, {});
}

}  // namespace brahe::exporter
