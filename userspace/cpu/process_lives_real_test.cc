// Ends that nobody told of, looked for in /proc as this machine's kernel mounts it. Needs root.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "userspace/base/file.h"
#include "userspace/base/process_stat.h"
#include "userspace/base/temp_tree.h"
#include "userspace/cpu/child_process.h"
#include "userspace/cpu/process_lives.h"
#include "userspace/cpu/procfs_scene.h"

namespace brahe::cpu {
namespace {

// The key that the kernel's events would give, to the clock tick.
ProcessKey KeyOf(pid_t pid) {
  ProcessStat stat;
  EXPECT_TRUE(ParseProcessStat(ReadFile("/proc/" + std::to_string(pid) + "/stat").value_or(""), stat));
  const uint64_t ns_per_tick = 1'000'000'000 / static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  return {.pid = static_cast<uint32_t>(pid), .start_ns = stat.start_ticks * ns_per_tick + ns_per_tick / 2};
}

// A process that lives and one that has died, both quiet, while the kernel has dropped events.
class ProcessLivesRealTest : public ::testing::Test {
 protected:
  ProcessLivesRealTest() {
    living_ = KeyOf(child_.pid());
    ChildProcess dead([] { raise(SIGSTOP); });
    EXPECT_EQ(waitpid(dead.pid(), nullptr, WUNTRACED), dead.pid());
    dead_ = KeyOf(dead.pid());
    dead.Kill();
    dead.Wait();
  }

  // Who is said to have ended within enough epochs for every look there is.
  [[nodiscard]] std::string Ended(const std::string& procfs_root) const {
    ProcessLives lives({.procfs_root = procfs_root});
    std::string said;
    uint64_t dropped_events = 1;
    for (uint64_t cut = 2; cut <= 2 * (8 * 64 + 1); cut += 2) {
      CpuTimeEpoch epoch;
      lives.Report(cut, epoch);
      lives.FindMissedEnds(dropped_events, [this](const ProcessLives::VisitQuiet& visit) {
        visit(living_, 2);
        visit(dead_, 2);
      });
      for (const ProcessKey& process : epoch.ended) said += process == dead_ ? "dead " : "living ";
      if (cut == 600) dropped_events = 2;
    }
    return said;
  }

  const ChildProcess child_{[] { pause(); }};
  ProcessKey living_, dead_;
};

TEST_F(ProcessLivesRealTest, FindsTheDeadAndLetsTheLivingLive) {
  EXPECT_EQ(Ended("/proc"), "dead ");
  EXPECT_EQ(Ended("/proc/"), "dead ");
}

TEST_F(ProcessLivesRealTest, ALiveProcessThatAPrivatePidNamespaceDoesNotShowHasNotEnded) {
  for (const std::string root : {"/proc", "/proc/"}) {
    EXPECT_EQ(InAScene(true,
                       [&] {
                         MountProc("/proc", "");
                         return Ended(root);
                       }),
              "")
        << root;
  }
}

TEST_F(ProcessLivesRealTest, ALiveProcessThatHidepidHidesHasNotEnded) {
  EXPECT_EQ(InAScene(false,
                     [&] {
                       MountProc("/proc", "hidepid=2,gid=34567");
                       GiveUpSysPtrace();
                       BecomeUser(12345);
                       return Ended("/proc");
                     }),
            "");
  EXPECT_EQ(InAScene(false,
                     [&] {
                       MountProc("/proc", "hidepid=2,gid=34567");
                       return Ended("/proc");
                     }),
            "dead ")
      << "who may see everybody is believed";
}

TEST_F(ProcessLivesRealTest, ALiveProcessHasNotEndedWhereItsProcfsIsUnmounted) {
  EXPECT_EQ(InAScene(false,
                     [&] {
                       const TempTree tree;
                       tree.MakeFolder("proc");
                       return Ended(tree.At("proc"));
                     }),
            "");
}

TEST_F(ProcessLivesRealTest, APidThatIsUsedAgainIsNotTheOlderProcess) {
  living_.start_ns -= 1'000'000'000;  // the key of one that had this pid a second earlier
  EXPECT_EQ(Ended("/proc"), "dead living ");
}

}  // namespace
}  // namespace brahe::cpu
