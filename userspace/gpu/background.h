#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "userspace/base/units.h"

namespace brahe::gpu {

// Does some work in a thread of its own, which may hang in it. Whoever asks for it waits as long as he likes.
// All but the work itself: one thread at a time.
class Background {
 public:
  // What is returned by `work`: when it is to be done again if nobody asks for it earlier; nullopt: not then.
  using Work = std::function<std::optional<Nanoseconds>()>;

  // Begins with the first Ask. `work` must own all that it uses.
  explicit Background(Work work);
  // Waits for work that is under way for a second; then the thread is left to itself.
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  // Whether all that was asked for is done.
  [[nodiscard]] bool Idle() const;
  // Has the work done, once for all that ask before it begins.
  void Ask();
  // Whether work has ended that began after the last Ask. Waits until `patience` after that Ask, no longer.
  bool Wait(Nanoseconds patience);

 private:
  struct State;
  static void Run(const std::shared_ptr<State>& state);

  const std::shared_ptr<State> state_;
};

}  // namespace brahe::gpu
