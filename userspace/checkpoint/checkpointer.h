#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "userspace/base/clock.h"
#include "userspace/base/fault_log.h"
#include "userspace/base/units.h"
#include "userspace/checkpoint/checkpoint.h"
#include "userspace/checkpoint/checkpoint_file.h"
#include "userspace/monitor/state_keeper.h"

namespace brahe::checkpoint {

// Writes the parts of a checkpoint. The books have what AddListed adds.
void WriteParts(const monitor::EpochState& state, Checkpoint& checkpoint);

// Of a Checkpointer, since its start.
struct CheckpointFigures {
  uint64_t written = 0;  // checkpoints
  uint64_t failed = 0;
  uint64_t bytes = 0;    // of the last one
  Nanoseconds duration;  // that the last one took, to be made and written
};

// Keeps each epoch's state in a checkpoint file, in a thread of its own.
//
// A checkpoint that is older than what was published must not be gone on from: counters would fall back, and whoever
// reads them would take that for a restart at 0. So what is in the file is made void when a newer one cannot be
// written, which is said once, and once when it can be again.
class Checkpointer final : public monitor::StateKeeper {
 public:
  // `writer`: who writes them, for each of them: the boot and the program. `clock` must outlive this object.
  Checkpointer(CheckpointFile file, Checkpoint writer, const Clock& clock = SystemClock());
  // Waits for what is being kept, and brings it to the disk.
  ~Checkpointer() override;

  void Keep(monitor::EpochState state, std::function<void()> done) override;
  bool WaitUntilKept(Nanoseconds patience) override;
  // Any thread.
  [[nodiscard]] CheckpointFigures Figures() const;

 private:
  struct Task {
    monitor::EpochState state;
    std::function<void()> done;
  };

  void Run();
  void Write(monitor::EpochState state);

  CheckpointFile file_;
  const Checkpoint writer_;
  const Clock& clock_;
  FaultLog faults_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Task> task_;  // until it is done
  bool stopping_ = false;
  CheckpointFigures figures_;
  std::thread thread_;
};

}  // namespace brahe::checkpoint
