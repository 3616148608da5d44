#include "userspace/run/counter_messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace brahe::run {
namespace {

using ::testing::HasSubstr;

bool IsSame(const ZoneRun& a, const ZoneRun& b) {
  return a.zone == b.zone && a.energy == b.energy && a.error == b.error && a.mean == b.mean && a.peak == b.peak &&
         a.node == b.node && a.node_idle == b.node_idle && a.known == b.known;
}

TEST(CounterMessages, QuestionsComeAsTheyWereAsked) {
  for (const auto kind :
       {Question::Kind::kBegin, Question::Kind::kProcesses, Question::Kind::kEnd, Question::Kind::kAbandon}) {
    const std::string line = LineOf(Question{.kind = kind, .elapsed = Seconds(3)});
    EXPECT_EQ(line.find('\n'), std::string::npos);
    const auto question = QuestionIn(line);
    ASSERT_TRUE(question) << question.error().message;
    EXPECT_EQ(question->kind, kind);
    EXPECT_EQ(question->elapsed, kind == Question::Kind::kEnd ? Seconds(3) : Nanoseconds());
  }
}

TEST(CounterMessages, AnswersComeAsTheyWereGiven) {
  Answer answer{
      .origin = Origin{.version = "", .energy_source = "rapl", .measured = true, .cpu_time_source = "bpf"},
      .processes = {{7, "sh"}, {8, "a\n\"b\""}},
      .figures = RunFigures{.elapsed = {1}, .cpu_time = {2}, .measured = {3}, .zones = {}, .left_running = {}}};
  answer.figures->zones = {
      {"package", {1ULL << 60}, Microjoules{5}, {6}, {7}, {8}, {9}, true},
      {"dram", {1}, std::nullopt, {2}, {3}, {4}, {5}, false},
  };
  answer.figures->left_running = {{9, "sleep"}};
  const std::string line = LineOf(answer);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto read = AnswerIn(line);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_FALSE(read->error);
  EXPECT_EQ(read->origin->energy_source, "rapl");
  EXPECT_TRUE(read->origin->measured);
  EXPECT_EQ(read->origin->cpu_time_source, "bpf");
  EXPECT_EQ(read->processes, answer.processes);
  EXPECT_EQ(read->figures->elapsed.value, 1U);
  EXPECT_EQ(read->figures->cpu_time.value, 2U);
  EXPECT_EQ(read->figures->measured.value, 3U);
  ASSERT_EQ(read->figures->zones.size(), 2U);
  EXPECT_TRUE(IsSame(read->figures->zones[0], answer.figures->zones[0]));
  EXPECT_TRUE(IsSame(read->figures->zones[1], answer.figures->zones[1]));
  EXPECT_EQ(read->figures->left_running, answer.figures->left_running);
}

TEST(CounterMessages, AnErrorStandsAlone) {
  const auto read = AnswerIn(LineOf(Answer{.error = "why\nnot", .processes = {{1, "x"}}}));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->error, "why\nnot");
  EXPECT_TRUE(read->processes.empty());
}

TEST(CounterMessages, BytesThatAreNoTextAreReplaced) {
  const auto read = AnswerIn(LineOf(Answer{.processes = {{1, "\xff"}}}));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->processes[0].comm, "\xef\xbf\xbd");
}

TEST(CounterMessages, WhatIsNoMessageIsAnError) {
  for (const char* line : {"", "x", "[]", "7", "{}", "{\"ask\":7}", "{\"ask\":\"all\"}", "{\"ask\":\"end\"}",
                           "{\"ask\":\"end\",\"elapsed_ns\":\"1\"}", "{\"ask\":\"begin\"", "null"}) {
    EXPECT_FALSE(QuestionIn(line)) << line;
    EXPECT_FALSE(AnswerIn(line)) << line;
  }
  EXPECT_FALSE(AnswerIn("{\"processes\":[{\"pid\":\"1\",\"comm\":\"a\"}]}"));
  EXPECT_FALSE(AnswerIn("{\"processes\":[],\"figures\":{}}"));
}

TEST(CounterMessages, AnotherVersionIsToldWithTheRemedy) {
  const auto read = AnswerIn("{\"processes\":[],\"origin\":{\"protocol\":2}}");
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, HasSubstr("version 2 of the protocol"));
  EXPECT_THAT(read.error().message, HasSubstr("restart the service"));
}

}  // namespace
}  // namespace brahe::run
