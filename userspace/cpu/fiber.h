#pragma once

#include <ucontext.h>

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace brahe::cpu {

// Something that runs by itself and can stop anywhere.
class Fiber {
 public:
  explicit Fiber(std::function<void()> body) : body_(std::move(body)), stack_(64 << 10) {
    getcontext(&own_);
    own_.uc_stack.ss_sp = stack_.data();
    own_.uc_stack.ss_size = stack_.size();
    own_.uc_link = nullptr;
    const auto self = reinterpret_cast<uintptr_t>(this);
    makecontext(&own_, reinterpret_cast<void (*)()>(&Fiber::Run), 2, static_cast<unsigned>(self >> 32),
                static_cast<unsigned>(self));
  }
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  void Resume() {
    current_ = this;
    swapcontext(&caller_, &own_);
    current_ = nullptr;
  }
  static void Yield() {
    Fiber* const fiber = current_;
    swapcontext(&fiber->own_, &fiber->caller_);
  }
  static bool IsRunning() { return current_ != nullptr; }

 private:
  static void Run(unsigned high, unsigned low) {
    reinterpret_cast<Fiber*>(static_cast<uintptr_t>(high) << 32 | low)->body_();
  }
  static inline Fiber* current_ = nullptr;
  std::function<void()> body_;
  std::vector<char> stack_;
  ucontext_t own_, caller_;
};

}  // namespace brahe::cpu
