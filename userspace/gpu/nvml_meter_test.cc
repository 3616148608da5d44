#include "userspace/gpu/nvml_meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "userspace/base/fake_clock.h"
#include "userspace/base/protobuf_writer.h"
#include "userspace/energy/log_lines.h"
#include "userspace/gpu/gpu_meter_state.h"

namespace brahe::gpu {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string Path(const std::string& library) {
  return std::string(getenv("TEST_SRCDIR")) + "/" + getenv("TEST_WORKSPACE") + "/userspace/gpu/" + library;
}

// The meter with the fake library. Two looks are two seconds apart by its clock.
class NvmlMeterTest : public testing::Test {
 protected:
  NvmlMeterTest() { setenv("FAKE_NVML_STATE", state_path_.c_str(), 1); }

  void Say(const std::string& state) {
    const std::string next = state_path_ + ".next";
    std::ofstream(next) << state;
    ASSERT_EQ(std::rename(next.c_str(), state_path_.c_str()), 0);
  }

  void Open(const std::string& library = "fake/libnvidia-ml.so.1") {
    meter_ = std::make_unique<NvmlMeter>(
        NvmlOptions{.library = Path(library), .patience = Seconds(60), .find_patience = Seconds(60)}, clock_);
  }

  std::vector<CardReading> Read() {
    clock_.Advance(Seconds(2));
    meter_->Ask();
    return meter_->Take();
  }
  std::vector<CardReading> Read(const std::string& state) {
    Say(state);
    return Read();
  }

