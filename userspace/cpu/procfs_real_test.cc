#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>

#include "userspace/cpu/child_process.h"
#include "userspace/cpu/procfs_cpu_time_source.h"

namespace brahe::cpu {
namespace {

Nanoseconds TimeOf(const CpuTimeEpoch& epoch, pid_t pid) {
  Nanoseconds sum;
  for (const TaskTime& task : epoch.tasks) {
    if (task.process.pid == static_cast<uint32_t>(pid)) sum += task.time;
  }
  return sum;
}

TEST(ProcfsRealTest, AChildIsChargedWhatItUsedAndTheBooksBalance) {
  ProcfsSourceOptions options;
  options.topology = *ReadCpuTopology("/sys");
  const auto hierarchy = FindCgroupHierarchy("/proc");
  if (hierarchy) options.hierarchy = *hierarchy;
  const auto made = MakeProcfsCpuTimeSource(options, SystemClock());
  ASSERT_TRUE(made) << made.error().message;
  CpuTimeSource& source = **made;

  const ChildProcess child([] {
    Burn(Milliseconds(300));
    raise(SIGSTOP);
  });
  int status = 0;
  ASSERT_EQ(waitpid(child.pid(), &status, WUNTRACED), child.pid());
  ASSERT_TRUE(source.Cut());
  const auto epoch = source.Collect();
  ASSERT_TRUE(epoch) << epoch.error().message;

  const Nanoseconds used = TimeOf(*epoch, child.pid());
  EXPECT_GE(used, Milliseconds(260));
  EXPECT_LE(used, Milliseconds(340));
  EXPECT_EQ(epoch->cgroups.empty(), !hierarchy);
  for (const SocketTime& socket : epoch->sockets) {
    Nanoseconds spent;
    for (const TaskTime& task : epoch->tasks) {
      if (task.socket == socket.socket) spent += task.time;
    }
    for (const UnassignedTime& time : epoch->unassigned) {
      if (time.socket == socket.socket) spent += time.time;
    }
    EXPECT_EQ(spent, socket.capacity - socket.idle);
  }
}

}  // namespace
}  // namespace brahe::cpu
