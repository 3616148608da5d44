#include "userspace/top/view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace brahe::top {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Five processes of two zones and a pod.
Frame Example() {
  Frame frame;
  frame.zones = {{"package", {}, {}, {}}, {"dram", {}, {}, {}}};
  frame.primary_zone = 0;
  Level processes{.name = "process", .rows = {}, .series = 2, .figures = {}};
  const auto add = [&](const char* name, const char* id, const char* detail, uint64_t watts, uint64_t joules,
                       uint64_t cpu_seconds) {
    processes.rows.push_back({.name = name, .id = id, .detail = detail, .cpu_time = Seconds(cpu_seconds)});
    processes.figures.push_back({Joules(joules), Watts(watts)});
    processes.figures.push_back({Joules(100 - joules), std::nullopt});
  };
  add("gzip", "100", "/bin/gzip", 3, 10, 5);
  add("bash", "9", "/bin/bash", 0, 30, 1);
  add("web", "10", "/opt/Web", 7, 20, 9);
  add("cat", "8", "/bin/cat", 0, 40, 2);
  add("db", "7", "/opt/db", 5, 5, 7);
  Level pods{.name = "pod",
             .rows = {{.name = "shop/web", .id = {}, .detail = {}, .cpu_time = {}}},
             .series = 2,
             .figures = {{}, {}}};
  frame.levels = {processes, pods};
  return frame;
}

View Shown() {
  View view("process");
  view.Show(Example());
  view.SetRoom(3);
  return view;
}

Wish Press(View& view, std::string_view keys) {
  Wish wish = Wish::kNone;
  for (const char c : keys) wish = view.Press({.character = c});
  return wish;
}

Wish Press(View& view, Key::Kind kind) { return view.Press({.kind = kind}); }

std::string Names(const View& view) {
  std::string names;
  for (const size_t row : view.order()) names += view.table()->rows[row].name + " ";
  return names;
}

TEST(ViewTest, SortsByWattsAtFirstAndByJoulesWhereTheyAreEqual) { EXPECT_EQ(Names(Shown()), "web db gzip cat bash "); }

TEST(ViewTest, SortsByEachColumnAndTheOtherWayRound) {
  View view = Shown();
  Press(view, ">");
  EXPECT_EQ(Names(view), "cat bash web gzip db ");
  Press(view, ">");
  EXPECT_EQ(Names(view), "web db gzip cat bash ");  // CPU time
  Press(view, ">");
  EXPECT_EQ(Names(view), "bash cat db gzip web ");  // name
  Press(view, ">");
  EXPECT_EQ(Names(view), "db cat bash web gzip ");  // pid, as a number
  Press(view, "r");
  EXPECT_EQ(Names(view), "gzip web bash cat db ");
  Press(view, "<<");
  EXPECT_EQ(view.sort(), Sort::kCpuTime);
}

TEST(ViewTest, LooksAtTheNextZone) {
  View view = Shown();
  Press(view, "z");
  EXPECT_EQ(view.zone(), 1U);
  EXPECT_EQ(Names(view), "db gzip web bash cat ");  // no watts are known
  view.Show(Example());
  EXPECT_EQ(view.zone(), 1U);
  Press(view, "z");
  EXPECT_EQ(view.zone(), 0U);
}

TEST(ViewTest, FollowsThePrimaryZoneUntilOneIsChosen) {
  View view = Shown();
  Frame frame = Example();
  frame.primary_zone = 1;
  view.Show(frame);
  EXPECT_EQ(view.zone(), 1U);
}

TEST(ViewTest, FiltersByNameIdAndDetailInAnyCase) {
  View view = Shown();
  Press(view, "/WEB");
  EXPECT_TRUE(view.is_editing());
  EXPECT_EQ(Names(view), "web ");
  Press(view, Key::Kind::kBackspace);
  Press(view, Key::Kind::kBackspace);
  Press(view, Key::Kind::kBackspace);
  Press(view, "10");
  EXPECT_EQ(Names(view), "web gzip ");
  Press(view, Key::Kind::kEnter);
  EXPECT_FALSE(view.is_editing());
  EXPECT_EQ(view.filter(), "10");
  Press(view, Key::Kind::kEscape);
  EXPECT_EQ(view.order().size(), 5U);
  Press(view, "//bin");
  EXPECT_EQ(view.filter(), "/bin");
  EXPECT_EQ(Names(view), "gzip cat bash ");
  Press(view, Key::Kind::kEscape);
  EXPECT_EQ(view.filter(), "");
}

TEST(ViewTest, WhileItIsEditedEveryKeyBelongsToTheFilter) {
  View view = Shown();
  EXPECT_EQ(Press(view, "/q q\x01"), Wish::kNone);
  EXPECT_EQ(view.filter(), "q q");
  EXPECT_THAT(view.order(), IsEmpty());
  Press(view, "\xC3\xA9");
  EXPECT_EQ(view.filter(), "q q\xC3\xA9");
  Press(view, Key::Kind::kBackspace);
  EXPECT_EQ(view.filter(), "q q");
  Press(view, std::string(100, 'x'));
  EXPECT_EQ(view.filter().size(), 60U);
}