  const std::string state_path_ = testing::TempDir() + "/nvml_state";
  FakeClock clock_;
  energy::LogLines log_;
  std::unique_ptr<NvmlMeter> meter_;
};

TEST_F(NvmlMeterTest, TwoCardsThatAreSharedInTimeAreChargedByTheirMultiprocessors) {
  Say("card 0 GPU-a Alpha energy=5000 util=90\ncard 1 GPU-b Beta energy=7000 util=50\n");
  Open();
  auto cards = Read();
  ASSERT_EQ(cards.size(), 2U);
  EXPECT_EQ(cards[0].names, (CardNames{.index = 0, .uuid = "GPU-a", .name = "Alpha"}));
  EXPECT_EQ(cards[0].used, std::nullopt) << "what was used before is nobody's";
  cards = Read(
      "card 0 GPU-a Alpha energy=105000 util=90\ncard 1 GPU-b Beta energy=17000 util=50\n"
      "open 0 11\nopen 0 12\nsample 0 11 100 30\nsample 0 12 100 10\nsample 0 11 200 25\nsample 1 12 100 50\n");
  EXPECT_EQ(cards[0].used, Joules(100));
  EXPECT_EQ(cards[0].time, Seconds(2));
  EXPECT_TRUE(cards[0].in_use);
  EXPECT_THAT(cards[0].users, ElementsAre(CardUse{11, 55}, CardUse{12, 10}));
  EXPECT_EQ(cards[1].used, Joules(10));
  EXPECT_THAT(cards[1].users, ElementsAre(CardUse{12, 50}));
  cards = Read(
      "card 0 GPU-a Alpha energy=106000 util=1\ncard 1 GPU-b Beta energy=17000 util=0\n"
      "open 0 11\nopen 0 12\nsample 0 11 200 25\nsample 0 12 300 1\n");
  EXPECT_THAT(cards[0].users, ElementsAre(CardUse{12, 1})) << "a sample counts once";
  EXPECT_EQ(cards[1].used, Joules(0));
  EXPECT_FALSE(cards[1].in_use);
  EXPECT_THAT(log_.lines, ElementsAre("I GPU 0 (Alpha, GPU-a): energy from its counter",
                                      "I GPU 1 (Beta, GPU-b): energy from its counter"));
}

TEST_F(NvmlMeterTest, WhereNobodysUseIsMeasuredThosePayThatHaveItOpen) {
  Say("card 0 GPU-a Alpha energy=0\n");
  Open();
  Read();
  const auto cards = Read("card 0 GPU-a Alpha energy=1000\nopen 0 12\nopen 0 11\nopen 0 11\n");
  EXPECT_TRUE(cards[0].in_use);
  ASSERT_EQ(cards[0].users.size(), 2U);
  EXPECT_EQ(cards[0].users[0].pid, 11U);
  EXPECT_EQ(cards[0].users[0].weight, cards[0].users[1].weight);
}

TEST_F(NvmlMeterTest, MoreProcessesThanTheBufferHoldsAreAllTaken) {
  Say("card 0 GPU-a Alpha energy=0\n");
  Open();
  Read();
  std::string state = "card 0 GPU-a Alpha energy=1000\n";
  for (int pid = 1; pid <= 300; ++pid) state += "sample 0 " + std::to_string(pid) + " 100 1\n";
  EXPECT_EQ(Read(state)[0].users.size(), 300U);
}

TEST_F(NvmlMeterTest, MigIsFoundWhileItRunsAndIsChargedBySlices) {
  Say("card 0 GPU-a Alpha energy=0\nopen 0 5\n");
  Open();
  Read();
  auto cards = Read("card 0 GPU-a Alpha energy=1000 mig\ninstance 0 4 11\ninstance 0 2 12 13\ninstance 0 1\n");
  EXPECT_EQ(cards[0].used, Joules(1));
  EXPECT_THAT(cards[0].users, ElementsAre(CardUse{11, 4'000'000}, CardUse{12, 1'000'000}, CardUse{13, 1'000'000}));
  cards = Read("card 0 GPU-a Alpha energy=2000\nsample 0 5 100 10\n");
  EXPECT_THAT(cards[0].users, ElementsAre(CardUse{5, 10}));
}

TEST_F(NvmlMeterTest, ACardWithoutACounterIsMeteredByItsPower) {
  Say("card 0 GPU-a Alpha power=50000\n");
  Open();
  EXPECT_EQ(Read()[0].used, std::nullopt);
  const auto cards = Read("card 0 GPU-a Alpha power=100000\n");
  EXPECT_EQ(cards[0].used, Joules(150)) << "75 W for 2 s";
  EXPECT_EQ(cards[0].source, CardSource::kPower);
}

TEST_F(NvmlMeterTest, ACardThatIsLostLeavesItsNeighbourAndComesBack) {
  const std::string lost = "card 0 GPU-a Alpha energy=2000 lost\n";
  Say("card 0 GPU-a Alpha energy=1000\ncard 1 GPU-b Beta energy=1000\n");
  Open();
  Read();
  auto cards = Read(lost + "card 1 GPU-b Beta energy=3000\n");
  ASSERT_EQ(cards.size(), 2U) << "its counters stay listed";
  EXPECT_EQ(cards[0].used, std::nullopt);
  EXPECT_EQ(cards[0].read_errors, 1U);
  EXPECT_EQ(cards[1].used, Joules(2));
  cards = Read(lost + "card 1 GPU-b Beta energy=4000\n");
  EXPECT_EQ(cards[1].used, Joules(1));
  cards = Read("card 0 GPU-a Alpha energy=6000\ncard 1 GPU-b Beta energy=4000\n");
  EXPECT_EQ(cards[0].used, Joules(5)) << "its counter went on";
  EXPECT_EQ(cards[0].time, Seconds(6));
  EXPECT_EQ(cards[0].read_errors, 2U);
  EXPECT_THAT(log_.lines, testing::Contains("W GPU 0 (Alpha, GPU-a) cannot be read, its counters stay: "
                                            "nvmlDeviceGetTotalEnergyConsumption: GPU is lost"));
  EXPECT_THAT(log_.lines, testing::Contains("I GPU 0 (Alpha, GPU-a) is read again"));
}

TEST_F(NvmlMeterTest, ACardThatGoesMakesItsNeighbourNoOther) {
  Say("card 0 GPU-a Alpha energy=1000\ncard 1 GPU-b Beta energy=1000\n");
  Open();
  Read();
  // What had the index 1 has the index 0 now.
  for (int i = 0; i < 4; ++i) Read("card 0 GPU-b Beta energy=3000\n");
  const auto cards = Read("card 0 GPU-b Beta energy=4000\n");
  ASSERT_EQ(cards.size(), 2U);
  EXPECT_EQ(cards[1].names.uuid, "GPU-b");
  EXPECT_EQ(cards[1].names.index, 1U) << "a series keeps its labels";
  EXPECT_EQ(cards[1].used, Joules(1));
}

TEST_F(NvmlMeterTest, ACounterThatWasSetBackIsCountedAndNotCharged) {
  Say("card 0 GPU-a Alpha energy=900000\n");
  Open();
  Read();
  auto cards = Read("card 0 GPU-a Alpha energy=500\nopen 0 3\n");
  EXPECT_EQ(cards[0].used, std::nullopt);
  EXPECT_EQ(cards[0].resets, 1U);
  EXPECT_THAT(cards[0].users, IsEmpty());
  cards = Read("card 0 GPU-a Alpha energy=1500\n");
  EXPECT_EQ(cards[0].used, Joules(1));
}

TEST_F(NvmlMeterTest, ACardThatHangsHoldsUpNobodyAndCatchesUp) {
  Say("card 0 GPU-a Alpha energy=1000\ncard 1 GPU-b Beta energy=1000\n");
  // Long enough for the one that answers; the other is waited for once.
  meter_ = std::make_unique<NvmlMeter>(
      NvmlOptions{.library = Path("fake/libnvidia-ml.so.1"), .patience = Seconds(1), .find_patience = Seconds(60)},
      clock_);
  Read();
  for (int epoch = 1; epoch <= 3; ++epoch) {
    const auto cards = Read(
        "card 0 GPU-a Alpha energy=9000 block\ncard 1 GPU-b Beta energy=" + std::to_string(1000 + epoch * 1000) + "\n");
    ASSERT_EQ(cards.size(), 2U);
    EXPECT_EQ(cards[0].used, std::nullopt);
    EXPECT_EQ(cards[1].used, Joules(1));
  }
  Say("card 0 GPU-a Alpha energy=9000\ncard 1 GPU-b Beta energy=4000\n");
  std::optional<Microjoules> used;
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!used && std::chrono::steady_clock::now() < give_up) used = Read()[0].used;
  EXPECT_EQ(used, Joules(8));
  EXPECT_THAT(log_.lines, testing::Contains("W GPU 0 (Alpha, GPU-a) does not answer; its energy is left out until it "
                                            "does"));
}

