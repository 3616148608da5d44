#include "userspace/monitor/gpu_books_state.h"

#include <gtest/gtest.h>

#include <random>

namespace brahe::monitor {
namespace {

std::string Written(const GpuBooksState& state) {
  std::string message;
  ProtobufWriter writer(message);
  WriteGpuBooksState(state, writer);
  return message;
}

class RandomBooks {
 public:
  explicit RandomBooks(uint64_t seed) : random_(seed) {}

  GpuBooksState Make() {
    GpuBooksState state;
    for (uint64_t n = random_() % 3; n > 0; --n) {
      GpuBooksState::Card& card = state.cards.emplace_back();
      card = {.index = static_cast<uint32_t>(random_()), .uuid = Text(), .name = Text(), .active = {}, .idle = {}};
      card.source = static_cast<gpu::CardSource>(random_() % 3);
      card.active = {Number()};
      card.idle = {Number()};
      card.read_errors = Number();
      card.resets = Number();
      if (random_() % 2 == 0) card.idle_power.lowest = Microwatts{Number()};
      card.idle_power.window_used = {Number()};
      card.idle_power.window_time = {Number()};
    }
    for (uint64_t n = random_() % 4; n > 0; --n) state.processes.push_back({Number(), Instant(), Account()});
    for (uint64_t n = random_() % 4; n > 0; --n) {
      state.containers.push_back({Text(), Instant(), Account(), Text(), Account(), {Number()}});
    }
    for (uint64_t n = random_() % 4; n > 0; --n) state.pods.push_back({Text(), Instant(), Account()});
    state.unlisted_processes = {Number()};
    state.unlisted_containers = {Number()};
    state.unlisted_pods = {Number()};
    return state;
  }

 private:
  uint64_t Number() { return random_() >> random_() % 64; }
  std::string Text() { return std::string(random_() % 150, static_cast<char>(random_())); }
  std::optional<Nanoseconds> Instant() {
    return random_() % 2 == 0 ? std::optional(Nanoseconds{Number()}) : std::nullopt;
  }
  GpuBooksState::Account Account() { return {{Number()}, Number()}; }

  std::mt19937_64 random_;
};

TEST(GpuBooksStateTest, IsReadAsItWasWritten) {
  RandomBooks random(1);
  for (int i = 0; i < 500; ++i) {
    const GpuBooksState state = random.Make();
    const auto read = ReadGpuBooksState(Written(state));
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(*read, state);
  }
}

TEST(GpuBooksStateTest, AnErrorNamesTheField) {
  std::string message;
  ProtobufWriter(message).Message(3, [](ProtobufWriter& container) { container.Bytes(6, "\x08"); });
  EXPECT_EQ(ReadGpuBooksState(message).error().message, "a container: an account is not well formed");
}

}  // namespace
}  // namespace brahe::monitor