TEST(ViewTest, MovesWithinTheRowsAndTheWindowFollows) {
  View view = Shown();
  Press(view, "k");
  EXPECT_EQ(view.cursor(), 0U);
  Press(view, "jjj");
  EXPECT_EQ(view.cursor(), 3U);
  EXPECT_EQ(view.first(), 1U);
  Press(view, "kk");
  EXPECT_EQ(view.first(), 1U);
  Press(view, Key::Kind::kUp);
  EXPECT_EQ(view.first(), 0U);
  Press(view, "G");
  EXPECT_EQ(view.cursor(), 4U);
  EXPECT_EQ(view.first(), 2U);
  Press(view, "j");
  EXPECT_EQ(view.cursor(), 4U);
  Press(view, Key::Kind::kPageUp);
  EXPECT_EQ(view.cursor(), 1U);
  Press(view, "\x04");
  EXPECT_EQ(view.cursor(), 3U);
  Press(view, "g");
  EXPECT_EQ(view.cursor(), 0U);
  Press(view, Key::Kind::kEnd);
  Press(view, Key::Kind::kHome);
  EXPECT_EQ(view.cursor(), 0U);
  EXPECT_EQ(view.first(), 0U);
}

TEST(ViewTest, ALargerWindowShowsAsManyRowsAsItCan) {
  View view = Shown();
  Press(view, "G");
  view.SetRoom(4);
  EXPECT_EQ(view.first(), 1U);
  view.SetRoom(10);
  EXPECT_EQ(view.first(), 0U);
  view.SetRoom(0);
  EXPECT_EQ(view.first(), 4U);
}

TEST(ViewTest, GoesThroughTheLevelsInACircle) {
  View view = Shown();
  Press(view, "jl");
  EXPECT_EQ(view.level(), "pod");
  EXPECT_EQ(view.cursor(), 0U);
  Press(view, Key::Kind::kRight);
  EXPECT_EQ(view.level(), "process");
  Press(view, Key::Kind::kBackTab);
  EXPECT_EQ(view.level(), "pod");
  Press(view, "1");
  EXPECT_EQ(view.level(), "process");
  Press(view, "9");
  EXPECT_EQ(view.level(), "process");
}

TEST(ViewTest, ALevelThatIsGoneIsEmptyAndIsLeft) {
  View view = Shown();
  Press(view, "l");
  Frame frame = Example();
  frame.levels.pop_back();
  view.Show(frame);
  EXPECT_THAT(view.order(), IsEmpty());
  Press(view, "jGg");
  Press(view, "l");
  EXPECT_EQ(view.level(), "process");
  view.Show({});
  Press(view, "lhz1");
  EXPECT_THAT(view.order(), IsEmpty());
}

TEST(ViewTest, AFrozenOneKeepsItsFrameAndRemembersThePowerOfTheOthers) {
  View view = Shown();
  Frame frame = Example();
  frame.epoch = 99;
  frame.zones[0].all.power = Watts(8);
  view.Show(frame, /*frozen=*/true);
  EXPECT_EQ(view.frame().epoch, 0U);
  EXPECT_THAT(view.history().OfNode(0, 1), ElementsAre(4e6));
  view.Restart();
  EXPECT_THAT(view.history().OfNode(0, 1), IsEmpty());
}

TEST(ViewTest, ShowsTheTreeAndGoesBack) {
  Frame frame = Example();
  frame.levels[1].rows[0].key = "uid";
  frame.levels[0].rows[3].parent = NodeKey("pod", "uid");
  View view("socket");
  view.Show(frame);
  view.SetRoom(10);
  Press(view, "t");
  EXPECT_EQ(view.level(), kTreeLevel);
  EXPECT_EQ(Names(view), "web db gzip bash shop/web cat ");
  Press(view, "r");
  EXPECT_EQ(Names(view), "shop/web cat bash gzip db web ");
  Press(view, "r/CAT");
  EXPECT_EQ(Names(view), "shop/web cat ");
  Press(view, Key::Kind::kEscape);
  Press(view, "t");
  EXPECT_EQ(view.level(), "socket");
  Press(view, "tl");
  EXPECT_EQ(view.level(), "process");
}

TEST(ViewTest, SaysWhatIsWished) {
  View view = Shown();
  EXPECT_EQ(Press(view, " "), Wish::kPause);
  EXPECT_EQ(Press(view, "["), Wish::kFrameBack);
  EXPECT_EQ(Press(view, "]"), Wish::kFrameOn);
  EXPECT_EQ(Press(view, "{"), Wish::kMinuteBack);
  EXPECT_EQ(Press(view, "}"), Wish::kMinuteOn);
  EXPECT_EQ(Press(view, "j"), Wish::kNone);
  EXPECT_EQ(Press(view, "q"), Wish::kQuit);
}

TEST(ViewTest, HelpGoesAtAnyKeyAndQStillQuits) {
  View view = Shown();
  Press(view, "?");
  EXPECT_TRUE(view.shows_help());
  Press(view, "j");
  EXPECT_FALSE(view.shows_help());
  EXPECT_EQ(view.cursor(), 0U);
  Press(view, Key::Kind::kHelp);
  EXPECT_EQ(Press(view, "q"), Wish::kQuit);
}

}  // namespace
}  // namespace brahe::top
