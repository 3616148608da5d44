#include "userspace/config/options.h"

#include <gtest/gtest.h>

#include <set>

namespace brahe::config {
namespace {

TEST(OptionsTest, EveryKeyAndEveryFlagIsOneRow) {
  std::set<std::string> keys;
  std::set<std::string> flags;
  for (const Option& option : Options()) {
    EXPECT_FALSE(option.key.empty() && option.flag.empty());
    EXPECT_TRUE(option.key.empty() || keys.insert(option.key).second) << option.key;
    EXPECT_TRUE(option.flag.empty() || flags.insert(option.flag).second) << option.flag;
  }
}

TEST(OptionsTest, NoKeyIsASectionOfAnother) {
  for (const Option& outer : Options()) {
    for (const Option& inner : Options()) {
      EXPECT_FALSE(!outer.key.empty() && inner.key.starts_with(outer.key + ".")) << inner.key;
    }
  }
}

TEST(OptionsTest, WhatHelpListsHasAFlagAndATextThatFitsALine) {
  for (const Option& option : Options()) {
    if (option.help.empty() || option.flag.empty()) continue;
    EXPECT_LE(option.help.size() + option.binding.fallback.size(), 66U) << option.flag;
  }
}

TEST(OptionsTest, ADefaultThatIsShownIsReadBackAsTheDefault) {
  for (const Option& option : Options()) {
    if (option.binding.fallback.empty()) continue;
    CommandLine line;
    const auto applied = Apply({{&option, "x", "x", {option.binding.fallback}}}, line);
    EXPECT_TRUE(applied) << applied.error().message;
    EXPECT_TRUE(line.remarks.without_effect.empty());
  }
}

TEST(OptionsTest, TheNearestNameIsHintedAt) {
  EXPECT_EQ(Hint("monitr", {"monitor"}), "; did you mean monitor?");
  EXPECT_EQ(Hint("banana", {"monitor"}), "; see --help");
}

}  // namespace
}  // namespace brahe::config
