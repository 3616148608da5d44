#include "userspace/gpu/background.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <utility>

namespace brahe::gpu {
namespace {

using SteadyTime = std::chrono::steady_clock;

std::chrono::nanoseconds Chrono(Nanoseconds time) { return std::chrono::nanoseconds(time.value); }

}  // namespace

// Shared with the thread, which may outlive whoever began it.
struct Background::State {
  explicit State(Work to_do) : work(std::move(to_do)) {}

  const Work work;  // by the thread alone
  std::mutex mutex;
  std::condition_variable changed;
  bool begun = false;
  bool stop = false;
  bool ended = false;
  uint64_t asked = 0;
  uint64_t answered = 0;
  SteadyTime::time_point asked_at;
};

Background::Background(Work work) : state_(std::make_shared<State>(std::move(work))) {}

Background::~Background() {
  std::unique_lock lock(state_->mutex);
  state_->stop = true;
  state_->changed.notify_all();
  if (state_->begun) state_->changed.wait_for(lock, std::chrono::seconds(1), [this] { return state_->ended; });
}

bool Background::Idle() const {
  const std::lock_guard lock(state_->mutex);
  return state_->answered == state_->asked;
}

void Background::Ask() {
  const std::lock_guard lock(state_->mutex);
  ++state_->asked;
  state_->asked_at = SteadyTime::now();
  if (!std::exchange(state_->begun, true)) std::thread(Run, state_).detach();
  state_->changed.notify_all();
}

bool Background::Wait(Nanoseconds patience) {
  std::unique_lock lock(state_->mutex);
  const auto done = [this] { return state_->answered == state_->asked; };
  return state_->changed.wait_until(lock, state_->asked_at + Chrono(patience), done);
}

void Background::Run(const std::shared_ptr<State>& state) {
  std::optional<SteadyTime::time_point> due;
  std::unique_lock lock(state->mutex);
  while (true) {
    const auto wanted = [&] { return state->stop || state->asked != state->answered; };
    if (due) {
      state->changed.wait_until(lock, *due, wanted);
    } else {
      state->changed.wait(lock, wanted);
    }
    if (state->stop) break;
    const uint64_t asked = state->asked;
    lock.unlock();
    const std::optional<Nanoseconds> again = state->work();
    due = again ? std::optional(SteadyTime::now() + Chrono(*again)) : std::nullopt;
    lock.lock();
    state->answered = asked;
    state->changed.notify_all();
  }
  state->ended = true;
  state->changed.notify_all();
}

}  // namespace brahe::gpu