TEST_F(NvmlMeterTest, ACardThatIsAlwaysLateHasItsEnergyLater) {
  Say("card 0 GPU-a Alpha energy=1000 slow\n");
  meter_ = std::make_unique<NvmlMeter>(
      NvmlOptions{.library = Path("fake/libnvidia-ml.so.1"), .patience = Milliseconds(1), .find_patience = Seconds(60)},
      clock_);
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  const auto waits = [&] { return std::chrono::steady_clock::now() < give_up; };
  while (waits() && Read()[0].source == CardSource::kNone) usleep(1000);
  Say("card 0 GPU-a Alpha energy=9000 slow\nsample 0 3 100 10\n");
  Microjoules used;
  std::vector<CardUse> users;
  while (waits() && used < Joules(8)) {
    const auto card = Read()[0];
    used += card.used.value_or(Microjoules{});
    if (!card.users.empty()) users = card.users;
    usleep(1000);
  }
  EXPECT_EQ(used, Joules(8));
  EXPECT_THAT(users, ElementsAre(CardUse{3, 10}));
}

TEST_F(NvmlMeterTest, ACardThatHangsDoesNotHoldUpTheEnd) {
  Say("card 0 GPU-a Alpha energy=1000\n");
  meter_ = std::make_unique<NvmlMeter>(
      NvmlOptions{.library = Path("fake/libnvidia-ml.so.1"), .patience = Milliseconds(1), .find_patience = Seconds(60)},
      SystemClock());
  Read();
  Read("card 0 GPU-a Alpha energy=1000 block\n");
  meter_ = nullptr;
  Say("");
}

TEST_F(NvmlMeterTest, WithoutALibraryThereIsNotOneLine) {
  Open("fake/none.so.1");
  for (int i = 0; i < 5; ++i) EXPECT_THAT(Read(), IsEmpty());
  EXPECT_THAT(log_.lines, IsEmpty());
}

