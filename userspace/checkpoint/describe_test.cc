#include "userspace/checkpoint/describe.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace brahe::checkpoint {
namespace {

std::string Shouted(std::string_view message) { return "it says\n" + std::string(message) + "!\n"; }

constexpr Part kParts[] = {
    {"books", &Checkpoint::books}, {"meters", &Checkpoint::meters, Shouted}, {"source", &Checkpoint::source, Shouted}};

Found FoundOne() {
  return {.path = "/s/checkpoint",
          .file_bytes = 12288,
          .message_bytes = 321,
          .checkpoint = {.boot_id = "this boot",
                         .unix_ms = 1'000'000,
                         .monotonic = Seconds(50),
                         .version = "1.2.3",
                         .revision = "abc",
                         .books = "1",
                         .meters = "joules\x1b"},
          .boot_id = "this boot",
          .unix_ms = 9'000'000,
          .monotonic = Seconds(140)};
}

TEST(DescribeTest, TellsAPersonWhatIsKept) {
  EXPECT_EQ(AsText(FoundOne(), kParts),
            "file      /s/checkpoint, 12288 bytes\n"
            "written   1m30s ago, in this boot\n"
            "by        brahe 1.2.3 (abc)\n"
            "size      321 bytes\n"
            "books     1 byte\n"
            "meters    7 bytes\n"
            "  it says\n"
            "  joules\xEF\xBF\xBD!\n"
            "source    none\n");
}

TEST(DescribeTest, OfAnotherBootTheWallClockTellsTheAge) {
  Found found = FoundOne();
  found.boot_id = "another";
  EXPECT_NE(AsText(found, {}).find("\nwritten   2h13m20s ago, in another boot\n"), std::string::npos);
  found.boot_id = "";
  EXPECT_NE(AsText(found, {}).find("\nwritten   2h13m20s ago\n"), std::string::npos);
  found.unix_ms = 999'000;
  EXPECT_NE(AsText(found, {}).find("\nwritten   0s ago\n"), std::string::npos);
}

TEST(DescribeTest, TellsTheSameInJson) {
  const auto json = nlohmann::json::parse(AsJson(FoundOne(), kParts));
  EXPECT_EQ(json, nlohmann::json::parse(R"({
    "file": "/s/checkpoint", "file_bytes": 12288, "bytes": 321, "age_seconds": 90, "written_unix_ms": 1000000,
    "boot": "this", "boot_id": "this boot", "version": "1.2.3", "revision": "abc",
    "parts": {"books": {"bytes": 1}, "meters": {"bytes": 7, "text": "it says\njoules\u001b!\n"}, "source": {"bytes": 0}}
  })"));
}

}  // namespace
}  // namespace brahe::checkpoint
