// The kernel side, live on the kernel that this test runs on. Needs root.
#include "userspace/cpu/bpf_cpu_time_source.h"

#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "userspace/base/file.h"
#include "userspace/cpu/bpf_source_fixture.h"
#include "userspace/cpu/child_process.h"

namespace brahe::cpu {
namespace {

using BpfCpuTimeSourceTest = BpfSourceTest;

// Switches as often as a machine can: two threads that wake each other through pipes.
void PingPong(Nanoseconds duration) {
  int there[2], back[2];
  if (pipe(there) != 0 || pipe(back) != 0) return;
  std::thread echo([&] {
    char byte;
    while (read(there[0], &byte, 1) == 1 && byte != 0 && write(back[1], &byte, 1) == 1) {
    }
  });
  const Nanoseconds end = SystemClock().Now() + duration;
  char byte = 1;
  while (SystemClock().Now() < end && write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1) {
  }
  byte = 0;
  (void)!write(there[1], &byte, 1);
  echo.join();
}

TEST_F(BpfCpuTimeSourceTest, LosesNoNanosecondUnderAForkHeavyLoad) {
  Start(Options());
  std::thread forks([] { RunChildren(brahe::Seconds(4), 8, [](size_t i) { Burn(Milliseconds(i % 3)); }); });
  std::thread switches([] { ChildProcess([] { PingPong(brahe::Seconds(4)); }).Wait(); });
  const auto epochs = Epochs(brahe::Seconds(4), Milliseconds(37));
  forks.join();
  switches.join();
  for (const CpuTimeEpoch& epoch : epochs) {
    EXPECT_TRUE(epoch.unassigned.empty());
  }
  EXPECT_EQ(source_->Stats().conservation_error, Nanoseconds{0});
  EXPECT_EQ(source_->Stats().lost, Nanoseconds{0});
  EXPECT_LT(source_->Stats().late_cuts * 4, epochs.size());
  EXPECT_GT(source_->Stats().switches, 1000U);
}

// Threads of one process that wake each other across all CPUs, on a machine whose CPUs share their process' record: an
// addition that is not atomic loses some of it.
TEST_F(BpfCpuTimeSourceTest, LosesNoNanosecondOfThreadsThatShareARecord) {
  if (ReadOnlineCpus("/sys")->size() < 2) GTEST_SKIP() << "one CPU";
  BpfSourceOptions options = Options();
  options.program.topology = *ReadCpuTopology("/sys");
  Start(options);
  ChildProcess child([] {
    std::vector<std::thread> pairs;
    for (int i = 0; i < 4; ++i) pairs.emplace_back([] { PingPong(brahe::Seconds(4)); });
    for (std::thread& pair : pairs) pair.join();
  });
  Epochs(brahe::Seconds(4), Milliseconds(50));
  child.Wait();
  EXPECT_GT(source_->Stats().switches, 10'000U);
  EXPECT_EQ(source_->Stats().conservation_error, Nanoseconds{0});
}

TEST_F(BpfCpuTimeSourceTest, KeepsCgroupsExactWhenTheProcessTableIsFull) {
  BpfSourceOptions options = Options();
  options.program.max_processes = 64;
  Start(options);
  std::thread forks([] { RunChildren(brahe::Seconds(2), 40, [](size_t) { Burn(Milliseconds(1)); }); });
  const auto epochs = Epochs(brahe::Seconds(2), Milliseconds(50));
  forks.join();
  Nanoseconds overflowed;
  for (const CpuTimeEpoch& epoch : epochs) {
    for (const UnassignedTime& time : epoch.unassigned) {
      EXPECT_NE(time.cgroup_id, 0U);
      overflowed += time.time;
    }
  }
  EXPECT_GT(overflowed, Milliseconds(10));
  EXPECT_EQ(source_->Stats().conservation_error, Nanoseconds{0});
  EXPECT_EQ(source_->Stats().lost, Nanoseconds{0});
  EXPECT_GT(source_->Stats().overflow_entries, 0U);
  EXPECT_EQ(source_->Stats().map_capacity, 64U);
}

TEST_F(BpfCpuTimeSourceTest, ChargesAJobThatLivesAndDiesBetweenTwoCuts) {
  Start(Options());
  std::map<pid_t, Nanoseconds> used;
  std::multiset<uint32_t> ended;
  const auto note_ended = [&](const CpuTimeEpoch& epoch) {
    for (const ProcessKey& process : epoch.ended) ended.insert(process.pid);
  };
  CompareWithTheKernel([&] {
    note_ended(NextEpoch());
    used.clear();
    for (int i = 0; i < 20; ++i) {
      ChildProcess job([i] { Burn(Milliseconds(5 + i % 15)); });
      used[job.pid()] = job.Wait();
    }
    const CpuTimeEpoch epoch = NextEpoch();
    note_ended(epoch);
    Nanoseconds charged, total;
    for (const auto& [pid, time] : used) {
      charged += TimeOf({epoch}, pid);
      total += time;
      // Wide, because a sandbox may hide some switches: such a gap is split by estimate.
      EXPECT_NEAR(Seconds(TimeOf({epoch}, pid)), Seconds(time), Tolerance(0.005)) << pid;
    }
    EXPECT_NEAR(Seconds(charged) / Seconds(total), 1, Tolerance(0.02));
  });

  // A process is freed a grace period after its parent has taken note of its end, and reported once.
  const auto all_ended = [&] {
    return std::ranges::all_of(used, [&](auto& job) { return ended.contains(job.first); });
  };
  for (int i = 0; i < 1000 && !all_ended(); ++i) note_ended(NextEpoch());
  for (const auto& [pid, time] : used) EXPECT_EQ(ended.count(pid), 1U) << pid;
}

TEST_F(BpfCpuTimeSourceTest, FoldsThreadsIntoTheirProcess) {
  Start(Options());
  CompareWithTheKernel([&] {
    ChildProcess child([] {
      std::vector<std::thread> threads;
      for (int i = 0; i < 8; ++i) {
        threads.emplace_back([i] {
          if (i < 4) PingPong(Milliseconds(400));
          Burn(Milliseconds(40));
        });
      }
      for (std::thread& thread : threads) thread.join();
    });
    const Nanoseconds used = child.Wait();
    const std::vector<CpuTimeEpoch> epochs = {NextEpoch()};
    EXPECT_NEAR(Seconds(TimeOf(epochs, child.pid())) / Seconds(used), 1.0, Tolerance(0.02));
    std::set<ProcessKey> keys;
    for (const TaskTime& task : epochs[0].tasks) {
      if (task.process.pid == static_cast<uint32_t>(child.pid())) keys.insert(task.process);
    }
    EXPECT_EQ(keys.size(), 1U) << "one process, whatever the number of its threads";
  });
}

TEST_F(BpfCpuTimeSourceTest, KeepsTheProcessAcrossExecAndLearnsItsNewName) {
  Start(Options());
  ChildProcess child([] {
    Burn(Milliseconds(10));
    execl("/bin/sleep", "sleep", "0.01", nullptr);
  });
  child.Wait();
  SystemClock().SleepUntil(SystemClock().Now() + Milliseconds(200));
  const CpuTimeEpoch epoch = NextEpoch();
  std::set<ProcessKey> keys;
  for (const TaskTime& task : epoch.tasks) {
    if (task.process.pid == static_cast<uint32_t>(child.pid())) keys.insert(task.process);
  }
  ASSERT_EQ(keys.size(), 1U);
  std::string comm, path;
  for (const ProcessName& name : epoch.names) {
    if (name.process != *keys.begin()) continue;
    comm = name.comm;
    if (!name.exec_path.empty()) path = name.exec_path;
  }
  EXPECT_EQ(comm, "sleep");
  EXPECT_EQ(path, "/bin/sleep");
}

// The users that are told of a process, in order, each once in a row.
std::string UsersOf(pid_t pid, const std::vector<CpuTimeEpoch>& epochs) {
  std::string users;
  std::optional<uint32_t> last;
  for (const CpuTimeEpoch& epoch : epochs) {
    for (const ProcessName& name : epoch.names) {
      if (name.process.pid != static_cast<uint32_t>(pid) || name.uid == last) continue;
      last = name.uid;
      users += (last ? std::to_string(*last) : "unknown") + " ";
    }
  }
  return users;
}

constexpr uid_t kSomebody = 12345, kSomebodyElse = 23456;

TEST_F(BpfCpuTimeSourceTest, KnowsTheUserOfAProcessThatLivesForMilliseconds) {
  Start(Options());
  ChildProcess root([] { Burn(Milliseconds(2)); });
  root.Wait();
  ChildProcess set([] { (void)setresuid(kSomebody, kSomebody, kSomebody), Burn(Milliseconds(2)); });
  set.Wait();
  ChildProcess executed([] {
    (void)setresuid(kSomebody, kSomebody, kSomebody);
    execl("/bin/true", "true", nullptr);
  });
  executed.Wait();
  ChildProcess effective([] { (void)setresuid(kSomebody, 0, 0), Burn(Milliseconds(2)); });
  effective.Wait();
  // The kernel may make a process rest before it becomes another user's, and frees it a grace period after its end.
  const std::vector<CpuTimeEpoch> epochs = EpochsUntilEnded({root.pid(), set.pid(), executed.pid(), effective.pid()});
  const auto became = [](const std::string& users) { return users == "12345 " || users == "0 12345 "; };
  EXPECT_EQ(UsersOf(root.pid(), epochs), "0 ");
  EXPECT_PRED1(became, UsersOf(set.pid(), epochs));
  EXPECT_PRED1(became, UsersOf(executed.pid(), epochs));
  EXPECT_PRED1(became, UsersOf(effective.pid(), epochs)) << "the real one, not the effective one";
}

TEST_F(BpfCpuTimeSourceTest, SeesWithinAnEpochThatARunningProcessHasBecomeAnotherUsers) {
  Start(Options());
  std::array<int, 2> orders = {}, answers = {};
  ASSERT_EQ(pipe(orders.data()), 0);
  ASSERT_EQ(pipe(answers.data()), 0);
  ChildProcess child([&] {
    // Its first slice on another socket would be told of, as each first one is.
    StayOn(0);
    char order = 0;
    while (read(orders[0], &order, 1) == 1) {
      if (order == 'a') (void)setresuid(kSomebody, 0, 0);
      if (order == 'b') (void)setresuid(kSomebodyElse, 0, 0);
      // A slice ends at each sleep.
      for (int i = 0; i < 40; ++i) Burn(Milliseconds(1)), usleep(5'000);
      if (write(answers[1], &order, 1) != 1) return;
    }
  });
  // Waits for the child however slow the machine is: an emulated one takes seconds at times.
  const auto turn = [&](char order) {
    EXPECT_EQ(write(orders[1], &order, 1), 1);
    EXPECT_EQ(read(answers[0], &order, 1), 1);
    return NextEpoch();
  };
  // The first turn of the two may still show the user before.
  const std::vector<CpuTimeEpoch> epochs = {turn('0'), turn('a'), turn('a'), turn('b'), turn('b'), turn('b')};
  EXPECT_EQ(UsersOf(child.pid(), epochs), "0 12345 23456 ");
  size_t told = 0;
  for (const ProcessName& name : epochs.back().names) told += name.process.pid == static_cast<uint32_t>(child.pid());
  EXPECT_EQ(told, 0U) << "what has not changed is not told";
  child.Kill();
  for (const int fd : {orders[0], orders[1], answers[0], answers[1]}) close(fd);
}

// Forks until the child has `pid`, with the kernel told to take it next.
std::optional<ChildProcess> ChildWithPid(pid_t pid, const std::function<void()>& work) {
  for (int attempt = 0; attempt < 50; ++attempt) {
    std::ofstream("/proc/sys/kernel/ns_last_pid") << pid - 1;
    ChildProcess child([&] {
      if (getpid() == pid) work();
    });
    if (child.pid() == pid) return child;
    child.Wait();
  }
  return std::nullopt;
}

TEST_F(BpfCpuTimeSourceTest, TellsAReusedPidFromTheProcessBefore) {
  if (access("/proc/sys/kernel/ns_last_pid", W_OK) != 0) GTEST_SKIP() << "no ns_last_pid";
  Start(Options());
  CompareWithTheKernel([&] {
    ChildProcess first([] { Burn(Milliseconds(30)); });
    const pid_t pid = first.pid();
    const Nanoseconds first_used = first.Wait();
    std::vector<CpuTimeEpoch> epochs = {NextEpoch()};
    auto second = ChildWithPid(pid, [] { Burn(Milliseconds(60)); });
    ASSERT_TRUE(second) << "pid " << pid << " could not be had again";
    const Nanoseconds second_used = second->Wait();
    epochs.push_back(NextEpoch());
    std::map<ProcessKey, Nanoseconds> lives;
    for (const CpuTimeEpoch& epoch : epochs) {
      for (const TaskTime& task : epoch.tasks) {
        if (task.process.pid == static_cast<uint32_t>(pid)) lives[task.process] += task.time;
      }
    }
    ASSERT_EQ(lives.size(), 2U);
    EXPECT_NEAR(Seconds(lives.begin()->second), Seconds(first_used), Tolerance(0.005));
    EXPECT_NEAR(Seconds(lives.rbegin()->second), Seconds(second_used), Tolerance(0.005));
  });
}

TEST_F(BpfCpuTimeSourceTest, ChargesATaskThatNeverSwitchesInEachEpoch) {
  Start(Options());
  ChildProcess burner([] {
    while (true) {
    }
  });
  const auto epochs = Epochs(brahe::Seconds(1), Milliseconds(100));
  burner.Kill();
  for (const CpuTimeEpoch& epoch : epochs) {
    // A sandbox may hide that PID 1 stops: then what runs after it is charged to it until there is another switch.
    const Nanoseconds hidden = TimeOf({epoch}, 1);
    EXPECT_GT(TimeOf({epoch}, burner.pid()) + hidden, Milliseconds(10)) << "hidden " << Seconds(hidden);
  }
}

TEST_F(BpfCpuTimeSourceTest, RefusesASecondInstance) {
  const BpfSourceOptions options = Options();
  Start(options);
  const auto second = MakeBpfCpuTimeSource(options, SystemClock());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, EWOULDBLOCK);
  EXPECT_NE(second.error().message.find("pid " + std::to_string(getpid())), std::string::npos)
      << second.error().message;
  source_.reset();
  EXPECT_TRUE(MakeBpfCpuTimeSource(options, SystemClock())) << "the claim ends with its holder";
}

TEST_F(BpfCpuTimeSourceTest, PinsItsMapsAndRemovesThemAtTheEnd) {
  tree_.MakeFolder("bpf");
  if (mount("bpf", tree_.At("bpf").c_str(), "bpf", 0, nullptr) != 0)
    GTEST_SKIP() << "no BPF file system can be mounted";
  tree_.MakeFolder("bpf/brahe/left-by-one-that-was-killed");
  Start(Options());
  for (const char* name : {"procs", "records", "cpu_slots", "events"}) {
    EXPECT_EQ(access(tree_.At(std::string("bpf/brahe/") + name).c_str(), F_OK), 0) << name;
  }
  EXPECT_NE(access(tree_.At("bpf/brahe/left-by-one-that-was-killed").c_str(), F_OK), 0);
  source_.reset();
  EXPECT_NE(access(tree_.At("bpf/brahe").c_str(), F_OK), 0);
  umount(tree_.At("bpf").c_str());
}

TEST_F(BpfCpuTimeSourceTest, ForgetsProcessesThatAreDead) {
  Start(Options());
  const size_t started = RunChildren(brahe::Seconds(1), 20, [](size_t) {});
  SystemClock().SleepUntil(SystemClock().Now() + Milliseconds(300));
  NextEpoch();
  const size_t before = source_->Stats().map_entries;
  EXPECT_GE(before, started);
  for (int i = 0; i < 4; ++i) NextEpoch();
  EXPECT_LT(source_->Stats().map_entries, before - started * 9 / 10);
}

// From here on the kernel deletes no batches for this process.
void RefuseToDeleteBatches() {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_bpf, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BPF_MAP_DELETE_BATCH, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program = {.len = std::size(filter), .filter = filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    _exit(2);
}

// Keys in the newest map of that name.
size_t KeysInKernel(const std::string& name) {
  UniqueFd newest;
  uint32_t id = 0;
  while (bpf_map_get_next_id(id, &id) == 0) {
    UniqueFd map(bpf_map_get_fd_by_id(id));
    bpf_map_info info = {};
    uint32_t size = sizeof info;
    if (map.valid() && bpf_obj_get_info_by_fd(map.get(), &info, &size) == 0 && name == info.name)
      newest = std::move(map);
  }
  size_t keys = 0;
  task_key key;
  for (const void* at = nullptr; bpf_map_get_next_key(newest.get(), at, &key) == 0; at = &key) ++keys;
  return keys;
}

TEST_F(BpfCpuTimeSourceTest, ForgetsTheDeadInTheKernelAlsoWhereItRefusesToDeleteBatches) {
  EXPECT_EXIT(
      {
        RefuseToDeleteBatches();
        Start(Options());
        size_t started = 0;
        while (started < 400) started += RunChildren(Milliseconds(100), 20, [](size_t) {});
        usleep(300'000);
        for (int i = 0; i < 5; ++i) NextEpoch();
        const size_t left = KeysInKernel("procs");  // of the machine's own processes, too
        fprintf(stderr, "started %zu, left %zu\n", started, left);
        _exit(left < started / 4 ? 0 : 1);
      },
      testing::ExitedWithCode(0), "started");
}

TEST_F(BpfCpuTimeSourceTest, FindsTheDeadThatTheKernelHadNoRoomToTellOf) {
  BpfSourceOptions options = Options();
  options.program.event_buffer_bytes = static_cast<uint32_t>(sysconf(_SC_PAGESIZE));
  Start(options);
  size_t started = 0;
  for (int i = 0; i < 100 && source_->Stats().dropped_events == 0; ++i) {
    started += RunChildren(Milliseconds(100), 20, [](size_t) {});
  }
  ASSERT_GT(source_->Stats().dropped_events, 0U);
  SystemClock().SleepUntil(SystemClock().Now() + Milliseconds(300));
  const size_t before = (NextEpoch(), source_->Stats().map_entries);
  for (int i = 0; i < 8; ++i) NextEpoch();  // a process is looked for once it is quiet
  EXPECT_LT(source_->Stats().map_entries, before - started * 9 / 10);
}

TEST_F(BpfCpuTimeSourceTest, ReadsEveryEventWholeThoughTheirRingGoesRoundManyTimes) {
  BpfSourceOptions options = Options();
  options.program.event_buffer_bytes = 4 * static_cast<uint32_t>(sysconf(_SC_PAGESIZE));
  Start(options);
  size_t started = 0;
  std::set<ProcessKey> ran, ended;
  const auto note = [&](const CpuTimeEpoch& epoch) {
    for (const TaskTime& task : epoch.tasks) ran.insert(task.process);
    ended.insert(epoch.ended.begin(), epoch.ended.end());
  };
  while (started < 2000) {
    started += RunChildren(Milliseconds(1), 20, [](size_t) {});
    note(NextEpoch());
  }
  for (int i = 0; i < 100; ++i) note(NextEpoch());
  EXPECT_EQ(source_->Stats().dropped_events, 0U);
  size_t known = 0;
  for (const ProcessKey& process : ended) known += ran.contains(process);
  EXPECT_GT(known, started * 9 / 10);  // a sandbox may hide some ends
  EXPECT_LT(ended.size() - known, 10U) << "ends of nobody";
}

TEST_F(BpfCpuTimeSourceTest, KnowsThatAProcessHasEndedWhosePidIsUsedAgain) {
  if (access("/proc/sys/kernel/ns_last_pid", W_OK) != 0) GTEST_SKIP() << "no ns_last_pid";
  BpfSourceOptions options = Options();
  options.program.event_buffer_bytes = static_cast<uint32_t>(sysconf(_SC_PAGESIZE));
  Start(options);
  ChildProcess first([] { Burn(Milliseconds(20)); });
  const pid_t pid = first.pid();
  // The kernel has no room to tell of its end.
  for (int i = 0; i < 100 && source_->Stats().dropped_events == 0; ++i)
    RunChildren(Milliseconds(100), 20, [](size_t) {});
  ASSERT_GT(source_->Stats().dropped_events, 0U);
  first.Wait();
  auto second = ChildWithPid(pid, [] { Burn(Milliseconds(20)); });
  ASSERT_TRUE(second) << "pid " << pid << " could not be had again";
  second->Wait();
  const CpuTimeEpoch epoch = NextEpoch();
  std::set<ProcessKey> lives;
  for (const TaskTime& task : epoch.tasks) {
    if (task.process.pid == static_cast<uint32_t>(pid)) lives.insert(task.process);
  }
  ASSERT_EQ(lives.size(), 2U);
  EXPECT_EQ(std::count(epoch.ended.begin(), epoch.ended.end(), *lives.begin()), 1);
}

// The kernel's counting of runs, switched for one test.
class BpfStatsSwitch {
 public:
  BpfStatsSwitch() : before_(ReadFile(kPath).value_or("")) {}
  ~BpfStatsSwitch() { (void)Set(before_); }
  Status Set(const std::string& value) { return WriteFile(kPath, value); }

 private:
  static constexpr char kPath[] = "/proc/sys/kernel/bpf_stats_enabled";
  const std::string before_;
};

KernelProgramStats ProgramOf(const CpuTimeSource& source, const std::string& name) {
  for (const KernelProgramStats& program : source.Stats().programs) {
    if (program.name == name) return program;
  }
  ADD_FAILURE() << "no program " << name;
  return {};
}

TEST_F(BpfCpuTimeSourceTest, TellsHowOftenAndHowLongItsProgramsRan) {
  BpfStatsSwitch counting;
  if (const Status off = counting.Set("0"); !off) GTEST_SKIP() << off.error().message;
  Start(Options());
  std::set<std::string> names;
  for (const KernelProgramStats& program : source_->Stats().programs) names.insert(program.name);
  EXPECT_EQ(names,
            (std::set<std::string>{"on_switch", "on_exec", "on_free", "on_move", "on_cgroup_made", "on_cgroup_gone"}));
  RunChildren(Milliseconds(1), 20, [](size_t) {});
  const KernelProgramStats uncounted = ProgramOf(*source_, "on_switch");
  EXPECT_EQ(uncounted.runs, 0U);

  ASSERT_TRUE(counting.Set("1"));
  RunChildren(Milliseconds(1), 20, [](size_t) {});
  NextEpoch();
  ASSERT_TRUE(counting.Set("0"));
  const KernelProgramStats counted = ProgramOf(*source_, "on_switch");
  EXPECT_GE(counted.runs, 20U);
  EXPECT_GT(counted.run_time, Nanoseconds{counted.runs * 10});
  EXPECT_LT(counted.run_time, brahe::Seconds(10));
  EXPECT_EQ(ProgramOf(*source_, "on_switch").runs, counted.runs);
}

TEST_F(BpfCpuTimeSourceTest, AsksForAnEarlyCutWhenTheProcessTableFillsUp) {
  BpfSourceOptions options = Options();
  options.program.max_processes = 512;
  Start(options);
  EXPECT_FALSE(source_->Service());
  size_t started = 0;
  while (started < 512 / 4 + 20) started += RunChildren(Milliseconds(1), 20, [](size_t) {});
  EXPECT_TRUE(source_->Service());
  NextEpoch();
  EXPECT_FALSE(source_->Service());
}

}  // namespace
}  // namespace brahe::cpu
