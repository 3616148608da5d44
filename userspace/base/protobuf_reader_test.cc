#include "userspace/base/protobuf_reader.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>

#include "userspace/base/protobuf_writer.h"

namespace brahe {
namespace {

using std::string_view_literals::operator""sv;

TEST(ProtobufReaderTest, ReadsWhatTheWriterWrites) {
  constexpr uint64_t kLargest = std::numeric_limits<uint64_t>::max();
  std::string message;
  ProtobufWriter writer(message);
  writer.Uint(1, kLargest);
  writer.Sint(2, std::numeric_limits<int64_t>::min());
  writer.Double(3, -1.5);
  writer.Message(536870911, [](ProtobufWriter& inner) { inner.Bytes(1, "\0text"sv); });
  ProtobufReader reader(message);
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.field(), 1U);
  EXPECT_EQ(reader.uint(), kLargest);
  EXPECT_EQ(reader.bytes(), "");
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.sint(), std::numeric_limits<int64_t>::min());
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.number(), -1.5);
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.field(), 536870911U);
  EXPECT_EQ(reader.uint(), 0U);
  ProtobufReader inner(reader.bytes());
  ASSERT_TRUE(inner.Next());
  EXPECT_EQ(inner.bytes(), "\0text"sv);
  EXPECT_FALSE(reader.Next());
  EXPECT_TRUE(reader.ok());
}

TEST(ProtobufReaderTest, ReadsSignedNumbers) {
  for (const int64_t value : {int64_t{0}, int64_t{-1}, int64_t{1}, int64_t{-2}, std::numeric_limits<int64_t>::max()}) {
    std::string message;
    ProtobufWriter(message).Sint(1, value);
    ProtobufReader reader(message);
    ASSERT_TRUE(reader.Next());
    EXPECT_EQ(reader.sint(), value);
  }
}

TEST(ProtobufReaderTest, RefusesWhatIsNoMessage) {
  for (const std::string_view bad :
       {"\x08"sv, "\x08\x80"sv, "\x12\x05four"sv, "\x19\x01\x02"sv, "\x0d\x01\x02\x03"sv, "\x00"sv, "\x0b\x0c"sv,
        "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"sv, "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv}) {
    ProtobufReader reader(bad);
    EXPECT_FALSE(reader.Next());
    EXPECT_FALSE(reader.ok());
    EXPECT_FALSE(reader.Next());
  }
}

TEST(ProtobufReaderTest, ComesToAnEndWithAnyBytes) {
  std::mt19937 random(1);
  for (int i = 0; i < 100'000; ++i) {
    std::string bytes(random() % 64, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    ProtobufReader reader(bytes);
    size_t fields = 0;
    while (reader.Next()) ++fields;
    EXPECT_LE(fields, bytes.size());
  }
}

}  // namespace
}  // namespace brahe
