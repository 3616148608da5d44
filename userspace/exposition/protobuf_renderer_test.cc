#include "userspace/exposition/protobuf_renderer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <sstream>

#include "userspace/exposition/test_snapshot.h"
#include "userspace/exposition/text_renderer.h"

namespace brahe::exposition {
namespace {

// A series and its value: a sample's line, and the bits of the number.
using Series = std::map<std::string, double>;

// Reads the fields of a message.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] bool AtEnd() const { return bytes_.empty(); }
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<uint8_t>(Take(1)[0]);
      value |= uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return value;
    }
  }
  std::string_view Bytes() { return Take(Varint()); }
  double Double() {
    uint64_t bits = 0;
    const std::string_view bytes = Take(8);
    std::memcpy(&bits, bytes.data(), sizeof bits);
    return std::bit_cast<double>(bits);
  }

 private:
  std::string_view Take(size_t size) {
    if (size > bytes_.size()) {
      ADD_FAILURE() << "a length beyond the end";
      std::abort();
    }
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }

  std::string_view bytes_;
};

// A Counter's or Gauge's number, and its start in milliseconds.
std::pair<double, std::optional<uint64_t>> ReadValue(std::string_view bytes) {
  Reader value(bytes);
  EXPECT_EQ(value.Varint(), 1U << 3 | 1U);
  const double number = value.Double();
  if (value.AtEnd()) return {number, std::nullopt};
  EXPECT_EQ(value.Varint(), 3U << 3 | 2U);
  Reader timestamp(value.Bytes());
  EXPECT_EQ(timestamp.Varint(), 1U << 3);
  const uint64_t seconds = timestamp.Varint();
  EXPECT_EQ(timestamp.Varint(), 2U << 3);
  return {number, seconds * 1000 + timestamp.Varint() / 1'000'000};
}

void ReadMetric(const std::string& family, uint64_t type, std::string_view bytes, Series& series) {
  Reader metric(bytes);
  std::string labels;
  while (!metric.AtEnd()) {
    const uint64_t key = metric.Varint();
    if (key == (1U << 3 | 2U)) {
      Reader pair(metric.Bytes());
      EXPECT_EQ(pair.Varint(), 1U << 3 | 2U);
      labels.append(labels.empty() ? "" : ",").append(pair.Bytes()).append("=\"");
      EXPECT_EQ(pair.Varint(), 2U << 3 | 2U);
      AppendEscaped(pair.Bytes(), labels);
      labels.push_back('"');
      continue;
    }
    EXPECT_EQ(key, (type == 0 ? 3U : 2U) << 3 | 2U) << family;
    const auto [value, start_ms] = ReadValue(metric.Bytes());
    EXPECT_TRUE(series.emplace(family + "{" + labels + "}", value).second) << family << labels;
    if (start_ms) {
      const std::string created = family.substr(0, family.size() - strlen("_total")) + "_created{" + labels + "}";
      series.emplace(created, static_cast<double>(*start_ms) / 1e3);
    }
  }
}

Series ReadProtobuf(std::string_view stream) {
  Series series;
  Reader families(stream);
  while (!families.AtEnd()) {
    Reader family(families.Bytes());
    std::string name;
    uint64_t type = 99;
    while (!family.AtEnd()) {
      const uint64_t key = family.Varint();
      if (key == (1U << 3 | 2U)) {
        name = family.Bytes();
      } else if (key == (2U << 3 | 2U)) {
        EXPECT_FALSE(family.Bytes().empty());
      } else if (key == 3U << 3) {
        type = family.Varint();
      } else {
        EXPECT_EQ(key, 4U << 3 | 2U);
        ReadMetric(name, type, family.Bytes(), series);
      }
    }
  }
  return series;
}

Series ReadText(const std::string& text) {
  Series series;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) continue;
    const size_t space = line.rfind(' ');
    EXPECT_TRUE(series.emplace(line.substr(0, space), std::strtod(line.c_str() + space, nullptr)).second) << line;
  }
  return series;
}

std::shared_ptr<const RenderInput> InputOf(const std::shared_ptr<const monitor::Snapshot>& snapshot,
                                           const RenderOptions& options, LabelSpelling spelling) {
  return std::make_shared<const RenderInput>(snapshot, options, spelling);
}

std::string Protobuf(const std::shared_ptr<const monitor::Snapshot>& snapshot,
                     const RenderOptions& options = TestOptions()) {
  return ProtobufRenderer(InputOf(snapshot, options, LabelSpelling::kProtobuf), "").ReadAll();
}

std::string Text(const std::shared_ptr<const monitor::Snapshot>& snapshot, RenderOptions options = TestOptions()) {
  options.created_lines = true;
  return TextRenderer(InputOf(snapshot, options, LabelSpelling::kText), ExpositionFormat::kOpenMetrics, "").ReadAll();
}

