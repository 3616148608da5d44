#include "userspace/base/yaml_keys.h"

#include <gtest/gtest.h>

namespace brahe {
namespace {

using Lines = std::vector<std::string>;
using std::string_literals::operator""s;

YamlTable Table() {
  return {
      .example = "a:",
      .keys = {{.name = "a.one"},
               {.name = "a.Any", .any_case = true},
               {.name = "a.secret", .kind = YamlKind::kSecret},
               {.name = "a.list", .kind = YamlKind::kList},
               {.name = "tree", .kind = YamlKind::kTree},
               {.name = "section", .kind = YamlKind::kSection},
               {.name = "section.one"},
               {.name = "names", .kind = YamlKind::kNames, .one = "a hash"},
               {.name = "entries", .kind = YamlKind::kEntries},
               {.name = "entries.name"},
               {.name = "entries.more.one"}},
  };
}

// "ROW/ENTRY=TEXT,TEXT" for all that is given, or the error.
Lines Read(std::string_view content, const YamlTable& table = Table()) {
  const auto given = ReadYamlKeys("f.yaml", content, table);
  if (!given) return {given.error().message};
  Lines lines;
  for (const YamlGiven& one : *given) {
    std::string line = one.key + (one.entry > 0 ? "/" + std::to_string(one.entry) : "") + "=";
    for (const std::string& text : one.texts) line += text + ",";
    lines.push_back(line);
  }
  return lines;
}

TEST(YamlKeysTest, TellsWhatIsGivenAndWhere) {
  EXPECT_EQ(Read("a: {list: [x, y], one: 1, secret: s}\ntree: [{}]\nsection: {one: 2}\nnames: {me: h, a.one: h}\n"),
            (Lines{"a.list=x,y,", "a.one=1,", "a.secret=s,", "tree=a list,", "section=", "section.one=2,", "names=h,",
                   "names=h,"}));
  const auto given = ReadYamlKeys("f.yaml", "\na: {any: 1}\n", Table());
  ASSERT_TRUE(given);
  ASSERT_EQ(given->size(), 1U);
  EXPECT_EQ(given->front().key, "a.Any");
  EXPECT_EQ(given->front().name, "any");
  EXPECT_EQ(given->front().place, "f.yaml:2");
  EXPECT_EQ(given->front().origin, "f.yaml:2: a.any");
}

TEST(YamlKeysTest, WhatIsLeftEmptyIsNotGivenButANameIs) {
  EXPECT_EQ(Read(""), Lines());
  EXPECT_EQ(Read("a: {one: , list: ~}\nsection: {}\nentries:\nnames:\n"), Lines());
  YamlTable table = Table();
  EXPECT_EQ(Read("a: {one: '', list: ['']}", table), Lines{"a.list=,"});
  table.takes_empty = true;
  EXPECT_EQ(Read("a: {one: ''}", table), Lines{"a.one=,"});
  EXPECT_EQ(Read("names: {me: ''}"), Lines{"names=,"});
  EXPECT_EQ(Read("names: {me: }"), Lines{"f.yaml:1: names.me: a hash is expected, not nothing"});
}

TEST(YamlKeysTest, EntriesAreTold) {
  EXPECT_EQ(Read("entries: [{name: x, more: {one: 1}}, ~, {more: {one: 2}}]\na: {one: 3}\n"),
            (Lines{"entries.name/1=x,", "entries.more.one/1=1,", "entries.more.one/2=2,", "a.one=3,"}));
  EXPECT_EQ(Read("entries: {}"), Lines{"f.yaml:1: entries: a list is expected, not a map"});
  EXPECT_EQ(Read("entries: [7]"), Lines{"f.yaml:1: entries: a list of sections is expected, but it holds \"7\""});
  EXPECT_EQ(Read("entries:\n- {name: x}\n- name: x\n  name: y\n"), Lines{"f.yaml:4: entries.name: given twice"});
}

TEST(YamlKeysTest, AKeyMayBeGivenOnlyOnce) {
  EXPECT_EQ(Read("a:\n  any: 1\n  ANY: 2\n"), Lines{"f.yaml:3: a.ANY: given twice"});
  EXPECT_EQ(Read("names: {me: x, ME: y, me: z}"), Lines{"f.yaml:1: names.me: given twice"});
  YamlTable table = Table();
  table.dotted = true;
  EXPECT_EQ(Read("a.one: 1\na: {one: 2}\n", table), Lines{"f.yaml:2: a.one: given twice"});
}

TEST(YamlKeysTest, AnUnknownKeyIsForTheReaderToJudge) {
  EXPECT_EQ(Read("b: 1\nb: 2\n'': 3\na.one: 4\na: {two: {one: 5}}\n"), Lines());
  YamlTable table = Table();
  table.unknown = [](const std::string& section, const std::string& key, const std::string& origin) -> Status {
    return MakeError(origin + " is " + key + " in " + section);
  };
  EXPECT_EQ(Read("a: {two: 1}", table), Lines{"f.yaml:1: a.two is two in a"});
  EXPECT_EQ(Read("a.one: 1", table), Lines{"f.yaml:1: a.one is a.one in "});
  EXPECT_EQ(Read("'': 1", table), Lines{"f.yaml:1:  is  in "});
  EXPECT_EQ(Read("a: {\"Any\\0\": 1}", table), Lines{"f.yaml:1: a.Any\uFFFD is Any\0 in a"s});
}

TEST(YamlKeysTest, WhereSecretsMayStandNoValueIsShown) {
  YamlTable table = Table();
  EXPECT_EQ(Read("a: s3", table), Lines{"f.yaml:1: a: a section with keys of its own is expected, not \"s3\""});
  table.holds_secrets = true;
  EXPECT_EQ(Read("a: s3", table), Lines{"f.yaml:1: a: a section with keys of its own is expected, not a single value"});
  EXPECT_EQ(Read("s3", table), Lines{"f.yaml:1: sections such as \"a:\" are expected, not a single value"});
  const std::string misplaced = ": a hash or PEM text does not belong here";
  for (const std::string secret : {"'-----BEGIN X'", "x$2y$10$y"}) {
    EXPECT_EQ(Read("a: {one: " + secret + "}", table), Lines{"f.yaml:1: a.one" + misplaced});
    EXPECT_EQ(Read("a: {list: [x, " + secret + "]}", table), Lines{"f.yaml:1: a.list" + misplaced});
    EXPECT_EQ(Read("a: {secret: " + secret + "}", table).size(), 1U);
    EXPECT_EQ(Read("names: {" + secret + ": x}", table),
              Lines{"f.yaml:1: names....: a hash or PEM text stands where a name belongs"});
  }
}

}  // namespace
}  // namespace brahe
