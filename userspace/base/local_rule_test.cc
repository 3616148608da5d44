#include "userspace/base/local_rule.h"

#include <gtest/gtest.h>

namespace brahe {
namespace {

TEST(ParseLocalRule, KnowsUsersGroupsAndEveryone) {
  for (const auto& [text, kind, name] : {std::tuple{"root", LocalRule::Kind::kUser, "0"},
                                         {"everyone", LocalRule::Kind::kEveryone, ""},
                                         {"user:ada", LocalRule::Kind::kUser, "ada"},
                                         {"user:1000", LocalRule::Kind::kUser, "1000"},
                                         {"group:adm", LocalRule::Kind::kGroup, "adm"},
                                         {"group:odd:name", LocalRule::Kind::kGroup, "odd:name"}}) {
    const auto rule = ParseLocalRule(text);
    ASSERT_TRUE(rule) << text;
    EXPECT_EQ(rule->kind, kind) << text;
    EXPECT_EQ(rule->name, name) << text;
  }
}

TEST(ParseLocalRule, RefusesAnythingElse) {
  for (const char* text : {"", "ada", "1000", "user:", "user", "group:", "Root", "everyone:", "all"}) {
    EXPECT_FALSE(ParseLocalRule(text)) << text;
  }
  EXPECT_EQ(ParseLocalRule("ada").error().message,
            "\"ada\" is nobody who could be let in (root, everyone, user:NAME or group:NAME)");
}

}  // namespace
}  // namespace brahe
