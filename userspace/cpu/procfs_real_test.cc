#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <optional>
#include <vector>

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

TEST(ProcfsRealTest, AProcessThatBecomesAnotherUsersIsToldWithItsNewUser) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  ProcfsSourceOptions options;
  options.topology = *ReadCpuTopology("/sys");
  const auto made = MakeProcfsCpuTimeSource(options, SystemClock());
  ASSERT_TRUE(made) << made.error().message;
  const ChildProcess child([] {
    for (const uid_t uid : {0U, 0U, 12345U, 12345U}) {
      (void)setresuid(uid, uid, uid);
      Burn(Milliseconds(50));
      raise(SIGSTOP);
    }
  });
  std::vector<std::optional<uint32_t>> users;
  for (int epoch = 0; epoch < 4; ++epoch) {
    int status = 0;
    ASSERT_EQ(waitpid(child.pid(), &status, WUNTRACED), child.pid());
    ASSERT_TRUE((*made)->Cut());
    const auto collected = (*made)->Collect();
    ASSERT_TRUE(collected) << collected.error().message;
    for (const ProcessName& name : collected->names) {
      if (name.process.pid == static_cast<uint32_t>(child.pid())) users.push_back(name.uid);
    }
    kill(child.pid(), SIGCONT);
  }
  EXPECT_EQ(users, (std::vector<std::optional<uint32_t>>{std::nullopt, 12345U}));
}

}  // namespace
}  // namespace brahe::cpu
