#include "userspace/base/protobuf_writer.h"

#include <gtest/gtest.h>

#include <limits>

namespace brahe {
namespace {

using std::string_literals::operator""s;

// The examples are those of the public description of the encoding.
TEST(ProtobufWriterTest, WritesEachKindOfField) {
  std::string out;
  ProtobufWriter writer(out);
  writer.Uint(1, 150);
  EXPECT_EQ(out, "\x08\x96\x01");
  out.clear();
  writer.Bytes(2, "testing");
  EXPECT_EQ(out, "\x12\x07testing");
  out.clear();
  for (const int64_t value : {0, -1, 1, -2}) writer.Sint(16, value);
  EXPECT_EQ(out, "\x80\x01\x00\x80\x01\x01\x80\x01\x02\x80\x01\x03"s);
  out.clear();
  writer.Sint(1, std::numeric_limits<int64_t>::min());
  EXPECT_EQ(out, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s);
  out.clear();
  writer.Fixed64(3, 0x0102030405060708);
  writer.Double(4, 1.5);
  EXPECT_EQ(out, "\x19\x08\x07\x06\x05\x04\x03\x02\x01\x21\x00\x00\x00\x00\x00\x00\xf8\x3f"s);
}

TEST(ProtobufWriterTest, PutsTheLengthBeforeAMessageOfAnySize) {
  for (const size_t size : {0, 1, 124, 125, 126, 127, 128, 16380, 16381, 20000, 3000000}) {
    const std::string text(size, 'x');
    std::string body;
    ProtobufWriter(body).Bytes(5, text);
    std::string expected = "before";
    ProtobufWriter(expected).Bytes(7, body);
    std::string out = "before";
    ProtobufWriter(out).Message(7, [&](ProtobufWriter& writer) { writer.Bytes(5, text); });
    EXPECT_EQ(out, expected) << size;
  }
}

TEST(ProtobufWriterTest, NestsMessages) {
  std::string out;
  ProtobufWriter(out).Message(1, [](ProtobufWriter& outer) {
    outer.Message(2, [](ProtobufWriter& inner) { inner.Uint(3, 1); });
    outer.Uint(4, 2);
  });
  EXPECT_EQ(out, "\x0a\x06\x12\x02\x18\x01\x20\x02");
}

}  // namespace
}  // namespace brahe
