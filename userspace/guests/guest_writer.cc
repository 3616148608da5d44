#include "userspace/guests/guest_writer.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace brahe::guests {
namespace {

Nanoseconds LookOf(Nanoseconds interval) {
  if (interval == Nanoseconds()) return Seconds(5);
  return std::clamp(interval / 10, Milliseconds(20), Seconds(1));
}

}  // namespace

GuestWriter::GuestWriter(monitor::SnapshotSource& source, Nanoseconds interval, GuestTreesOptions options)
    : source_(source),
      asks_(interval == Nanoseconds()),
      look_(LookOf(interval)),
      trees_(std::move(options)),
      thread_([this] { Run(); }) {}

GuestWriter::~GuestWriter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  thread_.join();
}

void GuestWriter::Run() {
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, std::chrono::nanoseconds(look_.value), [this] { return stopping_; })) {
    lock.unlock();
    Write(asks_ ? source_.Fresh() : source_.Latest());
    lock.lock();
  }
  Write(source_.Latest());
}

void GuestWriter::Write(const std::shared_ptr<const monitor::Snapshot>& snapshot) {
  if (snapshot == nullptr || snapshot->epoch == written_) return;
  trees_.Update(*snapshot);
  written_ = snapshot->epoch;
}

}  // namespace brahe::guests
