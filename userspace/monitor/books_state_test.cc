#include "userspace/monitor/books_state.h"

#include <gtest/gtest.h>

#include <random>

namespace brahe::monitor {
namespace {

// Random states that use every field.
class BooksStateTest : public testing::Test {
 protected:
  uint64_t Number() { return random() >> random() % 64; }
  std::string Text() {
    if (Number() % 3 == 0) return "";
    // Any bytes, and often one that others have, too.
    return std::string(1 + random() % 3, static_cast<char>(random() % 4 * 85));
  }

  template <typename Row, typename Labels>
  void Fill(Row& row, Labels labels) {
    row.ended = random() % 2 == 0;
    row.since = random() % 2 == 0 ? PackedInstant(Nanoseconds{Number()}) : PackedInstant();
    row.listed = !row.since || random() % 4 != 0;
    row.serial = Number() >> 2;
    row.account.time = {Number()};
    for (size_t s = 0; s < kSeries; ++s) row.account.energy.push_back({Number()});
    row.labels = std::make_shared<const Labels>(std::move(labels));
  }

  BooksState Make() {
    BooksState state{.cpu_time_source = Text(),
                     .begin = {Number()},
                     .end = {Number()},
                     .unassigned_time = {Number()},
                     .series = {},
                     .zones = {},
                     .processes = {},
                     .containers = {},
                     .vms = {},
                     .pods = {},
                     .groups = {}};
    for (size_t s = 0; s < kSeries; ++s) state.series.push_back({Text(), {Number()}, {Number()}});
    for (size_t z = random() % 3; z > 0; --z) {
      const auto socket = random() % 2 == 0 ? std::optional(static_cast<uint32_t>(Number())) : std::nullopt;
      state.zones.push_back({Text(), Text(), socket, {Number()}, {Number()}, {Number()}});
    }
    for (size_t i = random() % 5; i > 0; --i) {
      ProcessLabels labels{.pid = static_cast<uint32_t>(Number()),
                           .comm = Text(),
                           .exe = Text(),
                           .type = {},
                           .container_id = Text(),
                           .vm_id = Text()};
      labels.type = TypeOf(labels);
      Fill(state.processes.emplace_back(), labels);
      state.processes.back().start_ns = Number();
    }
    for (size_t i = random() % 5; i > 0; --i) {
      ContainerState& container = state.containers.emplace_back();
      Fill(container, ContainerLabels{Text(), Text(), Text(), Text()});
      container.container = {Text(), Text(), Text(), Text(), Text(), random() % 2 == 0};
      container.cgroup_id = Number();
      container.pod_was_asked = random() % 2 == 0;
      container.named_by_pod = random() % 2 == 0;
    }
    for (size_t i = random() % 3; i > 0; --i) Fill(state.vms.emplace_back(), VmLabels{Text(), Text(), Text()});
    for (size_t i = random() % 3; i > 0; --i) {
      PodState& pod = state.pods.emplace_back();
      Fill(pod, PodLabels{Text(), Text(), Text()});
      pod.facts = {Text(), Text(), Text(), Text(), Text(), Text()};
      pod.cgroup_id = Number();
    }
    for (size_t i = random() % 3; i > 0; --i) {
      GroupState& group = state.groups.emplace_back();
      group.level = Text();
      GroupLabels labels;
      for (size_t v = random() % 4; v > 0; --v) labels.values.push_back(Text());
      Fill(group, labels);
    }
    return state;
  }
  static std::string Written(const BooksState& state) {
    std::string message;
    ProtobufWriter writer(message);
    WriteBooks(state, writer);
    return message;
  }

