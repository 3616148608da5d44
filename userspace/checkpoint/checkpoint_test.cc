#include "userspace/checkpoint/checkpoint.h"

#include <gtest/gtest.h>

#include <random>

#include "userspace/base/protobuf_reader.h"

namespace brahe::checkpoint {
namespace {

std::string Written(const Checkpoint& checkpoint) {
  std::string message;
  ProtobufWriter writer(message);
  WriteCheckpoint(checkpoint, writer);
  return message;
}

std::string ErrorOf(std::string_view message) {
  const auto read = ReadCheckpoint(message);
  return read ? "" : read.error().message;
}

std::string RandomText(std::mt19937_64& random) {
  std::string text(random() % 40, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

void ExpectSame(const Checkpoint& a, const Checkpoint& b) {
  EXPECT_EQ(a.boot_id, b.boot_id);
  EXPECT_EQ(a.unix_ms, b.unix_ms);
  EXPECT_EQ(a.monotonic, b.monotonic);
  EXPECT_EQ(a.version, b.version);
  EXPECT_EQ(a.revision, b.revision);
  EXPECT_EQ(a.books, b.books);
  EXPECT_EQ(a.meters, b.meters);
  EXPECT_EQ(a.source, b.source);
  EXPECT_EQ(a.split, b.split);
  EXPECT_EQ(a.gpus, b.gpus);
  EXPECT_EQ(a.cards, b.cards);
}

TEST(CheckpointTest, WhatIsWrittenIsRead) {
  std::mt19937_64 random(17);
  for (int i = 0; i < 200; ++i) {
    const Checkpoint checkpoint = {.boot_id = "boot" + RandomText(random),
                                   .unix_ms = random(),
                                   .monotonic = {random()},
                                   .version = RandomText(random),
                                   .revision = RandomText(random),
                                   .books = RandomText(random),
                                   .meters = RandomText(random),
                                   .source = RandomText(random),
                                   .split = RandomText(random),
                                   .gpus = RandomText(random),
                                   .cards = RandomText(random)};
    const auto read = ReadCheckpoint(Written(checkpoint));
    ASSERT_TRUE(read) << read.error().message;
    ExpectSame(*read, checkpoint);
  }
}

TEST(CheckpointTest, FieldsThatNobodyKnowsAreSkipped) {
  std::string message = Written({.boot_id = "boot", .books = "books"});
  ProtobufWriter writer(message);
  writer.Uint(7, 1);
  writer.Bytes(21, "new");
  writer.Fixed64(2000, 3);
  const auto read = ReadCheckpoint(message);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->books, "books");
}

TEST(CheckpointTest, SaysWhatIsWrong) {
  std::string newer = Written({.boot_id = "boot"});
  ProtobufWriter(newer).Uint(1, 2);
  EXPECT_EQ(ErrorOf(newer), "the checkpoint: layout 2 is of a newer release, this one reads 1");
  std::string cut = Written({.boot_id = "boot", .gpus = "gpus"});
  cut.pop_back();
  EXPECT_EQ(ErrorOf(cut), "the checkpoint: not a message, or cut off");
  EXPECT_EQ(ErrorOf(""), "the checkpoint: layout is missing");
  EXPECT_EQ(ErrorOf(Written({.books = "books"})), "the checkpoint: boot_id is missing");
}

}  // namespace
}  // namespace brahe::checkpoint
