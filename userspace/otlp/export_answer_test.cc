#include "userspace/otlp/export_answer.h"

#include <gtest/gtest.h>

#include "userspace/base/protobuf_writer.h"

namespace brahe::otlp {
namespace {

std::string Partial(uint64_t rejected, std::string_view message) {
  std::string body;
  ProtobufWriter(body).Message(1, [&](ProtobufWriter& partial) {
    if (rejected > 0) partial.Uint(1, rejected);
    if (!message.empty()) partial.Bytes(2, message);
  });
  return body;
}

TEST(ExportAnswerTest, NothingAndEmptyMessagesAreSuccess) {
  for (const std::string& body :
       {std::string(), Partial(0, ""), std::string("{}"), std::string("{\"partialSuccess\": {}}\n")}) {
    const auto answer = ReadExportAnswer(body);
    ASSERT_TRUE(answer) << body;
    EXPECT_EQ(answer->rejected_points, 0U);
    EXPECT_EQ(answer->message, "");
  }
}

TEST(ExportAnswerTest, TellsOfRejectedPoints) {
  std::string body = Partial(300, "out of order");
  ProtobufWriter(body).Fixed64(9, 1);  // what a later release may add
  ProtobufWriter(body).Bytes(10, "x");
  const auto answer = ReadExportAnswer(body);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->rejected_points, 300U);
  EXPECT_EQ(answer->message, "out of order");
  EXPECT_EQ(ReadExportAnswer(Partial(~uint64_t{0}, ""))->rejected_points, 0U) << "-1";
}

TEST(ExportAnswerTest, WhatIsNoMessageIsNone) {
  const std::string whole = Partial(300, "out of order");
  for (const std::string& body : {std::string("<html>hello</html>"), std::string("ok\n"), std::string("{\"a\":1}"),
                                  std::string(11, '\xff'), std::string("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
                                  std::string("\x08\x01"), std::string("\x00\x01", 2)}) {
    EXPECT_FALSE(ReadExportAnswer(body)) << body;
  }
  for (size_t size = 1; size < whole.size(); ++size) EXPECT_FALSE(ReadExportAnswer(whole.substr(0, size))) << size;
}

TEST(MessageOfStatusTest, IsThatOfAStatusOnly) {
  std::string body;
  ProtobufWriter(body).Uint(1, 3);
  ProtobufWriter(body).Bytes(2, "bad data");
  EXPECT_EQ(MessageOfStatus(body), "bad data");
  EXPECT_EQ(MessageOfStatus("Forbidden"), "");
  EXPECT_EQ(MessageOfStatus(""), "");
}

}  // namespace
}  // namespace brahe::otlp
