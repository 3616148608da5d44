#include "userspace/exposition/beginning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "userspace/exposition/protobuf_renderer.h"
#include "userspace/exposition/text_renderer.h"

namespace brahe::exposition {
namespace {

using monitor::ContainerLabels;
using monitor::ProcessLabels;
using monitor::WorkloadState;
using testing::ElementsAre;

constexpr Nanoseconds kBefore = Seconds(100), kNow = Seconds(115);
constexpr uint64_t kBootMs = 1'000'000;  // Unix time when CLOCK_MONOTONIC was 0

template <typename Labels>
struct Line {
  Labels labels;
  WorkloadState state;
  uint64_t serial;
  Microjoules energy;
};

template <typename Labels>
monitor::WorkloadList<Labels> ListOf(const std::vector<Line<Labels>>& lines) {
  using Chunk = monitor::WorkloadChunk<Labels>;
  auto chunk = std::make_shared<Chunk>(1);
  typename Chunk::Faces faces;
  for (const Line<Labels>& line : lines) {
    faces.push_back({std::make_shared<const Labels>(line.labels), line.state, Seconds(105), line.serial});
    chunk->AddFigures({line.energy.value * 1000}, [&](size_t) { return monitor::EnergyFigure{line.energy, {}}; });
  }
  monitor::WorkloadList<Labels> list;
  if (faces.empty()) return list;
  chunk->faces = std::make_shared<const typename Chunk::Faces>(std::move(faces));
  list.Append(std::move(chunk));
  return list;
}

std::shared_ptr<monitor::Snapshot> SnapshotAt(Nanoseconds time) {
  auto snapshot = std::make_shared<monitor::Snapshot>();
  snapshot->time = time;
  snapshot->unix_ms = kBootMs + time.value / 1'000'000;
  snapshot->zones = {{"package", "/p", {}}};
  return snapshot;
}

Line<ContainerLabels> Container(const std::string& name, WorkloadState state, uint64_t serial, Microjoules energy) {
  return {{.id = "c", .name = name, .runtime = "runc", .pod_id = ""}, state, serial, energy};
}

Line<ProcessLabels> Process(uint32_t pid, WorkloadState state, uint64_t serial, Microjoules energy) {
  return {{.pid = pid, .comm = "job", .exe = {}, .type = "regular", .container_id = {}, .vm_id = {}},
          state,
          serial,
          energy};
}

class BeginningTest : public ::testing::Test {
 protected:
  std::string Render(ExpositionFormat format, const std::string& level) {
    const auto news =
        NewSeries::Between(before_, kBootMs + 100'000, now_, kBootMs + 115'000, std::vector<std::string>{level});
    const RenderOptions options{
        .levels = {level}, .node_name = "n", .version = "", .revision = "", .branch = "", .arch = ""};
    const auto input = std::make_shared<const RenderInput>(now_, options, SpellingOf(format));
    if (format == ExpositionFormat::kProtobuf) return ProtobufRenderer(input, "", {}, news).ReadAll();
    return TextRenderer(input, format, "", {}, news).ReadAll();
  }

  // The samples of a family without their labels; of many that stand side by side with the same value, the last.
  std::vector<std::string> SamplesOf(const std::string& family, const std::string& level,
                                     ExpositionFormat format = ExpositionFormat::kText) {
    std::vector<std::string> samples;
    const std::string text = Render(format, level);
    size_t begin = 0;
    for (size_t end = text.find('\n'); end != std::string::npos; begin = end + 1, end = text.find('\n', begin)) {
      const std::string line = text.substr(begin, end - begin);
      if (!line.starts_with(family + "{")) continue;
      const bool earlier = line.find(",_=\"\"} ") != std::string::npos;
      const std::string sample = line.substr(line.find("} ") + 2);
      const bool repeated = earlier && was_earlier_ && !samples.empty() &&
                            samples.back().substr(0, samples.back().find(' ')) == sample.substr(0, sample.find(' '));
      if (repeated) samples.pop_back();
      samples.push_back(sample);
      was_earlier_ = earlier;
    }
    return samples;
  }