// Random snapshots.
class Maker {
 public:
  explicit Maker(uint32_t seed) : random_(seed) {}

  monitor::Snapshot Snapshot() {
    monitor::Snapshot snapshot;
    snapshot.unix_ms = 1'700'000'000'000 + Below(1'000'000);
    snapshot.time = Seconds(1000 + Below(100));
    snapshot.begin = Seconds(Below(1000));
    snapshot.usage_ppm = Below(1'000'001);
    snapshot.cpu_time_source = Below(2) == 0 ? "bpf" : "procfs";
    for (uint64_t zone = Below(4); zone > 0; --zone) {
      snapshot.zones.push_back(
          {"zone" + std::to_string(zone) + Name(), Name(), {Figure(), Figure(), Figure()}, State()});
      snapshot.socket_zones.push_back(
          {"zone" + std::to_string(zone), Name(), zone, {Figure(), Figure(), Figure()}, State()});
    }
    Fill(snapshot, snapshot.processes, [&] {
      const uint32_t pid = ++pid_;
      return monitor::ProcessLabels{pid, Name(), Name(), "regular", Name(), Name()};
    });
    Fill(snapshot, snapshot.containers, [&] {
      return monitor::ContainerLabels{std::to_string(++pid_), Name(), Name(), Name()};
    });
    Fill(snapshot, snapshot.vms, [&] { return monitor::VmLabels{PairName(), "", "kvm"}; });
    Fill(snapshot, snapshot.pods, [&] { return monitor::PodLabels{std::to_string(++pid_), Name(), Name()}; });
    for (const char* level : {"owner", "program"}) {
      monitor::GroupList list = {level, {"a", "z"}, {}};
      Fill(snapshot, list.groups, [&] { return monitor::GroupLabels{{PairName(), "z"}}; });
      snapshot.groups.push_back(std::move(list));
    }
    return snapshot;
  }
  uint64_t Below(uint64_t bound) { return random_() % bound; }

 private:
  uint64_t Number() { return random_() >> Below(64); }
  std::string Name() {
    std::string name;
    for (uint64_t size = Below(6); size > 0; --size) name.push_back(static_cast<char>(Number() % 256));
    if (Below(20) == 0) name.append(200, 'x');  // lengths of more than one byte
    return name;
  }
  energy::ZoneState State() {
    energy::ZoneState state{.source = Name(), .measured = Below(2) == 0, .still = Below(2) == 0};
    if (Below(2) == 0) state.uncertainty_ppm = Below(1'000'000);
    return state;
  }
  // Two of them after each other may be printed alike, and others not.
  std::string PairName() {
    ++pid_;
    return std::to_string(pid_ / 2) + (pid_ % 2 == 0 ? "\xFE" : "\xFF") + (Below(3) == 0 ? "\"\n" : "");
  }
  monitor::EnergyFigure Figure() {
    const Microjoules energy{Number()};
    return {energy, Below(5) == 0 ? std::nullopt : std::optional(Microwatts{Number() / 2})};
  }
  template <typename Labels>
  void Fill(const monitor::Snapshot& snapshot, monitor::WorkloadList<Labels>& list, const auto& labels) {
    std::set<std::string> seen;
    for (uint64_t size = Below(9); size > 0; --size) {
      Labels made = labels();
      const bool terminated = !std::is_same_v<Labels, monitor::GroupLabels> && Below(4) == 0;
      std::vector<monitor::EnergyFigure> figures;
      // Sums of twins must fit.
      for (size_t zone = 0; zone < snapshot.zones.size(); ++zone) figures.push_back({{Number() / 16}, Figure().power});
      for (uint64_t twins = terminated ? 1 + Below(3) : 1; twins > 0; --twins) {
        AddWorkload(list, made, terminated ? monitor::WorkloadState::kTerminated : monitor::WorkloadState::kRunning,
                    {Number() / 16}, figures, Below(3) == 0 ? std::nullopt : std::optional(Seconds(Below(1000))));
      }
    }
    std::vector<monitor::ListRest> rest;
    for (size_t zone = 0; zone < snapshot.zones.size(); ++zone) rest.push_back({Figure(), {Number()}});
    if (Below(4) != 0) list.SetRest(std::move(rest));
  }

  std::mt19937_64 random_;
  uint32_t pid_ = 0;
};

