#include "userspace/checkpoint/checkpointer.h"

#include <algorithm>
#include <chrono>

#include "userspace/base/protobuf_writer.h"
#include "userspace/cpu/source_state.h"
#include "userspace/energy/meter_state.h"
#include "userspace/gpu/gpu_meter_state.h"
#include "userspace/monitor/books_state.h"

namespace brahe::checkpoint {

Checkpointer::Checkpointer(CheckpointFile file, Checkpoint writer, const Clock& clock)
    : file_(std::move(file)), writer_(std::move(writer)), clock_(clock), faults_(clock), thread_([this] { Run(); }) {}

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  thread_.join();
  if (const Status synced = file_.Sync(); !synced) faults_.Report("sync", synced.error().message);
}

void Checkpointer::Keep(monitor::EpochState state, std::function<void()> done) {
  const std::lock_guard lock(mutex_);
  task_ = Task{std::move(state), std::move(done)};
  changed_.notify_all();
}

bool Checkpointer::WaitUntilKept(Nanoseconds patience) {
  constexpr Nanoseconds kLongest = Seconds(10 * 365 * 86400ULL);  // what fits the clock
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::nanoseconds(std::min(patience, kLongest).value),
                           [this] { return !task_; });
}

CheckpointFigures Checkpointer::Figures() const {
  const std::lock_guard lock(mutex_);
  return figures_;
}

void Checkpointer::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return task_ || stopping_; });
    if (!task_) return;
    Task task = *std::move(task_);
    lock.unlock();
    Write(std::move(task.state));
    task.done();
    lock.lock();
    task_.reset();
    changed_.notify_all();
    lock.unlock();
    // Only now, since it waits for the disk.
    if (const Status synced = file_.SyncIfDue(clock_.Now()); !synced) {
      faults_.Report("sync", "What is kept may not outlive a loss of power: " + synced.error().message);
    } else {
      faults_.Clear("sync", "What is kept is on the disk again");
    }
    lock.lock();
  }
}

void WriteParts(const monitor::EpochState& state, Checkpoint& checkpoint) {
  // What grows piece by piece is moved again and again.
  checkpoint.books.reserve(64 * (state.books.processes.size() + state.books.groups.size() + 64));
  ProtobufWriter books(checkpoint.books);
  monitor::WriteBooks(state.books, books);
  if (state.source) {
    ProtobufWriter source(checkpoint.source);
    cpu::WriteSourceState(*state.source, source);
  }
  ProtobufWriter meters(checkpoint.meters);
  energy::WriteMeterState(state.meter, meters);
  checkpoint.split = state.split;
  ProtobufWriter gpus(checkpoint.gpus);
  monitor::WriteGpuBooksState(state.gpu_books, gpus);
  ProtobufWriter cards(checkpoint.cards);
  gpu::WriteGpuMeterState(state.gpu_meter, cards);
}

void Checkpointer::Write(monitor::EpochState state) {
  const Nanoseconds begin = clock_.Now();
  Checkpoint checkpoint = writer_;
  checkpoint.unix_ms = UnixMilliseconds();
  checkpoint.monotonic = begin;
  monitor::AddListed(*state.snapshot, state.books);
  WriteParts(state, checkpoint);
  std::string message;
  message.reserve(checkpoint.books.size() + (64 << 10));
  ProtobufWriter writer(message);
  WriteCheckpoint(checkpoint, writer);
  const Status written = file_.Write(message);
  if (written) {
    faults_.Clear("write", "Counters go on over an end again: " + file_.path() + " is written");
  } else {
    const Status voided = file_.Void();
    faults_.Report("write",
                   "Counters would begin at 0 after an end, as their state cannot be kept: " + written.error().message +
                       (voided ? "" : "; nor can the older state be removed: " + voided.error().message));
  }
  const std::lock_guard lock(mutex_);
  figures_.written += written ? 1 : 0;
  figures_.failed += written ? 0 : 1;
  figures_.bytes = message.size();
  figures_.duration = clock_.Now() - begin;
}

}  // namespace brahe::checkpoint
