#include "userspace/gpu/gpu_meter_state.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace brahe::gpu {
namespace {

std::string Written(const GpuMeterState& state) {
  std::string message;
  ProtobufWriter writer(message);
  WriteGpuMeterState(state, writer);
  return message;
}

GpuMeterState RandomState(std::mt19937_64& random) {
  const auto number = [&] { return random() >> random() % 64; };
  GpuMeterState state;
  for (uint64_t cards = random() % 4; cards > 0; --cards) {
    CardState& card = state.cards.emplace_back();
    card.uuid = "GPU-" + std::string(random() % 150, 'x');
    if (random() % 2 == 0) card.counter = {.energy = {number()}, .time = {number()}, .suspended = {number()}};
    if (random() % 2 == 0) {
      card.power = {.power = {number()}, .time = {number()}, .energy = {number()}, .remainder = number()};
    }
    card.known_until = {number()};
    card.read_errors = number();
    card.resets = number();
    card.seen_us = number();
  }
  return state;
}

TEST(GpuMeterStateTest, IsReadAsItWasWritten) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 500; ++i) {
    const GpuMeterState state = RandomState(random);
    const auto read = ReadGpuMeterState(Written(state));
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(*read, state);
  }
}

}  // namespace
}  // namespace brahe::gpu
