#include "userspace/cpu/socket_books.h"

#include <gtest/gtest.h>

#include "userspace/base/temp_tree.h"

namespace brahe::cpu {
namespace {

CpuTimeEpoch EpochWith(uint32_t socket, uint64_t used_ns) {
  CpuTimeEpoch epoch;
  epoch.begin = {1000};
  epoch.end = {2000};
  epoch.tasks.push_back({{1, 1}, 0, socket, {used_ns}});
  return epoch;
}

void ExpectBalanced(const CpuTimeEpoch& epoch) {
  for (const SocketTime& socket : epoch.sockets) {
    uint64_t used = 0;
    for (const TaskTime& task : epoch.tasks) used += task.socket == socket.socket ? task.time.value : 0;
    for (const UnassignedTime& time : epoch.unassigned) used += time.socket == socket.socket ? time.time.value : 0;
    EXPECT_EQ((socket.capacity - socket.idle).value, used) << socket.socket;
  }
}

TEST(CloseSockets, WhatIsMissingToTheCapacityWasUsedBySomebody) {
  CpuTimeEpoch epoch = EpochWith(3, 600);
  EXPECT_EQ(CloseSockets({{3, {1000, 300, 0}}}, true, epoch), Nanoseconds{100});
  ASSERT_EQ(epoch.unassigned.size(), 1U);
  EXPECT_EQ(epoch.unassigned[0].time, Nanoseconds{100});
  ASSERT_EQ(epoch.sockets.size(), 1U);
  EXPECT_EQ(epoch.sockets[0].capacity, Nanoseconds{1000});
  EXPECT_EQ(epoch.sockets[0].idle, Nanoseconds{300});
  ExpectBalanced(epoch);
}

TEST(CloseSockets, WhatIsTooMuchWasNotIdle) {
  CpuTimeEpoch epoch = EpochWith(0, 600);
  EXPECT_EQ(CloseSockets({{0, {1000, 500, 0}}}, true, epoch), Nanoseconds{100});
  EXPECT_EQ(epoch.sockets[0].idle, Nanoseconds{400});
  EXPECT_EQ(epoch.sockets[0].capacity, Nanoseconds{1000});
  ExpectBalanced(epoch);
}

TEST(CloseSockets, WhatWasUsedIsCapacity) {
  CpuTimeEpoch epoch = EpochWith(0, 1600);
  EXPECT_EQ(CloseSockets({{0, {1000, 500, 10}}}, true, epoch), Nanoseconds{1110});
  EXPECT_EQ(epoch.sockets[0].capacity, Nanoseconds{1610});
  EXPECT_EQ(epoch.sockets[0].idle, Nanoseconds{0});
  ExpectBalanced(epoch);
}

TEST(CloseSockets, ACapacityThatIsNotKnownIsWhatWasCounted) {
  CpuTimeEpoch epoch = EpochWith(0, 100);
  EXPECT_EQ(CloseSockets({{0, {1000, 500, 0}}}, false, epoch), Nanoseconds{0});
  EXPECT_EQ(epoch.sockets[0].capacity, Nanoseconds{600});
  EXPECT_EQ(epoch.sockets[0].idle, Nanoseconds{500});
  ExpectBalanced(epoch);
}

TEST(CloseSockets, ASocketThatOnlyTasksSpeakOfIsWhollyBusy) {
  CpuTimeEpoch epoch = EpochWith(5, 100);
  (void)CloseSockets({}, true, epoch);
  ASSERT_EQ(epoch.sockets.size(), 1U);
  EXPECT_EQ(epoch.sockets[0].socket, 5U);
  EXPECT_EQ(epoch.sockets[0].capacity, Nanoseconds{100});
  ExpectBalanced(epoch);
}

TEST(SocketBooksTest, ACpuThatIsOfflineHasNoCapacityAndNoIdleTime) {
  TempTree tree;
  tree.Write("devices/system/cpu/online", "0\n");
  SocketBooks books({0, 0, 1}, tree.path());
  const auto close = [&] {
    CpuTimeEpoch epoch = EpochWith(0, 200);
    books.NoteOnlineCpus();
    books.AddIdle(0, 800);
    books.AddOpenIdle(1, 1000);
    books.AddOpenIdle(2, 1000);
    EXPECT_EQ(books.Close(true, epoch), Nanoseconds{0});
    return epoch;
  };
  close();  // they may have been online at its begin
  const CpuTimeEpoch epoch = close();
  ASSERT_EQ(epoch.sockets.size(), 1U);
  EXPECT_EQ(epoch.sockets[0].capacity, Nanoseconds{1000});
  EXPECT_EQ(epoch.sockets[0].idle, Nanoseconds{800});
}

}  // namespace
}  // namespace brahe::cpu
