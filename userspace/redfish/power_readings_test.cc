#include "userspace/redfish/power_readings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "userspace/base/fake_clock.h"

namespace brahe::redfish {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A BMC that is a table of resources. Each answer takes `pace`.
class FakeResources final : public Resources {
 public:
  explicit FakeResources(FakeClock& clock) : clock_(clock) {
    Set("/redfish/v1/", {{"Chassis", Link("/redfish/v1/Chassis")}});
  }

  static json Link(const std::string& path) { return {{"@odata.id", path}}; }
  static json Collection(const std::vector<std::string>& members) {
    json links = json::array();
    for (const std::string& member : members) links.push_back(Link(member));
    return {{"Members", links}};
  }
  void Set(const std::string& path, json resource) { resources_[path] = std::move(resource); }
  void Fail(const std::string& path, fetch::FetchCause cause) { failures_[path] = cause; }
  void Mend(const std::string& path) { failures_.erase(path); }
  // Chassis with these links each.
  void SetChassis(const std::map<std::string, json>& chassis) {
    std::vector<std::string> paths;
    for (const auto& [id, resource] : chassis) {
      paths.push_back("/redfish/v1/Chassis/" + id);
      Set(paths.back(), resource);
    }
    Set("/redfish/v1/Chassis", Collection(paths));
  }

  ResourceAnswer Get(const std::string& path) override {
    ++gets;
    clock_.Advance(pace);
    if (const auto failure = failures_.find(path); failure != failures_.end()) {
      return {.failure = fetch::FetchFailure{failure->second, "GET " + path + ": fails"}};
    }
    const auto found = resources_.find(path);
    if (found != resources_.end()) return {.resource = found->second};
    return {.failure = fetch::FetchFailure{fetch::FetchCause::kStatus, "GET " + path + ": 404"}, .missing = true};
  }

  size_t gets = 0;
  Nanoseconds pace{0};

 private:
  FakeClock& clock_;
  std::map<std::string, json> resources_;
  std::map<std::string, fetch::FetchCause> failures_;
};

std::vector<std::string> Lines(const PowerRound& round) {
  std::vector<std::string> lines;
  for (const PowerReading& reading : round.readings) {
    lines.push_back(reading.chassis_id + "|" + std::string(reading.source_type) + "|" + reading.source_id + "|" +
                    reading.source_name + "|" + std::to_string(reading.power.value));
  }
  return lines;
}

std::vector<std::string> Faults(const PowerRound& round) {
  std::vector<std::string> lines;
  for (const auto& [path, failure] : round.faults) lines.push_back(failure.message);
  return lines;
}

class PowerReaderTest : public ::testing::Test {
 protected:
  static json Link(const std::string& path) { return FakeResources::Link(path); }
  void SetPower(const json& controls) {
    bmc_.SetChassis({{"1", {{"Id", "1"}, {"Power", Link("/p")}}}});
    bmc_.Set("/p", {{"PowerControl", controls}});
  }