TEST_F(NvmlMeterTest, ALibraryThatIsTooOldIsSaidOnce) {
  Open("fake_broken/libnvidia-ml.so.1");
  for (int i = 0; i < 5; ++i) EXPECT_THAT(Read(), IsEmpty());
  ASSERT_EQ(log_.lines.size(), 1U);
  EXPECT_THAT(log_.lines[0],
              AllOf(HasSubstr("W GPUs are left out: "), HasSubstr("has no nvmlInit_v2: it takes a newer")));
}

TEST_F(NvmlMeterTest, ADriverThatLacksTheNewerFunctionsStillHasItsPower) {
  Say("card 0 GPU-a Alpha power=10000 energy=5\nopen 0 3\n");
  Open("fake_old/libnvidia-ml.so.1");
  Read();
  const auto cards = Read();
  EXPECT_EQ(cards[0].used, Joules(20));
  EXPECT_THAT(cards[0].users, IsEmpty());
}

TEST_F(NvmlMeterTest, ALibraryWithoutItsDriverIsSaidOnce) {
  Say("init 9\n");
  Open();
  for (int i = 0; i < 5; ++i) EXPECT_THAT(Read(), IsEmpty());
  EXPECT_THAT(log_.lines, ElementsAre("W GPUs are left out: nvmlInit_v2: an error"));
}

TEST_F(NvmlMeterTest, AnotherProcessGoesOnWhereThisOneStood) {
  const auto restart = [&] {
    std::string message;
    ProtobufWriter writer(message);
    WriteGpuMeterState(meter_->State(), writer);
    const auto state = ReadGpuMeterState(message);
    ASSERT_TRUE(state);
    Open();
    meter_->Resume(*state);
  };
  Say("card 0 GPU-a Alpha energy=5000\ncard 1 GPU-b Beta energy=7000\ncard 2 GPU-c Gamma power=50000\n");
  Open();
  Read();
  Read(
      "card 0 GPU-a Alpha energy=5100\ncard 1 GPU-b Beta energy=7000\ncard 2 GPU-c Gamma power=50000\nsample 0 11 100 "
      "30\n");
  clock_.Advance(Seconds(60));
  // A's counter goes on, B is away, and nobody has read C's power.
  Say("card 0 GPU-a Alpha energy=9333\ncard 1 GPU-c Gamma power=50000\n"
      "sample 0 11 100 30\nsample 0 12 200 30\n");
  restart();
  auto cards = Read();
  ASSERT_EQ(cards.size(), 2U);
  EXPECT_EQ(cards[0].used, Microjoules{4'233'000});
  EXPECT_EQ(cards[0].time, Seconds(62));
  EXPECT_THAT(cards[0].users, ElementsAre(CardUse{12, 30})) << "a sample counts once";
  EXPECT_EQ(cards[1].names.uuid, "GPU-c");
  EXPECT_EQ(cards[1].used, std::nullopt);
  // B is back after one more restart; A's driver was loaded anew.
  Say("card 0 GPU-a Alpha energy=1\ncard 1 GPU-b Beta energy=7500\ncard 2 GPU-c Gamma power=50000\n");
  restart();
  cards = Read();
  ASSERT_EQ(cards.size(), 3U);
  EXPECT_EQ(cards[0].used, std::nullopt);
  EXPECT_EQ(cards[0].resets, 1U);
  EXPECT_EQ(cards[1].used, Microjoules{500'000});
  EXPECT_EQ(cards[2].used, Joules(100)) << "50 W for 2 s";
  restart();
  cards = Read("card 0 GPU-a Alpha energy=1\ncard 1 GPU-b Beta energy=7500\n");
  EXPECT_EQ(cards[0].resets, 1U);
  EXPECT_EQ(cards[0].used, Joules(0));
}

TEST_F(NvmlMeterTest, AStateThatCannotBeIsTakenAsNotThere) {
  Say("card 0 GPU-a Alpha energy=5000\n");
  Open();
  CardState future{.uuid = "GPU-a", .read_errors = 4};
  future.counter = {.energy = {1}, .time = clock_.Now() + Seconds(100), .suspended = {}};
  meter_->Resume({.cards = {future}});
  EXPECT_EQ(Read()[0].used, std::nullopt);
  EXPECT_EQ(Read("card 0 GPU-a Alpha energy=5001\n")[0].used, Microjoules{1'000});
  EXPECT_EQ(Read()[0].read_errors, 4U);
}

}  // namespace
}  // namespace brahe::gpu
