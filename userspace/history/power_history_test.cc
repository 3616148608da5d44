#include "userspace/history/power_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <nlohmann/json.hpp>

#include "userspace/exposition/test_snapshot.h"
#include "userspace/history/history_json.h"

namespace brahe::history {
namespace {

using ::testing::ElementsAre;
using Json = nlohmann::json;

// The node as it is after `seconds`, in two zones: dram, and package, by which workloads are ranked.
monitor::Snapshot At(uint64_t seconds, Microjoules active, Microjoules idle) {
  const auto figures = [](Microjoules a, Microjoules i) {
    return monitor::ZoneFigures{{a + i, Microwatts{1}}, {a, Microwatts{1}}, {i, Microwatts{1}}};
  };
  monitor::Snapshot snapshot;
  snapshot.time = Seconds(1000 + seconds);
  snapshot.unix_ms = 1'700'000'000'000 + seconds * 1000;
  snapshot.zones = {{"dram", "/dram", figures({seconds}, {})}, {"package", "/package", figures(active, idle)}};
  snapshot.primary_zone = 1;
  return snapshot;
}

// A level `program` whose groups used so much.
monitor::GroupList Programs(const std::vector<std::pair<std::string, Microjoules>>& programs) {
  monitor::GroupList list = {.level = "program", .label_names = {"program"}, .groups = {}};
  for (const auto& [name, energy] : programs) {
    exposition::AddWorkload(list.groups, monitor::GroupLabels{{name}}, monitor::WorkloadState::kRunning, {},
                            {{{0}, {}}, {energy, Microwatts{1}}});
  }
  return list;
}

std::vector<std::string> SharesOf(const PowerHistory& history, const HistoryPoint& point) {
  std::vector<std::string> shares;
  for (const HistoryPoint::Share& share : point.shares) {
    shares.push_back(std::string(history.LevelOf(share.name)) + " " + history.NameOf(share.name) + " " +
                     std::to_string(share.power_uw));
  }
  return shares;
}

TEST(PowerHistory, APointIsTheMeanPowerBetweenTwoSnapshots) {
  PowerHistory history;
  history.Add(At(0, Joules(100), Joules(50)));
  EXPECT_TRUE(history.points().empty());
  history.Add(At(5, Joules(110), Joules(70)));
  ASSERT_EQ(history.points().size(), 1U);
  const HistoryPoint& point = history.points()[0];
  EXPECT_EQ(point.unix_ms, 1'700'000'005'000U);
  EXPECT_EQ(point.duration, Seconds(5));
  EXPECT_EQ(std::optional<Microwatts>(point.zones[1].active), Watts(2));
  EXPECT_EQ(std::optional<Microwatts>(point.zones[1].idle), Watts(4));
  EXPECT_EQ(std::optional<Microwatts>(point.zones[0].active), Microwatts{1});
  EXPECT_THAT(history.zones(), ElementsAre("dram", "package"));
  EXPECT_EQ(history.primary_zone(), "package");
}

TEST(PowerHistory, APointIsAsLongAsItWasWithTheTimeThatTheMachineWasSuspended) {
  PowerHistory history;
  const auto snapshot = [](uint64_t seconds, uint64_t suspended, Microjoules active) {
    monitor::Snapshot at = At(seconds, active, {});
    at.suspended = Seconds(suspended);
    return at;
  };
  history.Add(snapshot(0, 100, {}));
  history.Add(snapshot(1, 109, Joules(100)));
  history.Add(snapshot(2, 109, Joules(110)));
  ASSERT_EQ(history.points().size(), 2U);
  EXPECT_EQ(history.points()[0].duration, Seconds(10));
  EXPECT_EQ(std::optional<Microwatts>(history.points()[0].zones[1].active), Watts(10));
  EXPECT_EQ(history.points()[1].duration, Seconds(1));
  EXPECT_EQ(std::optional<Microwatts>(history.points()[1].zones[1].active), Watts(10));
}

TEST(PowerHistory, WhoAsksForWhatIsNewGetsItAfterTheClockWasSetBack) {
  PowerHistory history;
  const auto ends_since = [&](uint64_t since_ms) {
    std::vector<uint64_t> ends;
    const Json document = Json::parse(HistoryJson(history, "", since_ms));
    for (const Json& point : document["points"]) ends.push_back(point["unix_ms"]);
    return ends;
  };
  constexpr uint64_t kBegin = 1'700'000'000'000, kHour = 3'600'000;
  for (uint64_t second = 0; second < 5; ++second) {
    monitor::Snapshot snapshot = At(second, Joules(second), {});
    if (second > 2) snapshot.unix_ms -= kHour;
    history.Add(snapshot);
  }
  EXPECT_THAT(ends_since(kBegin + 2000), ElementsAre(kBegin + 3000 - kHour, kBegin + 4000 - kHour));
  EXPECT_THAT(ends_since(kBegin + 4000 - kHour), ElementsAre());
  EXPECT_THAT(ends_since(kBegin + 1500), ElementsAre(kBegin + 2000)) << "of a time that is no point's";
}

TEST(PowerHistory, ASnapshotThatIsNotLaterIsNone) {
  PowerHistory history;
  history.Add(At(5, Joules(100), {}));
  history.Add(At(5, Joules(110), {}));
  history.Add(At(4, Joules(110), {}));
  EXPECT_TRUE(history.points().empty());
}

TEST(PowerHistory, WhereACounterWasUnreadableThePowerIsNotKnown) {
  PowerHistory history;
  history.Add(At(0, Joules(100), Joules(50)));
  monitor::Snapshot snapshot = At(5, Joules(100), Joules(70));
  snapshot.zones[1].figures.active.power = {};
  history.Add(snapshot);
  EXPECT_EQ(std::optional<Microwatts>(history.points()[0].zones[1].active), std::nullopt);
  EXPECT_EQ(std::optional<Microwatts>(history.points()[0].zones[1].idle), Watts(4));
  // What was not read then is read at last: mean power of the time since the snapshot before.
  history.Add(At(10, Joules(110), Joules(90)));
  EXPECT_EQ(std::optional<Microwatts>(history.points()[1].zones[1].active), Watts(2));
}

TEST(PowerHistory, TellsTheLargestOfALevelApart) {
  PowerHistory history({.largest = 2});
  monitor::Snapshot snapshot = At(0, Joules(100), {});
  snapshot.groups = {Programs({{"a", Joules(40)}, {"b", Joules(40)}, {"c", Joules(10)}})};
  history.Add(snapshot);
  snapshot = At(5, Joules(120), {});
  snapshot.groups = {Programs({{"a", Joules(41)}, {"b", Joules(40)}, {"c", Joules(15)}, {"d", Joules(10)}})};
  history.Add(snapshot);
  EXPECT_THAT(SharesOf(history, history.points()[0]), ElementsAre("program d 2000000", "program c 1000000"));
}

TEST(PowerHistory, TellsOfEachLevelByItsNames) {
  PowerHistory history;
  monitor::Snapshot snapshot = At(0, Joules(100), {});
  history.Add(snapshot);
  snapshot = At(5, Joules(200), {});
  const std::vector<monitor::EnergyFigure> used = {{{}, {}}, {Joules(5), {}}};
  constexpr auto kRuns = monitor::WorkloadState::kRunning;
  exposition::AddWorkload(snapshot.containers, monitor::ContainerLabels{"id1", "web", "docker", ""}, kRuns, {}, used);
  exposition::AddWorkload(snapshot.containers, monitor::ContainerLabels{"id2", "", "docker", ""}, kRuns, {}, used);
  exposition::AddWorkload(snapshot.vms, monitor::VmLabels{"vm1", "", "kvm"}, kRuns, {}, used);
  exposition::AddWorkload(snapshot.pods, monitor::PodLabels{"uid", "web-1", "shop"}, kRuns, {}, used);
  exposition::AddWorkload(snapshot.pods, monitor::PodLabels{"uid2", "", ""}, kRuns, {}, used);
  snapshot.groups = {{.level = "job", .label_names = {"job", "scheduler", "user"}, .groups = {}}};
  exposition::AddWorkload(snapshot.groups[0].groups, monitor::GroupLabels{{"42", "slurm", ""}}, kRuns, {}, used);
  history.Add(snapshot);
  EXPECT_THAT(SharesOf(history, history.points()[0]),
              ::testing::UnorderedElementsAre("container web 1000000", "container id2 1000000", "vm vm1 1000000",
                                              "pod shop/web-1 1000000", "pod uid2 1000000", "job 42/slurm 1000000"));
}

TEST(PowerHistory, NoLevelHasMoreThanTheNode) {
  PowerHistory history;
  history.Add(At(0, Joules(100), {}));
  monitor::Snapshot snapshot = At(5, Joules(120), {});
  // One that has its name only now, after it had used energy in the time before.
  snapshot.groups = {Programs({{"late", Joules(15)}, {"other", Joules(10)}, {"third", Joules(1)}})};
  history.Add(snapshot);
  EXPECT_THAT(SharesOf(history, history.points()[0]), ElementsAre("program late 3000000", "program other 1000000"));
}

TEST(PowerHistory, BeginsAnewWithOtherZones) {
  PowerHistory history;
  history.Add(At(0, Joules(100), {}));
  history.Add(At(5, Joules(110), {}));
  monitor::Snapshot snapshot = At(10, Joules(120), {});
  snapshot.primary_zone = 0;
  history.Add(snapshot);
  EXPECT_TRUE(history.points().empty());
  EXPECT_EQ(history.primary_zone(), "dram");
  snapshot = At(15, Joules(120), {});
  snapshot.primary_zone = 0;
  history.Add(snapshot);
  EXPECT_EQ(history.points().size(), 1U);
}

TEST(PowerHistory, KeepsThePrimaryZoneWhereThereAreTooMany) {
  PowerHistory history({.zones = 1});
  history.Add(At(0, Joules(100), {}));
  history.Add(At(5, Joules(110), {}));
  EXPECT_THAT(history.zones(), ElementsAre("package"));
  EXPECT_EQ(std::optional<Microwatts>(history.points()[0].zones[0].active), Watts(2));
}

TEST(PowerHistory, ForgetsAfterAnHourAndBeyondItsPoints) {
  PowerHistory by_time, by_number({.points = 3});
  for (uint64_t minute = 0; minute <= 70; ++minute) {
    by_time.Add(At(minute * 60, Joules(minute), {}));
    by_number.Add(At(minute * 60, Joules(minute), {}));
  }
  EXPECT_EQ(by_time.points().size(), 61U);
  EXPECT_EQ(by_time.points().front().unix_ms, 1'700'000'000'000U + 10 * 60 * 1000);
  EXPECT_EQ(by_number.points().size(), 3U);
}

TEST(PowerHistory, NamesThatHaveNoRoomAreNotToldApartUntilThereIsSome) {
  PowerHistory history({.points = 1, .name_bytes = 600});
  monitor::Snapshot snapshot = At(0, Joules(100), {});
  history.Add(snapshot);
  const std::string long_name(300, 'x');
  snapshot = At(5, Joules(150), {});
  snapshot.groups = {Programs({{"a", Joules(20)}, {long_name, Joules(15)}, {"b", Joules(10)}})};
  history.Add(snapshot);
  EXPECT_THAT(SharesOf(history, history.points()[0]), ElementsAre("program a 4000000", "program b 2000000"));
  snapshot = At(10, Joules(200), {});
  snapshot.groups = {Programs({{"a", Joules(20)}, {long_name, Joules(20)}, {"b", Joules(10)}})};
  history.Add(snapshot);  // there was no room yet: the point before goes after this one has come
  snapshot = At(15, Joules(250), {});
  snapshot.groups = {Programs({{"a", Joules(20)}, {long_name, Joules(30)}, {"b", Joules(10)}})};
  history.Add(snapshot);
  EXPECT_THAT(SharesOf(history, history.points()[0]), ElementsAre("program " + long_name + " 2000000"));
}

// The bytes that a history of more than an hour takes: of nine levels, whose members change their names after so many
// points. `shares`: how many it has told apart.
size_t BytesOfAnHour(uint64_t points_per_name, size_t& shares) {
  const size_t before = mallinfo2().uordblks;
  PowerHistory history;
  constexpr std::string_view kLevels[] = {"namespace", "owner", "program", "unit", "user", "job", "x", "y", "z"};
  for (uint64_t i = 0; i < 800; ++i) {
    monitor::Snapshot snapshot = At(i * 5, Joules(i * 100'000), Joules(i));
    snapshot.zones.resize(20, snapshot.zones[0]);
    for (size_t zone = 2; zone < 20; ++zone) snapshot.zones[zone].name = "zone" + std::to_string(zone);
    for (const std::string_view level : kLevels) {
      std::vector<std::pair<std::string, Microjoules>> members;
      for (uint64_t member = 0; member < 12; ++member) {
        std::string name = std::to_string(i / points_per_name) + "-" + std::to_string(member);
        if (member % 7 == 0) name.resize(4000 / points_per_name, 'x');
        members.emplace_back(std::move(name), Joules(i * (member + 1)));
      }
      snapshot.groups.push_back(Programs(members));
      snapshot.groups.back().level = level;
    }
    history.Add(snapshot);
  }
  EXPECT_EQ(history.points().size(), 720U);
  shares = 0;
  for (const HistoryPoint& point : history.points()) shares += point.shares.size();
  return mallinfo2().uordblks - before;
}

TEST(PowerHistory, AnHourTakesLessThanAMebibyte) {
  size_t shares = 0;
  EXPECT_LT(BytesOfAnHour(1, shares), 1U << 20) << "names that never come again, some as long as a path may be";
  EXPECT_GT(shares, 100U);
  EXPECT_LT(BytesOfAnHour(1000, shares), 1U << 20) << "names that stay";
  EXPECT_EQ(shares, 720U * 9 * 8);
}

TEST(HistoryJson, TellsOfOneLevel) {
  PowerHistory history;
  history.Add(At(0, Joules(100), Joules(10)));
  monitor::Snapshot snapshot = At(5, Joules(120), Joules(15));
  snapshot.groups = {Programs({{"a\xff", Joules(5)}, {"b", Joules(10)}})};
  exposition::AddWorkload(snapshot.pods, monitor::PodLabels{"uid", "web-1", "shop"}, monitor::WorkloadState::kRunning,
                          {}, {{{}, {}}, {Joules(5), {}}});
  history.Add(snapshot);
  EXPECT_EQ(Json::parse(HistoryJson(history, "program", 0)), Json::parse(R"({
    "zones": ["dram", "package"], "primary_zone": "package", "level": "program", "names": ["b", "a\ufffd"],
    "points": [{"unix_ms": 1700000005000, "duration_ms": 5000, "active_uw": [1, 4000000], "idle_uw": [0, 1000000],
                "largest": [[0, 2000000], [1, 1000000]]}]})"));
  const Json node = Json::parse(HistoryJson(history, "", 0));
  EXPECT_FALSE(node.contains("names"));
  EXPECT_FALSE(node["points"][0].contains("largest"));
}

TEST(HistoryJson, TellsOfWhatEndedSince) {
  PowerHistory history;
  for (uint64_t i = 0; i < 4; ++i) history.Add(At(i * 5, Joules(i), {}));
  const Json json = Json::parse(HistoryJson(history, "pod", 1'700'000'005'000));
  ASSERT_EQ(json["points"].size(), 2U);
  EXPECT_EQ(json["points"][0]["unix_ms"], 1'700'000'010'000U);
}

TEST(HistoryJson, IsADocumentBeforeThereIsAHistory) {
  EXPECT_EQ(Json::parse(HistoryJson(PowerHistory(), "pod", 0)),
            Json::parse(R"({"zones": [], "primary_zone": null, "level": "pod", "names": [], "points": []})"));
}

}  // namespace
}  // namespace brahe::history
