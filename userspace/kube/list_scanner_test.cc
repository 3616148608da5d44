#include "userspace/kube/list_scanner.h"

#include <gtest/gtest.h>

#include <vector>

namespace brahe::kube {
namespace {

// What a scan has found, of a text in pieces of some size.
struct Found {
  std::vector<std::string> items;  // "long" for one that is too long
  std::vector<size_t> offsets;
  std::string frame, unfinished, error;
  size_t end_of_frame = 0;  // where its last byte is in the text
  bool operator==(const Found&) const = default;
};

Found Scan(const std::string& text, size_t piece, const ListScanner::Bounds& bounds = {}) {
  Found found;
  ListScanner scanner(
      [&](const ListScanner::Item& item) -> Status {
        found.items.emplace_back(item.too_long ? "long" : item.text);
        found.offsets.push_back(item.offset);
        return found.items.back() == "bad" ? Status(MakeError("refused")) : Status();
      },
      bounds);
  for (size_t at = 0; at < text.size(); at += piece) {
    if (!scanner.Take(std::string_view(text).substr(at, piece))) break;
  }
  if (const Status status = scanner.Finish(); !status) found.error = status.error().message;
  found.frame = scanner.frame();
  found.unfinished = scanner.Unfinished().text;
  found.end_of_frame = scanner.PlaceInFrame(found.frame.size());
  return found;
}

// The same in pieces of every size.
Found Scan(const std::string& text) {
  const Found whole = Scan(text, text.size() + 1);
  for (size_t piece = 1; piece < text.size(); ++piece) EXPECT_EQ(Scan(text, piece), whole) << text << " by " << piece;
  return whole;
}

using Texts = std::vector<std::string>;

TEST(ListScannerTest, TakesTheItemsOutOfTheFrame) {
  const std::string text = R"({"kind":"L", "items" : [ {"a":[1,{}]} ,[2],"s" , 7,null, true ] ,"z":{"items":[1]}})";
  const Found found = Scan(text);
  EXPECT_EQ(found.error, "");
  EXPECT_EQ(found.items, (Texts{R"({"a":[1,{}]})", "[2]", R"("s")", "7", "null", "true"}));
  EXPECT_EQ(found.frame, R"({"kind":"L", "items" : [] ,"z":{"items":[1]}})");
  EXPECT_EQ(found.end_of_frame, text.size());
  for (size_t i = 0; i < found.items.size(); ++i) {
    EXPECT_EQ(text.substr(found.offsets[i], found.items[i].size()), found.items[i]);
  }
}

TEST(ListScannerTest, BracketsCommasAndQuotesInStringsAreText) {
  EXPECT_EQ(Scan(R"({"items":["]}\",[{",{"a":"\\"},"\\\""]})").items,
            (Texts{R"("]}\",[{")", R"({"a":"\\"})", R"("\\\"")"}));
}

TEST(ListScannerTest, OnlyTheRootObjectsArrayCalledItemsHasItems) {
  for (const char* text :
       {R"(["items",[1]])", R"([{"items":[1]}])", R"({"a":{"items":[1]}})", R"({"a":"items","b":[1]})",
        R"({"items":{"items":[1]}})", R"({"itemss":[1]})", R"({"\"items":[1]})", "[1]", "7", ""}) {
    const Found found = Scan(text);
    EXPECT_EQ(found.items, Texts()) << text;
    EXPECT_EQ(found.frame, text);
    EXPECT_EQ(found.error, "");
  }
}

TEST(ListScannerTest, ATextThatIsCutLeavesWhatItHas) {
  const Found found = Scan(R"({"items":[{"a":1},{"b":"x)");
  EXPECT_EQ(found.items, Texts{R"({"a":1})"});
  EXPECT_EQ(found.unfinished, R"({"b":"x)");
  EXPECT_EQ(Scan(R"({"items":[{"a":1},)").unfinished, "");
}

TEST(ListScannerTest, WhatCannotStandBetweenItemsIsAnError) {
  for (const char* text : {R"({"items":[,)", R"({"items":[:)", R"({"items":[})", R"({"items":[1,])", R"({"items":[{}{)",
                           R"({"items":["a":)", R"({"items":[7{)", R"({"items":[7")"}) {
    const Found found = Scan(text);
    EXPECT_EQ(found.error, "not valid JSON at byte " + std::to_string(std::string(text).size())) << text;
  }
}

TEST(ListScannerTest, WhatIsNotBelievedEndsTheScan) {
  EXPECT_EQ(Scan(R"({"items":[1,bad,2]})").error, "refused");
  EXPECT_EQ(Scan(R"({"items":[1,bad,2]})").items, (Texts{"1", "bad"}));
  EXPECT_EQ(Scan(R"({"items":[1],"items":[2]})").error, R"(not a list: it has "items" twice)");
}

TEST(ListScannerTest, LongStringsAreCutAndPlacesAreThoseOfTheWholeText) {
  const ListScanner::Bounds bounds = {.max_string = 8};
  const std::string text = R"({"kind":"123456789","items":["123456789",{"a":"123456789"},7,,)";
  const Found found = Scan(text, 5, bounds);
  EXPECT_EQ(found.items, (Texts{R"("")", R"({"a":""})", "7"}));
  EXPECT_EQ(found.frame, R"({"kind":"","items":[)");
  EXPECT_EQ(found.error, "not valid JSON at byte " + std::to_string(text.size()));
  ListScanner scanner([](const ListScanner::Item&) { return Status(); }, bounds);
  scanner.Take(text.substr(0, text.size() - 2) + "]} x");
  ASSERT_TRUE(scanner.Finish());
  EXPECT_EQ(scanner.PlaceInFrame(scanner.frame().size()), text.size() + 2);
}

TEST(ListScannerTest, DepthItemsAndFrameAreBounded) {
  const ListScanner::Bounds bounds = {.max_depth = 3, .max_item = 8, .max_frame = 1024};
  EXPECT_EQ(Scan(R"({"items":[[]]})", 4, bounds).error, "");
  EXPECT_EQ(Scan(R"({"items":[[[]]]})", 4, bounds).error, "nested deeper than 3");
  EXPECT_EQ(Scan(R"({"a":[[[)", 4, bounds).error, "nested deeper than 3");
  EXPECT_EQ(Scan(R"({"items":["123456","1234567",[1,2,3],[1,2,3,4],1]})", 4, bounds).items,
            (Texts{R"("123456")", "long", "[1,2,3]", "long", "1"}));
  const std::string spaces(2000, ' ');
  EXPECT_EQ(Scan(R"({"items":[)" + spaces + "]}", 100, bounds).error, "") << "what is between items is not kept";
  EXPECT_EQ(Scan(R"({"items":[]})" + spaces, 100, bounds).error,
            "not a list: more than 1 KiB of it are not in \"items\"");
}

}  // namespace
}  // namespace brahe::kube
