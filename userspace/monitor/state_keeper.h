#pragma once

#include <functional>

#include "userspace/base/units.h"
#include "userspace/monitor/epoch_runner.h"

namespace brahe::monitor {

// Keeps what each epoch leaves, beside the epochs, so that a later life of the monitor goes on from it. The methods are
// for one thread, the monitor's.
class StateKeeper {
 public:
  virtual ~StateKeeper() = default;

  // Begins to keep `state`, and returns at once. `done` is called by another thread, once, when it is kept or cannot
  // be. To be called when nothing is being kept.
  virtual void Keep(EpochState state, std::function<void()> done) = 0;
  // Waits until nothing is being kept and `done` has returned. False if that takes longer than `patience`.
  virtual bool WaitUntilKept(Nanoseconds patience) = 0;
};

}  // namespace brahe::monitor
