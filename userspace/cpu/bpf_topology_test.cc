// The kernel side on machines with several sockets, and while CPUs come and go. Needs root.
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <set>
#include <string>
#include <thread>

#include "userspace/cpu/bpf_source_fixture.h"
#include "userspace/cpu/child_process.h"
#include "userspace/cpu/real_time.h"

namespace brahe::cpu {
namespace {

using BpfTopologyTest = BpfSourceTest;

// The highest online CPU of a socket.
uint32_t LastCpuOf(const CpuTopology& topology, uint32_t socket) {
  uint32_t last = 0;
  const std::vector<uint32_t> online = *ReadOnlineCpus("/sys");
  for (const uint32_t cpu : online) {
    if (topology.SocketOf(cpu) == socket) last = cpu;
  }
  return last;
}

TEST_F(BpfTopologyTest, BooksTimeOnTheSocketThatItWasUsedOn) {
  BpfSourceOptions options = Options();
  options.program.topology = *ReadCpuTopology("/sys");
  const std::vector<uint32_t>& sockets = options.program.topology.socket_of_cpu;
  if (std::set(sockets.begin(), sockets.end()).size() < 2) GTEST_SKIP() << "all CPUs are in one socket";
  Start(options);
  ChildProcess one([&] {
    StayOn(LastCpuOf(options.program.topology, 0));
    Burn(Milliseconds(300));
  });
  ChildProcess other([&] {
    StayOn(LastCpuOf(options.program.topology, 1));
    Burn(Milliseconds(300));
  });
  one.Wait();
  other.Wait();
  const CpuTimeEpoch epoch = NextEpoch();
  EXPECT_EQ(epoch.sockets.size(), 2U);
  std::map<std::pair<pid_t, uint32_t>, Nanoseconds> used;
  for (const TaskTime& task : epoch.tasks) used[{task.process.pid, task.socket}] += task.time;
  for (const auto& [child, socket] : {std::pair(&one, 0U), std::pair(&other, 1U)}) {
    const Nanoseconds here = used[{child->pid(), socket}], elsewhere = used[{child->pid(), 1 - socket}];
    EXPECT_GT(here, Milliseconds(200)) << "socket " << socket;
    EXPECT_LT(elsewhere, here / 10) << "the time before it was bound, socket " << socket;
  }
}

TEST(RecordCapacity, GrowsWithCpusAndSockets) {
  EXPECT_EQ(RecordCapacity(64, {0, 0}), 64U);
  EXPECT_EQ(RecordCapacity(0, {0, 0}), 65536U);
  EXPECT_EQ(RecordCapacity(0, {0, 0, 1, 1}), 131072U);
  EXPECT_EQ(RecordCapacity(0, std::vector<uint32_t>(512, 0)), 524288U);
  EXPECT_EQ(RecordCapacity(0, std::vector<uint32_t>(4096, 0)), 1048576U);
}

void SetOnline(uint32_t cpu, bool online) {
  std::ofstream("/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/online") << (online ? '1' : '0');
}

TEST_F(BpfTopologyTest, LosesNoTimeWhileCpusComeAndGo) {
  if (getenv("BRAHE_EMULATED") == nullptr) GTEST_SKIP() << "takes CPUs away, which only a machine of its own is for";
  const std::vector<uint32_t> online = *ReadOnlineCpus("/sys");
  ASSERT_GE(online.size(), 3U);
  Start(Options());
  cpus_come_and_go_ = true;
  std::atomic<bool> stop = false;
  size_t changes = 0;
  std::thread hotplug([&] {
    for (; !stop; ++changes) {
      const uint32_t cpu = online[1 + changes / 2 % (online.size() - 1)];
      SetOnline(cpu, changes % 2 == 1);
      SystemClock().SleepUntil(SystemClock().Now() + Milliseconds(100));
    }
  });
  std::thread load([] { RunChildren(brahe::Seconds(4), 8, [](size_t i) { Burn(Milliseconds(i % 5)); }); });
  const auto epochs = Epochs(brahe::Seconds(4), Milliseconds(90));
  load.join();
  stop = true;
  hotplug.join();
  for (const uint32_t cpu : online) SetOnline(cpu, true);
  EXPECT_GT(changes, 6U);
  EXPECT_EQ(source_->Stats().lost, Nanoseconds{0});
  for (const CpuTimeEpoch& epoch : epochs) {
    const Nanoseconds most = epoch.end - epoch.begin;
    for (const TaskTime& task : epoch.tasks) EXPECT_LE(task.time, most * 2) << task.process.pid;
  }

  // Once all are back the books balance again to the nanosecond.
  Epochs(Milliseconds(300), Milliseconds(100));
  EXPECT_EQ(*ReadOnlineCpus("/sys"), online);
  cpus_come_and_go_ = false;
  Epochs(brahe::Seconds(1), Milliseconds(100));
}

TEST_F(BpfTopologyTest, ChargesARealTimeTaskThatLetsNobodyElseRunInEachEpoch) {
  if (getenv("BRAHE_EMULATED") == nullptr) GTEST_SKIP() << "takes a CPU over, which only a machine of its own is for";
  const RealTimeUnbounded unbounded;
  Start(Options());
  const uint32_t cpu = ReadOnlineCpus("/sys")->back();
  ChildProcess burner([&] {
    StayOn(cpu);
    const sched_param priority = {.sched_priority = 50};
    if (sched_setscheduler(0, SCHED_FIFO, &priority) != 0) _exit(1);
    while (true) {
    }
  });
  Epochs(Milliseconds(200), Milliseconds(100));
  const auto epochs = Epochs(brahe::Seconds(1), Milliseconds(100));
  burner.Kill();
  for (const CpuTimeEpoch& epoch : epochs) {
    EXPECT_GT(TimeOf({epoch}, burner.pid()).value, (epoch.end - epoch.begin).value / 10 * 9);
  }
}

}  // namespace
}  // namespace brahe::cpu
