#include "userspace/cpu/source_state.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace brahe::cpu {
namespace {

class SourceStateTest : public ::testing::Test {
 protected:
  // 0, small ones and large ones.
  uint64_t Number() { return random_() >> random_() % 65 % 64 & -(random_() % 8 != 0); }
  uint32_t Small() { return static_cast<uint32_t>(Number()); }
  ProcessKey Process() { return {Small(), Number()}; }
  std::string Text() { return std::string(random_() % 20, static_cast<char>(random_() % 256)); }

  SourceState Some() {
    SourceState state;
    state.version = Small();
    state.records_id = Small();
    state.program_hash = Number();
    const auto some = [this](auto add) {
      for (size_t i = random_() % 5; i != 0; --i) add();
    };
    some([&] { state.features_off.push_back(Text()); });
    state.cuts = {.cut = Number(),
                  .in_time = random_() % 2 == 0,
                  .cpus = {},
                  .switches = Number(),
                  .repaired = Number(),
                  .births = Number(),
                  .overflows = Number(),
                  .moves = Number(),
                  .late_cuts = Number()};
    some([&] {
      state.cuts.cpus.push_back({{Number(), Number()}, {Number(), Number()}, Number(), Number(), Number()});
    });
    some([&] { state.records.reads.push_back({Small(), Small(), Number()}); });
    some([&] { state.records.retired.push_back(Process()); });
    some([&] { state.records.gone_cgroups.push_back(Number()); });
    some([&] { state.records.unrecorded.push_back(Process()); });
    some([&] { state.lives.names.push_back({Process(), Number(), Text(), Text(), Small()}); });
    some([&] { state.lives.ends.push_back({Process(), Number()}); });
    some([&] { state.lives.gone_cgroups.push_back({Number(), Number()}); });
    state.lives.dropped = Number();
    some([&] { state.offline_cpus.push_back(Small()); });
    state.lost = {Number()};
    state.conservation_error = {Number()};
    return state;
  }
  static std::string Written(const SourceState& state) {
    std::string message;
    ProtobufWriter writer(message);
    WriteSourceState(state, writer);
    return message;
  }

  std::mt19937_64 random_{7};
};

TEST_F(SourceStateTest, WhatIsWrittenIsReadBack) {
  for (int i = 0; i < 1000; ++i) {
    const SourceState state = Some();
    const auto read = ReadSourceState(Written(state));
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(*read, state);
  }
}

TEST_F(SourceStateTest, AnyBytesGiveAStateOrAnErrorThatNamesTheField) {
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string message = Written(Some());
    for (size_t flips = 1 + random_() % 4; flips != 0; --flips) {
      message[random_() % message.size()] ^= static_cast<char>(1 << random_() % 8);
    }
    if (random_() % 4 == 0) message.resize(random_() % message.size());
    const auto read = ReadSourceState(message);
    if (read) continue;
    ++refused;
    ASSERT_NE(read.error().message.find("not well formed"), std::string::npos);
  }
  EXPECT_GT(refused, 1000);
  std::string message;
  ProtobufWriter(message).Bytes(7, "\x08");
  EXPECT_EQ(ReadSourceState(message).error().message,
            "the kept state of CPU time counting: field read is not well formed");
}

TEST_F(SourceStateTest, WhatIsNotKnownIsPassedOver) {
  SourceState state = Some();
  std::string message = Written(state);
  ProtobufWriter(message).Bytes(1000, "of another version");
  EXPECT_EQ(*ReadSourceState(message), state);
}

// An epoch in which 5000 processes have run.
TEST_F(SourceStateTest, ItIsSmall) {
  SourceState state;
  for (uint32_t i = 0; i < 5000; ++i) state.records.reads.push_back({5000 + i, i % 2, uint64_t{3'600'000'000'000} + i});
  EXPECT_LT(Written(state).size(), 5000U * 16);
}

}  // namespace
}  // namespace brahe::cpu
