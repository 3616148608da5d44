#include "userspace/run/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace brahe::run {
namespace {

RunFigures RunOf(uint64_t joules) {
  return {.exit_status = 0,
          .elapsed = Seconds(2),
          .cpu_time = Milliseconds(1500),
          .measured = Seconds(2),
          .zones = {{.zone = "package",
                     .energy = Joules(joules),
                     .error = Microjoules{60'000},
                     .mean = Watts(joules / 2),
                     .peak = Watts(joules),
                     .node = Joules(200),
                     .node_idle = Joules(50)}},
          .left_running = {}};
}

Report ReportOf(std::vector<Series> series) {
  return {.origin = {.version = "1", .energy_source = "rapl", .measured = true, .cpu_time_source = "bpf"},
          .series = std::move(series)};
}

TEST(ReportTest, ASingleRunIsATableOfItsZones) {
  EXPECT_EQ(TextReport(ReportOf({{.command = {"make", "all of it"}, .runs = {RunOf(100)}}})), R"(
make 'all of it': exit status 0, 2.000 s elapsed, 1.500 s of CPU time

  zone     joules      +-  mean W  peak W  of node  node J  of it idle
  package   100.0  0.0600   50.00   100.0   50.0 %   200.0       50.00

Energy measured by rapl; CPU time counted by bpf
)");
}

TEST(ReportTest, ManyRunsAreStatisticsWithOutliersByNumber) {
  Series series{.command = {"job"}, .runs = {}};
  for (const uint64_t joules : {10, 11, 10, 12, 90}) series.runs.push_back(RunOf(joules));
  series.runs[1].exit_status = 1;
  const std::string text = MarkdownReport(ReportOf({series}));
  EXPECT_NE(text.find("### job: 5 runs, of which 1 failed\n"), std::string::npos) << text;
  EXPECT_NE(text.find("| package J | 26.60 | 35.45 | 10.00 | 11.00 | 90.00 | 0.0600 | 5 |\n"), std::string::npos)
      << text;
}

TEST(ReportTest, AZoneThatWasNotReadIsUnknownAndNotZero) {
  Series series{.command = {"job"}, .runs = {RunOf(1)}};
  series.runs[0].zones[0].known = false;
  const Report report = ReportOf({series});
  EXPECT_NE(TextReport(report).find("  package       ?   ?       ?       ?        ?       ?           ?\n"),
            std::string::npos)
      << TextReport(report);
  const auto json = nlohmann::json::parse(JsonReport(report));
  EXPECT_TRUE(json["commands"][0]["runs"][0]["zones"][0]["joules"].is_null());
  EXPECT_NE(CsvReport(report).find(",package,,,,,,\n"), std::string::npos);
  EXPECT_EQ(MeasuresOf(series).front().name, "elapsed");
}

TEST(ReportTest, WhatIsLeftRunningIsNamedWithoutDrivingTheTerminal) {
  Series series{.command = {"job"}, .runs = {RunOf(1)}};
  series.runs[0].left_running = {{.pid = 7, .comm = "\x1b[2J"}};
  EXPECT_NE(TextReport(ReportOf({series})).find("until the end of the run: \uFFFD[2J (7)\n"), std::string::npos);
}

TEST(ReportTest, AnInterruptBetweenTwoCommandsLeavesThePairs) {
  const Series first{.command = {"a"}, .runs = {RunOf(10), RunOf(10), RunOf(30)}};
  const Series second{.command = {"b"}, .runs = {RunOf(20), RunOf(20)}};
  const auto json = nlohmann::json::parse(JsonReport(ReportOf({first, second})));
  EXPECT_EQ(json["comparison"][0]["measure"], "package");
  EXPECT_NEAR(json["comparison"][0]["ratio"].get<double>(), 2, 1e-12);
  EXPECT_NEAR(json["comparison"][0]["high"].get<double>(), 2, 1e-12);
}

TEST(ReportTest, CsvQuotesWhatItMust) {
  const std::string text = CsvReport(ReportOf({{.command = {"sh", "-c", "say \"a,b\""}, .runs = {RunOf(1)}}}));
  EXPECT_NE(text.find("\n\"sh -c 'say \"\"a,b\"\"'\",1,0,2.000000000,1.500000000,2.000000000,package,1.000000,0.060000,"
                      "0.000000,1.000000,200.000000,50.000000\n"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace brahe::run