  template <typename Row>
  static void ExpectSameRow(const Row& a, const Row& b) {
    EXPECT_EQ(*a.labels, *b.labels);
    EXPECT_EQ(a.ended, b.ended);
    EXPECT_EQ(a.listed, b.listed);
    EXPECT_EQ(a.since, b.since);
    EXPECT_EQ(a.serial, b.serial);
    EXPECT_EQ(a.account.time, b.account.time);
    EXPECT_EQ(a.account.energy, b.account.energy);
  }
  template <typename Row>
  static void ExpectSameRows(const std::vector<Row>& a, const std::vector<Row>& b, const auto& same) {
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) {
      ExpectSameRow(a[i], b[i]);
      EXPECT_TRUE(same(a[i], b[i]));
    }
  }
  static void ExpectSame(const BooksState& a, const BooksState& b) {
    EXPECT_EQ(a.cpu_time_source, b.cpu_time_source);
    EXPECT_EQ(a.begin, b.begin);
    EXPECT_EQ(a.end, b.end);
    EXPECT_EQ(a.unassigned_time, b.unassigned_time);
    ASSERT_EQ(a.series.size(), b.series.size());
    for (size_t s = 0; s < a.series.size(); ++s) {
      EXPECT_EQ(a.series[s].name, b.series[s].name);
      EXPECT_EQ(a.series[s].unassigned, b.series[s].unassigned);
      EXPECT_EQ(a.series[s].closed, b.series[s].closed);
    }
    ASSERT_EQ(a.zones.size(), b.zones.size());
    for (size_t z = 0; z < a.zones.size(); ++z) {
      EXPECT_EQ(a.zones[z].name, b.zones[z].name);
      EXPECT_EQ(a.zones[z].path, b.zones[z].path);
      EXPECT_EQ(a.zones[z].socket, b.zones[z].socket);
      EXPECT_EQ(a.zones[z].active, b.zones[z].active);
      EXPECT_EQ(a.zones[z].idle, b.zones[z].idle);
      EXPECT_EQ(a.zones[z].known_until, b.zones[z].known_until);
    }
    ExpectSameRows(a.processes, b.processes,
                   [](const ProcessState& x, const ProcessState& y) { return x.start_ns == y.start_ns; });
    ExpectSameRows(a.containers, b.containers, [](const ContainerState& x, const ContainerState& y) {
      return x.container.id == y.container.id && x.container.runtime == y.container.runtime &&
             x.container.pod_uid == y.container.pod_uid && x.container.cgroup == y.container.cgroup &&
             x.container.tree == y.container.tree && x.container.of_user == y.container.of_user &&
             x.cgroup_id == y.cgroup_id && x.pod_was_asked == y.pod_was_asked && x.named_by_pod == y.named_by_pod;
    });
    ExpectSameRows(a.vms, b.vms, [](const auto&, const auto&) { return true; });
    ExpectSameRows(a.pods, b.pods, [](const PodState& x, const PodState& y) {
      return x.facts == y.facts && x.cgroup_id == y.cgroup_id;
    });
    ExpectSameRows(a.groups, b.groups, [](const GroupState& x, const GroupState& y) { return x.level == y.level; });
  }

  static constexpr size_t kSeries = 2;
  const uint64_t seed = std::random_device()();
  std::mt19937_64 random{seed};
  testing::ScopedTrace trace{__FILE__, __LINE__, testing::Message() << "seed " << seed};
};

TEST_F(BooksStateTest, ReadsWhatWasWritten) {
  for (int i = 0; i < 2000; ++i) {
    const BooksState state = Make();
    const auto read = ReadBooks(Written(state));
    ASSERT_TRUE(read.has_value()) << read.error().message;
    ASSERT_NO_FATAL_FAILURE(ExpectSame(state, *read));
    ASSERT_FALSE(HasFailure());
  }
}

TEST_F(BooksStateTest, DamagedBytesGiveAnErrorOrAState) {
  int errors = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string message = Written(Make());
    for (uint64_t n = random() % 4; n > 0; --n) message[random() % message.size()] = static_cast<char>(random());
    if (random() % 4 == 0) message.resize(random() % message.size());
    const auto read = ReadBooks(message);
    errors += read ? 0 : 1;
    if (!read) continue;
    for (const ProcessState& process : read->processes) {
      ASSERT_NE(process.labels, nullptr);
      ASSERT_EQ(process.account.energy.size(), read->series.size());
    }
  }
  EXPECT_GT(errors, 100);
}

TEST_F(BooksStateTest, RefusesRowsThatDoNotFit) {
  BooksState state = Make();
  while (state.processes.empty()) state = Make();
  state.processes[0].account.energy.push_back({1});
  const auto read = ReadBooks(Written(state));
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().message, "a row of the books has not as many figures as there are series");
}

TEST_F(BooksStateTest, FieldsThatNobodyKnowsYetAreSkipped) {
  const BooksState state = Make();
  std::string message = Written(state);
  ProtobufWriter(message).Bytes(1000, "from the future");
  const auto read = ReadBooks(message);
  ASSERT_TRUE(read.has_value());
  ExpectSame(state, *read);
}

}  // namespace
}  // namespace brahe::monitor
