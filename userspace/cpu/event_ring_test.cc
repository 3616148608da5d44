#include "userspace/cpu/event_ring.h"

#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "userspace/base/file.h"

namespace brahe::cpu {
namespace {

// A file that looks like the kernel's ring: a page for the reader's position, one for the writer's, and the records.
class EventRingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    page_ = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    fd_.Reset(memfd_create("ring", 0));
    ASSERT_EQ(ftruncate(fd_.get(), static_cast<off_t>(3 * page_)), 0);
    void* const memory = mmap(nullptr, 3 * page_, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0);
    ASSERT_NE(memory, MAP_FAILED);
    memory_ = static_cast<char*>(memory);
    auto ring = EventRing::Map(fd_.get(), page_);
    ASSERT_TRUE(ring) << ring.error().message;
    ring_ = *std::move(ring);
  }
  void TearDown() override { munmap(memory_, 3 * page_); }

  uint64_t& consumer() { return *reinterpret_cast<uint64_t*>(memory_); }
  uint64_t& producer() { return *reinterpret_cast<uint64_t*>(memory_ + page_); }
  void WriteAt(uint64_t position, const void* data, size_t size) {
    for (size_t i = 0; i < size; ++i) {
      memory_[2 * page_ + (position + i) % page_] = static_cast<const char*>(data)[i];
    }
  }
  void Write(const std::string& record, uint32_t flags = 0) {
    const std::array<uint32_t, 2> header = {static_cast<uint32_t>(record.size()) | flags, 0};
    WriteAt(producer(), header.data(), sizeof header);
    WriteAt(producer() + sizeof header, record.data(), record.size());
    producer() += (sizeof header + record.size() + 7) / 8 * 8;
  }
  std::vector<std::string> Read(size_t room = 256) {
    std::vector<std::string> records;
    std::string buffer(room, '\0');
    ring_.Consume(buffer, [&](size_t size) { records.push_back(buffer.substr(0, size)); });
    return records;
  }

  size_t page_ = 0;
  UniqueFd fd_;
  char* memory_ = nullptr;
  EventRing ring_;
};

using Records = std::vector<std::string>;

TEST_F(EventRingTest, HandsOverWhatWaitsInOrderAndOnce) {
  Write("one");
  Write("another, longer");
  EXPECT_EQ(Read(), (Records{"one", "another, longer"}));
  EXPECT_EQ(Read(), Records{});
  EXPECT_EQ(consumer(), producer());
}

TEST_F(EventRingTest, PutsTogetherARecordThatGoesRoundTheEnd) {
  for (int i = 0; i < 1000; ++i) {
    const std::string record = "record " + std::to_string(i) + std::string(i % 50, '.');
    Write(record);
    ASSERT_EQ(Read(), Records{record});
  }
  EXPECT_GT(producer(), 5 * page_);
}

TEST_F(EventRingTest, WaitsForARecordThatIsBeingWritten) {
  Write("one");
  const uint64_t position = producer();
  Write("two", BPF_RINGBUF_BUSY_BIT);
  Write("three");
  EXPECT_EQ(Read(), Records{"one"});
  EXPECT_EQ(Read(), Records{});
  const uint32_t length = 3;
  WriteAt(position, &length, sizeof length);
  EXPECT_EQ(Read(), (Records{"two", "three"}));
}

TEST_F(EventRingTest, LeavesOutWhatWasDiscarded) {
  Write("never mind", BPF_RINGBUF_DISCARD_BIT);
  Write("two");
  EXPECT_EQ(Read(), Records{"two"});
}

TEST_F(EventRingTest, CutsARecordThatIsLargerThanItsBuffer) {
  Write("longer than four");
  Write("x");
  EXPECT_EQ(Read(4), (Records{"long", "x"}));
}

}  // namespace
}  // namespace brahe::cpu