  FakeClock clock_;
  FakeResources bmc_{clock_};
  PowerReader reader_{bmc_, clock_, Seconds(60)};
};

TEST_F(PowerReaderTest, ReadsPowerControlsOfAllChassis) {
  bmc_.SetChassis(
      {{"a", {{"Id", "System.1"}, {"Power", Link("/a")}}}, {"b", {{"Power", Link("/b")}}}, {"c", json::object()}});
  bmc_.Set("/a", {{"PowerControl",
                   {{{"MemberId", "PC1"}, {"Name", "Server"}, {"PowerConsumedWatts", 450.5}},
                    {{"MemberId", "PC2"}, {"Name", "CPU"}, {"PowerConsumedWatts", 85}}}}});
  bmc_.Set("/b", {{"PowerControl", {{{"PowerConsumedWatts", 167.8}}}}});
  const PowerRound round = reader_.Read();
  EXPECT_THAT(Lines(round), ElementsAre("System.1|PowerControl|PC1|Server|450500000",
                                        "System.1|PowerControl|PC2|CPU|85000000", "b|PowerControl|0||167800000"));
  EXPECT_THAT(Faults(round), IsEmpty());
  EXPECT_FALSE(round.failed);
}

TEST_F(PowerReaderTest, SuppliesOfThePowerSubsystemWinOverPowerControl) {
  bmc_.SetChassis(
      {{"1", {{"PowerSubsystem", Link("/ps")}, {"Power", Link("/p")}, {"EnvironmentMetrics", Link("/e")}}}});
  bmc_.Set("/ps", {{"PowerSupplies", Link("/ps/list")}});
  bmc_.Set("/ps/list", FakeResources::Collection({"/ps/0", "/ps/1", "/ps/2"}));
  bmc_.Set("/ps/0", {{"Id", "PS1"}, {"Name", "Supply 1"}, {"PowerOutputWatts", 245}});
  bmc_.Set("/ps/1", {{"Id", "PS2"}, {"Name", "Supply 2"}, {"Metrics", Link("/ps/1/m")}});
  bmc_.Set("/ps/1/m", {{"OutputPowerWatts", {{"Reading", 12.25}}}});
  bmc_.Set("/ps/2", {{"Id", "PS3"}, {"PowerOutputWatts", 0}});
  bmc_.Set("/p", {{"PowerControl", {{{"PowerConsumedWatts", 1}}}}});
  const PowerRound round = reader_.Read();
  EXPECT_THAT(Lines(round), ElementsAre("1|PowerSupply|PS1|Supply 1|245000000", "1|PowerSupply|PS2|Supply 2|12250000"));
  EXPECT_THAT(Faults(round), IsEmpty());
}

TEST_F(PowerReaderTest, EnvironmentMetricsAreTheLastResort) {
  bmc_.SetChassis({{"1", {{"Power", Link("/gone")}, {"EnvironmentMetrics", Link("/redfish/v1/Chassis/1/E")}}}});
  bmc_.Set("/redfish/v1/Chassis/1/E", {{"Id", "E"}, {"Name", "Env"}, {"PowerWatts", {{"Reading", 300}}}});
  const PowerRound round = reader_.Read();
  EXPECT_THAT(Lines(round), ElementsAre("1|EnvironmentMetrics|E|Env|300000000"));
  EXPECT_THAT(Faults(round), IsEmpty());
}

TEST_F(PowerReaderTest, OneChassisThatFailsHidesNoOther) {
  bmc_.SetChassis({{"a", {{"Power", Link("/a")}}}, {"b", {{"Power", Link("/b")}}}, {"c", {{"Power", Link("/c")}}}});
  for (const char* const path : {"/a", "/c"}) bmc_.Set(path, {{"PowerControl", {{{"PowerConsumedWatts", 1}}}}});
  bmc_.Fail("/redfish/v1/Chassis/a", fetch::FetchCause::kTimeout);
  bmc_.Fail("/b", fetch::FetchCause::kBadAnswer);
  const PowerRound round = reader_.Read();
  EXPECT_THAT(Lines(round), ElementsAre("c|PowerControl|0||1000000"));
  EXPECT_THAT(Faults(round), ElementsAre("GET /b: fails", "GET /redfish/v1/Chassis/a: fails"));
  EXPECT_FALSE(round.failed);
}

TEST_F(PowerReaderTest, AChassisStaysWithTheWayThatItHasToldBy) {
  bmc_.SetChassis({{"1", {{"PowerSubsystem", Link("/ps")}, {"Power", Link("/p")}}}});
  bmc_.Set("/ps", {{"PowerSupplies", Link("/ps/list")}});
  bmc_.Set("/ps/list", FakeResources::Collection({"/ps/0"}));
  bmc_.Set("/ps/0", {{"Id", "PS1"}, {"PowerOutputWatts", 245}});
  bmc_.Set("/p", {{"PowerControl", {{{"PowerConsumedWatts", 1}}}}});
  ASSERT_EQ(Lines(reader_.Read()).size(), 1U);
  bmc_.Fail("/ps/0", fetch::FetchCause::kTimeout);
  const PowerRound round = reader_.Read();
  EXPECT_THAT(Lines(round), IsEmpty()) << "the power of a supply is not that of the chassis";
  EXPECT_THAT(Faults(round), ElementsAre("GET /ps/0: fails"));
  bmc_.Mend("/ps/0");
  EXPECT_THAT(Lines(reader_.Read()), ElementsAre("1|PowerSupply|PS1||245000000"));
}

TEST_F(PowerReaderTest, AChassisThatHasLostItsWayIsLookedAtAnew) {
  bmc_.SetChassis({{"1", {{"PowerSubsystem", Link("/ps")}, {"Power", Link("/p")}}}});
  bmc_.Set("/ps", {{"PowerSupplies", Link("/ps/list")}});
  bmc_.Set("/ps/list", FakeResources::Collection({"/ps/0"}));
  bmc_.Set("/ps/0", {{"Id", "PS1"}, {"PowerOutputWatts", 245}});
  bmc_.Set("/p", {{"PowerControl", {{{"PowerConsumedWatts", 1}}}}});
  EXPECT_THAT(Lines(reader_.Read()), ElementsAre("1|PowerSupply|PS1||245000000"));
  bmc_.SetChassis({{"1", {{"PowerSubsystem", Link("/gone")}, {"Power", Link("/p")}}}});
  const PowerRound round = reader_.Read();
  EXPECT_THAT(Lines(round), ElementsAre("1|PowerControl|0||1000000"));
  EXPECT_THAT(Faults(round), IsEmpty());
}

TEST_F(PowerReaderTest, WhatIsNotKnownIsLeftOutAndWhatIsNoPowerIsAFault) {
  SetPower({{{"PowerConsumedWatts", nullptr}},
            {{"Name", "missing"}},
            {{"PowerConsumedWatts", 0}},
            {{"PowerConsumedWatts", " 12.5 "}},
            {{"PowerConsumedWatts", "12 W"}},
            {{"PowerConsumedWatts", -3}},
            {{"PowerConsumedWatts", 1e30}},
            {{"PowerConsumedWatts", "nan"}},
            {{"PowerConsumedWatts", {1}}},
            7,
            "x"});
  const PowerRound round = reader_.Read();
  EXPECT_THAT(Lines(round), ElementsAre("1|PowerControl|3||12500000"));
  EXPECT_EQ(round.faults.size(), 5U);
  EXPECT_THAT(Faults(round).front(), HasSubstr("/p#/PowerControl/4: its power is no number of watts"));
}

TEST_F(PowerReaderTest, NoSeriesIsThereTwice) {
  SetPower({{{"MemberId", "0"}, {"PowerConsumedWatts", 1}},
            {{"MemberId", "0"}, {"PowerConsumedWatts", 2}},
            {{"MemberId", "0"}, {"PowerConsumedWatts", 3}}});
  EXPECT_THAT(Lines(reader_.Read()),
              ElementsAre("1|PowerControl|0||1000000", "1|PowerControl|0#2||2000000", "1|PowerControl|0#3||3000000"));
}

TEST_F(PowerReaderTest, FollowsThePagesOfACollectionAndNotForEver) {
  bmc_.Set("/redfish/v1/Chassis", {{"Members", {Link("/c/1")}}, {"Members@odata.nextLink", "/page2"}});
  bmc_.Set("/page2", {{"Members", {Link("/c/2")}}, {"Members@odata.nextLink", "/page2"}});
  for (const char* const path : {"/c/1", "/c/2"}) bmc_.Set(path, {{"Power", Link(path + std::string("/p"))}});
  bmc_.Set("/c/1/p", {{"PowerControl", {{{"PowerConsumedWatts", 1}}}}});
  const PowerRound round = reader_.Read();
  EXPECT_THAT(Lines(round), ElementsAre("1|PowerControl|0||1000000"));
  EXPECT_THAT(Faults(round), ElementsAre(HasSubstr("more than 16 pages")));
  EXPECT_LT(bmc_.gets, 60U);
}

TEST_F(PowerReaderTest, TheTimeThatARoundTakesIsBounded) {
  bmc_.SetChassis({{"a", {{"Power", Link("/a")}}}, {"b", {{"Power", Link("/b")}}}});
  bmc_.Set("/a", {{"PowerControl", {{{"PowerConsumedWatts", 1}}}}});
  bmc_.pace = Seconds(15);
  const PowerRound round = reader_.Read();
  EXPECT_EQ(Lines(round).size(), 1U);
  EXPECT_THAT(Faults(round), ElementsAre(HasSubstr("takes more than 60 s")));
}

TEST_F(PowerReaderTest, OneChassisWithManySuppliesDoesNotTakeLonger) {
  bmc_.SetChassis({{"a", {{"PowerSubsystem", Link("/ps")}}}});
  bmc_.Set("/ps", {{"PowerSupplies", Link("/ps/list")}});
  bmc_.Set("/ps/list", FakeResources::Collection(std::vector<std::string>(50, "/ps/0")));
  bmc_.Set("/ps/0", {{"Id", "PS1"}, {"PowerOutputWatts", 245}});
  bmc_.pace = Seconds(5);
  const Nanoseconds begin = clock_.Now();
  EXPECT_THAT(Faults(reader_.Read()), ElementsAre(HasSubstr("takes more than 60 s")));
  EXPECT_LE(clock_.Now() - begin, Seconds(65));
  bmc_.pace = {};
  EXPECT_EQ(Lines(reader_.Read()).size(), 50U) << "the next round has a time of its own";
}

TEST_F(PowerReaderTest, WithoutChassisARoundHasFailed) {
  bmc_.Set("/redfish/v1/Chassis", FakeResources::Collection({}));
  EXPECT_TRUE(reader_.Read().failed);
  bmc_.Fail("/redfish/v1/", fetch::FetchCause::kConnection);
  const PowerRound round = reader_.Read();
  EXPECT_TRUE(round.failed);
  EXPECT_THAT(Faults(round), ElementsAre("GET /redfish/v1/: fails"));
}

TEST_F(PowerReaderTest, ABmcThatTellsOfNoPowerIsAFault) {
  bmc_.SetChassis({{"1", json::object()}});
  const PowerRound round = reader_.Read();
  EXPECT_FALSE(round.failed);
  EXPECT_THAT(Faults(round), ElementsAre("/redfish/v1/Chassis: no chassis of the BMC tells of its power"));
}

TEST_F(PowerReaderTest, NamesAreFitForALabel) {
  SetPower({{{"MemberId", std::string(1000, 'x')}, {"Name", "a\nb"}, {"PowerConsumedWatts", 1}}});
  const PowerRound round = reader_.Read();
  ASSERT_EQ(round.readings.size(), 1U);
  EXPECT_LE(round.readings[0].source_id.size(), 131U);
  EXPECT_EQ(round.readings[0].source_name,
            "a\xEF\xBF\xBD"
            "b");
}

TEST_F(PowerReaderTest, ResourcesOfAnyShapeDoNoHarm) {
  const json shapes[] = {nullptr, 1, "x", json::array({1, nullptr, "x"}), {{"@odata.id", 5}}, {{"Members", "x"}}};
  for (const json& shape : shapes) {
    bmc_.Set("/redfish/v1/Chassis", {{"Members", shape}});
    reader_.Read();
    bmc_.SetChassis({{"1", {{"Id", shape}, {"PowerSubsystem", Link("/ps")}, {"Power", Link("/p")}}}});
    bmc_.Set("/ps", {{"PowerSupplies", shape}});
    bmc_.Set("/p", {{"PowerControl", shape}});
    EXPECT_THAT(Lines(reader_.Read()), IsEmpty()) << shape;
  }
}

}  // namespace
}  // namespace brahe::redfish
