#include "userspace/top/recording.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "userspace/base/temp_tree.h"

namespace brahe::top {
namespace {

using testing::HasSubstr;

constexpr uint64_t kNoLimit = 1'000'000;
constexpr char kHead[] = "{\"recording\":\"brahe top\",\"version\":1}\n";

class RecordingTest : public testing::Test {
 protected:
  std::string path() const { return tree_.At("recording"); }
  void Write(const std::string& text) { tree_.Write("recording", text); }
  std::string ErrorOfOpen() const {
    const auto recording = Recording::Open(path());
    return recording ? "" : recording.error().message;
  }

  TempTree tree_;
};

TEST_F(RecordingTest, GivesBackWhatWasWrittenALineEach) {
  auto writer = RecordingWriter::Create(path(), kNoLimit);
  ASSERT_TRUE(writer) << writer.error().message;
  ASSERT_TRUE(writer->Add("{\"a\":\n[1,\r\n2]}\n"));
  ASSERT_TRUE(writer->Add("{\"a\":\"\\n\"}"));
  EXPECT_EQ(*ReadFile(path()), std::string(kHead) + "{\"a\":[1,2]}\n{\"a\":\"\\n\"}\n");
  const auto recording = Recording::Open(path());
  ASSERT_TRUE(recording) << recording.error().message;
  ASSERT_EQ(recording->frames(), 2U);
  EXPECT_EQ(*recording->Document(0), "{\"a\":[1,2]}\n");
  EXPECT_EQ(*recording->Document(1), "{\"a\":\"\\n\"}\n");
}

TEST_F(RecordingTest, IsForItsOwnerAndNeverInThePlaceOfAnother) {
  ASSERT_TRUE(RecordingWriter::Create(path(), kNoLimit));
  struct stat status = {};
  ASSERT_EQ(stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  const auto again = RecordingWriter::Create(path(), kNoLimit);
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message, HasSubstr("File exists; give another name, or remove it"));
}

TEST_F(RecordingTest, EndsAtItsLimitWithWholeFrames) {
  auto writer = RecordingWriter::Create(path(), sizeof kHead - 1 + 20);
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->Add("{\"n\":1}"));
  ASSERT_TRUE(writer->Add("{\"n\":2}"));
  EXPECT_FALSE(writer->is_full());
  ASSERT_TRUE(writer->Add("{\"n\":3}"));
  EXPECT_TRUE(writer->is_full());
  ASSERT_TRUE(writer->Add("{}"));  // it would fit
  EXPECT_EQ(Recording::Open(path())->frames(), 2U);
  EXPECT_EQ(writer->size(), ReadFile(path())->size());
}

TEST_F(RecordingTest, WhatWasBrokenOffIsLeftOut) {
  Write(std::string(kHead) + "{\"n\":1}\n{\"n\":");
  const auto recording = Recording::Open(path());
  ASSERT_TRUE(recording);
  EXPECT_EQ(recording->frames(), 1U);
}

TEST_F(RecordingTest, WhatIsNoneIsAnError) {
  EXPECT_THAT(ErrorOfOpen(), HasSubstr("No such file"));
  for (const char* text : {"", "\n", "{}\n{}\n", "{\"recording\":\"brahe top\",\"version\":1}"}) {
    Write(text);
    EXPECT_THAT(ErrorOfOpen(), HasSubstr("no recording of brahe top's")) << text;
  }
  Write("{\"recording\":\"brahe top\",\"version\":2}\n{}\n");
  EXPECT_THAT(ErrorOfOpen(), HasSubstr("recorded by another version of brahe"));
  Write(kHead);
  EXPECT_THAT(ErrorOfOpen(), HasSubstr("the recording has no frame"));
}

TEST_F(RecordingTest, AFileThatBecomesShorterIsAnErrorAndNoCrash) {
  Write(std::string(kHead) + "{\"n\":1}\n{\"n\":2}\n");
  const auto recording = Recording::Open(path());
  ASSERT_TRUE(recording);
  Write(kHead);
  EXPECT_FALSE(recording->Document(1));
}

}  // namespace
}  // namespace brahe::top
