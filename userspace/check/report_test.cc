#include "userspace/check/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace brahe::check {
namespace {

Report Sample() {
  return {.facts = {{"brahe", "1.2"}, {"kernel", "Linux 6.1"}},
          .time = Seconds(10),
          .verdicts = {{"sensor", Outcome::kGood, "rapl, 3 zones, measured"},
                       {"zone core-0", Outcome::kLimited, "stood still", "leave it out"},
                       {"processes", Outcome::kFaulty, "x\n\x1b[31m (1) was charged", "report it"}},
          .log = {"W something"}};
}

TEST(ReportTest, TheTextHasColumnsRemediesAndASummary) {
  EXPECT_EQ(AsText(Sample()), R"(brahe   1.2
kernel  Linux 6.1

good     sensor       rapl, 3 zones, measured
limited  zone core-0  stood still
                      -> leave it out
faulty   processes    x)"
                              "\uFFFD\uFFFD"
                              R"([31m (1) was charged
                      -> report it

Said meanwhile:
  W something

Figures are wrong or may be: 1 fault, 1 limit.
)");
}

TEST(ReportTest, TheSummaryIsOfTheWorst) {
  Report report = Sample();
  EXPECT_EQ(Worst(report.verdicts), Outcome::kFaulty);
  report.verdicts.pop_back();
  EXPECT_EQ(Worst(report.verdicts), Outcome::kLimited);
  EXPECT_NE(AsText(report).find("What is told is right, with 1 limit."), std::string::npos);
  report.verdicts.pop_back();
  EXPECT_EQ(Worst(report.verdicts), Outcome::kGood);
  EXPECT_NE(AsText(report).find("This machine measures well."), std::string::npos);
}

TEST(ReportTest, JsonHasTheSame) {
  Report report = Sample();
  report.facts[0].second = "\xff";  // no UTF-8
  const auto json = nlohmann::json::parse(AsJson(report));
  EXPECT_EQ(json["kernel"], "Linux 6.1");
  EXPECT_EQ(json["brahe"], "\uFFFD");
  EXPECT_EQ(json["seconds"], 10);
  EXPECT_EQ(json["outcome"], "faulty");
  EXPECT_EQ(json["log"][0], "W something");
  EXPECT_EQ(
      json["verdicts"][1],
      (nlohmann::json{
          {"subject", "zone core-0"}, {"outcome", "limited"}, {"finding", "stood still"}, {"remedy", "leave it out"}}));
}

}  // namespace
}  // namespace brahe::check
