#include "userspace/top/tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace brahe::top {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class TreeTest : public testing::Test {
 protected:
  // A row of `watts`; `parent`: as NodeKey has it.
  void Add(const std::string& level, const std::string& name, uint64_t watts, const std::string& parent = "") {
    auto found =
        std::find_if(frame_.levels.begin(), frame_.levels.end(), [&](const Level& each) { return each.name == level; });
    if (found == frame_.levels.end()) {
      frame_.levels.push_back({.name = level, .rows = {}, .series = 1, .figures = {}});
      found = frame_.levels.end() - 1;
    }
    found->rows.push_back({.name = name,
                           .id = {},
                           .detail = {},
                           .cpu_time = {},
                           .key = level == "process" ? "" : name,
                           .parent = parent});
    found->figures.push_back({{}, Watts(watts)});
  }

  // The tree's lines with an arrow for each depth, those that contain `filter`.
  std::vector<std::string> Lines(const std::string& filter = "") {
    frame_.zones = {{"package", {}, {}, {}}};
    const auto is_before = [](const Level& a, size_t row_a, const Level& b, size_t row_b) {
      return *a.FigureOf(row_a, 0).power > *b.FigureOf(row_b, 0).power;
    };
    const Level tree =
        TreeOf(frame_, is_before, [&](const Row& row) { return row.name.find(filter) != std::string::npos; });
    std::vector<std::string> lines;
    for (size_t row = 0; row < tree.rows.size(); ++row) {
      lines.push_back(std::string(tree.rows[row].depth, '>') + tree.rows[row].level + ":" + tree.rows[row].name + " " +
                      std::to_string(tree.FigureOf(row, 0).power->value / 1'000'000));
    }
    return lines;
  }

  void AddExample() {
    Add("process", "nginx", 2, NodeKey("container", "web"));
    Add("process", "db", 7, NodeKey("container", "db"));
    Add("process", "helper", 3, NodeKey("container", "web"));
    Add("process", "qemu", 4, NodeKey("vm", "guest"));
    Add("process", "init", 1);
    Add("container", "web", 5, NodeKey("pod", "web-1"));
    Add("container", "db", 7);
    Add("pod", "web-1", 5, NodeKey("namespace", "shop"));
    Add("namespace", "shop", 5);
    Add("vm", "guest", 4);
  }

  Frame frame_;
};

TEST_F(TreeTest, EachStandsBelowWhatItIsInAndSiblingsAreSorted) {
  AddExample();
  EXPECT_THAT(Lines(), ElementsAre("container:db 7", ">process:db 7", "namespace:shop 5", ">pod:web-1 5",
                                   ">>container:web 5", ">>>process:helper 3", ">>>process:nginx 2", "vm:guest 4",
                                   ">process:qemu 4", "process:init 1"));
}

TEST_F(TreeTest, WhoMatchesIsShownWithAllThatItIsIn) {
  AddExample();
  EXPECT_THAT(Lines("nginx"),
              ElementsAre("namespace:shop 5", ">pod:web-1 5", ">>container:web 5", ">>>process:nginx 2"));
  EXPECT_THAT(Lines("guest"), ElementsAre("vm:guest 4"));
  EXPECT_THAT(Lines("nobody"), IsEmpty());
}

TEST_F(TreeTest, WhoseParentIsNotListedStandsAtTheTop) {
  Add("process", "a", 1, NodeKey("container", "gone"));
  Add("container", "web", 2, NodeKey("pod", ""));
  EXPECT_THAT(Lines(), ElementsAre("container:web 2", "process:a 1"));
}

TEST_F(TreeTest, OfNothingIsNothing) { EXPECT_THAT(Lines(), IsEmpty()); }

}  // namespace
}  // namespace brahe::top
