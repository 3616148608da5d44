#include "userspace/top/draw.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace brahe::top {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Frame Example() {
  Frame frame{.epoch = 1,
              .unix_ms = 1'700'000'000'123,
              .duration = Seconds(1),
              .node_name = "node-1",
              .cpu_time_source = "bpf",
              .energy_source = "rapl",
              .energy_measured = true,
              .usage_ppm = 250'000,
              .zones = {{"package", {Joules(60), Watts(6)}, {Joules(20), Watts(2)}, {Joules(40), Watts(4)}},
                        {"dram", {Joules(3), std::nullopt}, {Joules(1), std::nullopt}, {Joules(2), std::nullopt}}},
              .levels = {}};
  frame.levels = {{.name = "process",
                   .rows = {{.name = "web", .id = "4711", .detail = "/opt/web", .cpu_time = Seconds(5)},
                            {.name = "\x1B[31mred\n", .id = "12", .detail = "/tmp/\xFF", .ended = true, .cpu_time = {}},
                            {.name = "idle", .id = "13", .detail = "", .cpu_time = {}}},
                   .series = 2,
                   .figures = {{Joules(18), Watts(2)}, {Joules(1), {}}, {Joules(2), Watts(0)}, {}, {{}, Watts(0)}, {}}},
                  {.name = "socket",
                   .rows = {{.name = "package", .id = "0", .detail = "/sys/x", .cpu_time = {}}},
                   .series = 1,
                   .figures = {{Joules(60), Watts(6)}}}};
  return frame;
}

View Shown(const Screen& screen) {
  View view("process");
  view.Show(Example());
  view.SetRoom(RoomOf(view, screen));
  return view;
}

std::vector<std::string> Texts(const std::vector<Line>& lines) {
  std::vector<std::string> texts;
  for (const Line& line : lines) texts.push_back(line.text);
  return texts;
}

constexpr Screen kUsual{.size = {.columns = 80, .rows = 24}};
const Around kLive{.mode = "live", .notice = {}};

TEST(DrawTest, FillsTheScreenFromTheTitleToTheKeys) {
  const auto lines = Draw(Shown(kUsual), kLive, kUsual);
  const auto texts = Texts(lines);
  ASSERT_EQ(texts.size(), 24U);
  EXPECT_EQ(texts[0], "brahe top  live  22:13:20Z  CPU 25.0%  node-1  energy: rapl  CPU time: bpf");
  EXPECT_EQ(texts[1], "ZONE                      W   ACTIVE W     IDLE W            J    LAST 60 S");
  EXPECT_EQ(texts[2], "package *             6.000      2.000      4.000        60.00            \u2588");
  EXPECT_EQ(texts[3], "dram                      -          -          -         3.00             ");
  EXPECT_EQ(texts[4], "[process 3]  socket 1");
  EXPECT_EQ(texts[5], "PROCESS              PID     package Wv  package J      CPU S    LAST 60 S");
  EXPECT_EQ(texts[6], "web                  4711         2.000      18.00       5.00            \u2588");
  EXPECT_THAT(texts[7], HasSubstr("(-) \uFFFD[31mred\uFFFD"));
  EXPECT_EQ(texts[23], "1/3  by watts  ? help  q quit  / filter  < > sort  h l level  z zone");
  EXPECT_EQ(lines[0].style, Style::kTitle);
  EXPECT_EQ(lines[5].style, Style::kHead);
  EXPECT_EQ(lines[6].style, Style::kCursor);
  EXPECT_EQ(lines[7].style, Style::kEnded);
  EXPECT_EQ(lines[8].style, Style::kPlain);
}

TEST(DrawTest, NoLineIsEverWiderThanTheScreenAndThereAreAsManyAsItHasRows) {
  for (size_t columns = 0; columns < 250; ++columns) {
    for (const size_t rows : {0, 1, 2, 5, 8, 24, 60}) {
      const Screen screen{.size = {.columns = columns, .rows = rows}, .has_unicode = false};
      View view = Shown(screen);
      for (const char key : {'j', 'l', '?'}) {
        const auto texts = Texts(Draw(view, kLive, screen));
        ASSERT_EQ(texts.size(), rows);
        for (const std::string& text : texts) ASSERT_LE(text.size(), columns) << text;
        view.Press({.character = key});
      }
    }
  }
}