  const std::shared_ptr<monitor::Snapshot> before_ = SnapshotAt(kBefore), now_ = SnapshotAt(kNow);
  bool was_earlier_ = false;
};

constexpr char kJoules[] = "kepler_container_cpu_joules_total";
constexpr char kSeconds[] = "kepler_container_cpu_seconds_total";
constexpr char kProcessSeconds[] = "kepler_process_cpu_seconds_total";

TEST_F(BeginningTest, WhatIsBornBeginsAtZeroWhenItWasBorn) {
  now_->containers = ListOf<ContainerLabels>({Container("a", WorkloadState::kRunning, 1, {2'500'000})});
  EXPECT_THAT(SamplesOf(kJoules, "container"), ElementsAre("0.000000 1105000", "2.500000"));
  EXPECT_THAT(SamplesOf(kSeconds, "container"), ElementsAre("0.000000000 1105000", "2.500000000"));
  EXPECT_THAT(SamplesOf(kJoules, "container", ExpositionFormat::kOpenMetrics),
              ElementsAre("0.000000 1105.000", "2.500000"));
}

TEST_F(BeginningTest, WhatWasThereBeginsNotAgain) {
  before_->containers = ListOf<ContainerLabels>({Container("a", WorkloadState::kRunning, 1, {2'000'000})});
  now_->containers = ListOf<ContainerLabels>({Container("a", WorkloadState::kRunning, 1, {2'500'000})});
  EXPECT_THAT(SamplesOf(kJoules, "container"), ElementsAre("2.500000"));
}

TEST_F(BeginningTest, WhatEndsOrGetsAnotherNameBeginsWithWhatItHadUsed) {
  before_->containers = ListOf<ContainerLabels>({Container("a", WorkloadState::kRunning, 1, {2'000'000}),
                                                 Container("", WorkloadState::kRunning, 2, {7'000'000})});
  now_->containers = ListOf<ContainerLabels>({Container("a", WorkloadState::kTerminated, 1, {2'500'000}),
                                              Container("b", WorkloadState::kRunning, 2, {7'000'001})});
  EXPECT_THAT(SamplesOf(kJoules, "container"),
              ElementsAre("2.000000 1103877", "2.500000", "7.000000 1103877", "7.000001"));
}

TEST_F(BeginningTest, TwinsBeginTogetherAndOnlyIfAllAreNew) {
  now_->containers = ListOf<ContainerLabels>({Container("a", WorkloadState::kTerminated, 1, {1'000'000}),
                                              Container("a", WorkloadState::kTerminated, 2, {3'000'000})});
  EXPECT_THAT(SamplesOf(kJoules, "container"), ElementsAre("0.000000 1105000", "4.000000"));
  before_->containers = ListOf<ContainerLabels>({Container("a", WorkloadState::kRunning, 2, {2'000'000})});
  EXPECT_THAT(SamplesOf(kJoules, "container"), ElementsAre("2.000000 1103877", "4.000000"));
  before_->containers = ListOf<ContainerLabels>({Container("a", WorkloadState::kTerminated, 1, {1'000'000})});
  EXPECT_THAT(SamplesOf(kJoules, "container"), ElementsAre("4.000000"));
}

TEST_F(BeginningTest, TheCpuTimeOfAProcessGoesOnWhenItEnds) {
  before_->processes = ListOf<ProcessLabels>({Process(7, WorkloadState::kRunning, 1, {2'000'000})});
  now_->processes = ListOf<ProcessLabels>(
      {Process(7, WorkloadState::kTerminated, 1, {3'000'000}), Process(8, WorkloadState::kTerminated, 2, {4'000'000})});
  EXPECT_THAT(SamplesOf(kProcessSeconds, "process"), ElementsAre("3.000000000", "0.000000000 1105000", "4.000000000"));
  EXPECT_THAT(SamplesOf("kepler_process_cpu_joules_total", "process"),
              ElementsAre("2.000000 1103877", "3.000000", "0.000000 1105000", "4.000000"));
}

TEST_F(BeginningTest, InProtocolBuffersTheLengthOfAFamilyHoldsItsBeginnings) {
  now_->containers = ListOf<ContainerLabels>({Container("a", WorkloadState::kRunning, 1, {2'500'000})});
  const std::string bytes = Render(ExpositionFormat::kProtobuf, "container");
  std::vector<size_t> sizes;
  size_t at = 0;
  while (at < bytes.size()) {
    size_t length = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<uint8_t>(bytes.at(at++));
      length |= static_cast<size_t>(byte & 0x7F) << shift;
      if (byte < 0x80) break;
    }
    EXPECT_EQ(bytes.at(at), '\x0A') << "a family's name comes first";
    sizes.push_back(length);
    at += length;
  }
  EXPECT_EQ(at, bytes.size());
  EXPECT_GT(*std::max_element(sizes.begin(), sizes.end()), 128 * 100U);
}

}  // namespace
}  // namespace brahe::exposition
