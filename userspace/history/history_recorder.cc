#include "userspace/history/history_recorder.h"

#include <chrono>
#include <memory>

#include "userspace/history/history_json.h"

namespace brahe::history {

HistoryRecorder::HistoryRecorder(const monitor::SnapshotSource& source, Nanoseconds look)
    : source_(source), look_(look), thread_([this] { Run(); }) {}

HistoryRecorder::~HistoryRecorder() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  thread_.join();
}

std::string HistoryRecorder::Json(std::string_view level, uint64_t since_ms) const {
  const std::lock_guard lock(mutex_);
  return HistoryJson(history_, level, since_ms);
}

void HistoryRecorder::Run() {
  Nanoseconds due;
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, std::chrono::nanoseconds(look_.value), [this] { return stopping_; })) {
    lock.unlock();
    const std::shared_ptr<const monitor::Snapshot> snapshot = source_.Latest();
    lock.lock();
    if (snapshot == nullptr || snapshot->time < due) continue;
    history_.Add(*snapshot);
    due = snapshot->time + kBetweenPoints;
  }
}

}  // namespace brahe::history