TEST(ProtobufRenderer, SaysWhatOpenMetricsSaysOfAnySnapshot) {
  size_t samples = 0;
  size_t starts = 0;
  for (uint32_t seed = 0; seed < 300; ++seed) {
    Maker maker(seed);
    const auto snapshot = std::make_shared<const monitor::Snapshot>(maker.Snapshot());
    RenderOptions options = TestOptions();
    options.top_processes = maker.Below(4);
    if (maker.Below(4) == 0) options.levels = {"node", "owner"};
    const Series text = ReadText(Text(snapshot, options));
    ASSERT_EQ(ReadProtobuf(Protobuf(snapshot, options)), text) << "seed " << seed;
    samples += text.size();
    for (const auto& [line, value] : text) starts += line.find("_created{") != std::string::npos ? 1 : 0;
  }
  EXPECT_GT(samples, 20'000U);
  EXPECT_GT(starts, 1'000U);
}

TEST(ProtobufRenderer, HoldsOneItemHoweverLargeTheExposition) {
  const auto snapshot = std::make_shared<const monitor::Snapshot>(LargeSnapshot(2000));
  ProtobufRenderer renderer(InputOf(snapshot, TestOptions(), LabelSpelling::kProtobuf), "");
  std::vector<char> buffer(4096);
  size_t held = 0;
  std::string bytes;
  while (const size_t size = renderer.Next(buffer.data(), buffer.size())) {
    held = std::max(held, renderer.held_bytes());
    bytes.append(buffer.data(), size);
  }
  EXPECT_LT(held, 4096U);
  EXPECT_GT(bytes.size(), 1'000'000U);
  EXPECT_EQ(bytes, Protobuf(snapshot));
}

TEST(ProtobufRenderer, PutsOtherFamiliesBehindItsOwn) {
  const auto snapshot = std::make_shared<const monitor::Snapshot>();
  const std::string bytes = Protobuf(snapshot);
  EXPECT_EQ(ProtobufRenderer(InputOf(snapshot, TestOptions(), LabelSpelling::kProtobuf), "tail").ReadAll(),
            bytes + "tail");
}

TEST(NearestDouble, IsWhatAReaderOfTheTextGets) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 100'000; ++round) {
    const uint64_t count = random() >> random() % 64;
    std::string millionths;
    std::string billionths;
    AppendMillionths(count, millionths);
    AppendBillionths(count, billionths);
    ASSERT_EQ(NearestDouble(SampleValue::Millionths(count)), std::strtod(millionths.c_str(), nullptr)) << count;
    ASSERT_EQ(NearestDouble(SampleValue::Billionths(count)), std::strtod(billionths.c_str(), nullptr)) << count;
  }
}

TEST(Starts, AreToldOfWhatRunsAndBeganAtZero) {
  monitor::Snapshot snapshot;
  snapshot.zones = {{.name = "package", .path = "p", .figures = {}}};
  snapshot.unix_ms = 1'700'000'100'500;
  snapshot.time = Seconds(200);
  snapshot.begin = Seconds(100);
  const std::vector<monitor::EnergyFigure> figures = {{{5}, {}}};
  const auto add = [&](uint32_t pid, monitor::WorkloadState state, monitor::PackedInstant since) {
    AddWorkload(snapshot.processes, monitor::ProcessLabels{pid, "p", "", "regular", "", ""}, state, {7}, figures,
                since);
  };
  add(1, monitor::WorkloadState::kRunning, Seconds(150));
  add(2, monitor::WorkloadState::kRunning, std::nullopt);
  add(3, monitor::WorkloadState::kTerminated, Seconds(160));
  add(4, monitor::WorkloadState::kTerminated, Seconds(170));
  add(4, monitor::WorkloadState::kRunning, Seconds(180));
  const Series series = ReadProtobuf(Protobuf(std::make_shared<const monitor::Snapshot>(snapshot)));
  const auto start_of = [&](const std::string& family, const std::string& label) {
    for (const auto& [line, value] : series) {
      if (line.starts_with(family + "_created{") && line.find(label) != std::string::npos) return value;
    }
    return 0.0;
  };
  EXPECT_EQ(start_of("kepler_process_cpu_joules", "pid=\"1\""), 1'700'000'050.5);
  EXPECT_EQ(start_of("kepler_process_cpu_joules", "pid=\"2\""), 0) << "its labels have changed";
  EXPECT_EQ(start_of("kepler_process_cpu_joules", "pid=\"3\""), 0) << "another series than while it ran";
  EXPECT_EQ(start_of("kepler_process_cpu_joules", "pid=\"4\""), 1'700'000'080.5);
  EXPECT_EQ(start_of("kepler_process_cpu_seconds", "pid=\"1\""), 1'700'000'050.5);
  EXPECT_EQ(start_of("kepler_process_cpu_seconds", "pid=\"4\""), 0) << "it goes on from what had the pid before";
  EXPECT_EQ(start_of("kepler_node_cpu_joules", ""), 1'700'000'000.5);
  EXPECT_EQ(start_of("kepler_node_cpu_watts", ""), 0);
}

}  // namespace
}  // namespace brahe::exposition