TEST(DrawTest, AWideScreenHasDetailsToo) {
  const Screen wide{.size = {.columns = 200, .rows = 50}};
  const auto texts = Texts(Draw(Shown(wide), kLive, wide));
  EXPECT_THAT(texts[5], HasSubstr("DETAIL"));
  EXPECT_THAT(texts[6], HasSubstr("/opt/web"));
  EXPECT_THAT(texts[7], HasSubstr("/tmp/\uFFFD"));
}

TEST(DrawTest, ALowScreenShowsTheZoneThatIsLookedAt) {
  const Screen low{.size = {.columns = 80, .rows = 10}};
  View view = Shown(low);
  view.Press({.character = 'z'});
  const auto texts = Texts(Draw(view, kLive, low));
  EXPECT_THAT(texts[2], HasSubstr("dram *"));
  EXPECT_THAT(texts[3], HasSubstr("[process 3]"));
  EXPECT_THAT(texts[4], HasSubstr("dram W"));
}

TEST(DrawTest, SocketsHaveNoCpuTime) {
  View view = Shown(kUsual);
  view.Press({.character = 'l'});
  const auto texts = Texts(Draw(view, kLive, kUsual));
  EXPECT_EQ(texts[4], "process 3  [socket 1]");
  EXPECT_THAT(texts[5], HasSubstr("SOCKET"));
  EXPECT_THAT(texts[5], Not(HasSubstr("CPU S")));
  EXPECT_THAT(texts[6], HasSubstr("6.000"));
}

TEST(DrawTest, WithoutUnicodeAllIsAscii) {
  const Screen ascii{.size = {.columns = 80, .rows = 24}, .has_unicode = false};
  View view = Shown(ascii);
  const auto lines = Draw(view, {.mode = "live", .notice = "caf\u00E9 \u2588"}, ascii);
  for (const Line& line : lines) {
    for (const char c : line.text) ASSERT_TRUE(c >= ' ' && c <= '~') << line.text;
  }
  EXPECT_EQ(lines.back().text, "caf? #");
}

TEST(DrawTest, TheLastLineSaysWhatIsMostPressing) {
  View view = Shown(kUsual);
  EXPECT_EQ(Draw(view, {.mode = "live", .notice = "gone\n"}, kUsual).back().text, "gone\uFFFD");
  view.Press({.character = '/'});
  view.Press({.character = 'w'});
  EXPECT_EQ(Draw(view, {.mode = "live", .notice = "gone"}, kUsual).back().text, "/w_");
  view.Press({.kind = Key::Kind::kEnter});
  EXPECT_THAT(Draw(view, kLive, kUsual).back().text, HasSubstr("1/1  by watts  filter: w (Esc clears)"));
}

TEST(DrawTest, ChosenLevelIsInSightWhereThereIsNoRoomForAll) {
  const Screen narrow{.size = {.columns = 14, .rows = 24}};
  View view = Shown(narrow);
  EXPECT_EQ(Draw(view, kLive, narrow)[4].text, "[process 3]");
  view.Press({.character = 'l'});
  EXPECT_EQ(Draw(view, kLive, narrow)[4].text, "[socket 1]");
}

TEST(DrawTest, HelpListsTheKeys) {
  View view = Shown(kUsual);
  view.Press({.character = '?'});
  const auto texts = Texts(Draw(view, kLive, kUsual));
  EXPECT_EQ(texts[0], "brahe top: keys");
  EXPECT_THAT(texts, testing::Contains(HasSubstr("q, ^C")));
  for (const std::string& text : texts) EXPECT_THAT(text, Not(HasSubstr("\u2026")));
}

TEST(DrawTest, BeforeTheFirstFrameThereIsATableWithoutRows) {
  const View view("process");
  const auto texts = Texts(Draw(view, kLive, kUsual));
  EXPECT_THAT(texts[0], HasSubstr("brahe top  live"));
  EXPECT_EQ(texts[23].substr(0, 3), "0/0");
}

TEST(PrintedTest, HasAllThatUsedEnergyAndNoBlanksAtTheEnd) {
  const std::string text = Printed(Shown(kUsual), kLive, 80, /*has_unicode=*/true);
  EXPECT_THAT(text, HasSubstr("\nweb "));
  EXPECT_THAT(text, HasSubstr("\n(-) "));
  EXPECT_THAT(text, Not(HasSubstr("\nidle ")));
  EXPECT_THAT(text, Not(HasSubstr(" \n")));
  EXPECT_THAT(text, Not(HasSubstr("q quit")));
}

}  // namespace
}  // namespace brahe::top
