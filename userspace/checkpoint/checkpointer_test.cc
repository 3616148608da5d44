#include "userspace/checkpoint/checkpointer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <string>

#include "userspace/monitor/books_state.h"

namespace brahe::checkpoint {
namespace {

class CheckpointerTest : public testing::Test {
 protected:
  CheckpointerTest() { std::filesystem::create_directory(folder_); }
  ~CheckpointerTest() override { std::filesystem::remove_all(folder_); }

  // An epoch whose books have a pod with a name of so many bytes.
  static monitor::EpochState Epoch(uint64_t epoch, size_t bytes) {
    auto snapshot = std::make_shared<monitor::Snapshot>();
    snapshot->epoch = epoch;
    snapshot->time = Seconds(epoch);
    monitor::EpochState state{.snapshot = std::move(snapshot), .books = {}};
    monitor::PodState& pod = state.books.pods.emplace_back();
    pod.labels = std::make_shared<const monitor::PodLabels>(
        monitor::PodLabels{.id = "pod", .name = std::string(bytes, 'x'), .name_space = ""});
    return state;
  }
  // When the books that are kept ended; nullopt: none are.
  std::optional<Nanoseconds> KeptEnd() const {
    const auto stored = ReadCheckpointFile(folder_);
    if (!stored || !*stored) return std::nullopt;
    const auto checkpoint = ReadCheckpoint((*stored)->value);
    EXPECT_TRUE(checkpoint.has_value());
    if (!checkpoint) return std::nullopt;
    EXPECT_EQ(checkpoint->boot_id, "boot");
    EXPECT_EQ(checkpoint->version, "1.0");
    const auto books = monitor::ReadBooks(checkpoint->books);
    EXPECT_TRUE(books.has_value());
    return books ? std::optional(books->end) : std::nullopt;
  }
  std::unique_ptr<Checkpointer> Make() {
    auto file = CheckpointFile::Open(folder_, {.max_bytes = 1000});
    EXPECT_TRUE(file.has_value());
    return std::make_unique<Checkpointer>(*std::move(file), Checkpoint{.boot_id = "boot", .version = "1.0"});
  }

  const std::string folder_ = testing::TempDir() + "/checkpointer_test";
};

TEST_F(CheckpointerTest, SaysThatAnEpochIsKeptWhenItIs) {
  const auto keeper = Make();
  for (uint64_t epoch = 1; epoch <= 20; ++epoch) {
    std::atomic<bool> done = false;
    keeper->Keep(Epoch(epoch, 10), [&] {
      EXPECT_EQ(KeptEnd(), Seconds(epoch));
      done = true;
    });
    EXPECT_TRUE(keeper->WaitUntilKept(Seconds(1'000'000)));
    EXPECT_TRUE(done);
  }
  EXPECT_EQ(keeper->Figures().written, 20U);
  EXPECT_EQ(keeper->Figures().failed, 0U);
  EXPECT_GT(keeper->Figures().bytes, 0U);
}

TEST_F(CheckpointerTest, AnOlderStateIsMadeVoidWhereANewerOneCannotBeWritten) {
  const auto keeper = Make();
  int done = 0;
  const auto keep = [&](uint64_t epoch, size_t bytes) {
    keeper->Keep(Epoch(epoch, bytes), [&done] { ++done; });
    EXPECT_TRUE(keeper->WaitUntilKept(Seconds(1'000'000)));
  };
  keep(1, 10);
  EXPECT_EQ(KeptEnd(), Seconds(1));
  keep(2, 2000);
  EXPECT_EQ(KeptEnd(), std::nullopt);
  EXPECT_EQ(keeper->Figures().failed, 1U);
  keep(3, 10);
  EXPECT_EQ(KeptEnd(), Seconds(3));
  EXPECT_EQ(done, 3) << "figures are published all the same";
}

TEST_F(CheckpointerTest, WhatIsBeingKeptAtTheEndIsKept) {
  std::atomic<bool> done = false;
  {
    const auto keeper = Make();
    keeper->Keep(Epoch(7, 10), [&] { done = true; });
  }
  EXPECT_TRUE(done);
  EXPECT_EQ(KeptEnd(), Seconds(7));
}

}  // namespace
}  // namespace brahe::checkpoint
