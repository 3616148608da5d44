// Against procfs as this machine's kernel mounts it. Needs root.
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <string>

#include "userspace/base/temp_tree.h"
#include "userspace/cpu/child_process.h"
#include "userspace/cpu/procfs_scene.h"
#include "userspace/cpu/procfs_view.h"

namespace brahe::cpu {
namespace {

constexpr uid_t kSomebody = 12345;
constexpr uid_t kSomebodyElse = 23456;

class ProcfsViewRealTest : public ::testing::Test {
 protected:
  ProcfsViewRealTest() {
    tree_.MakeFolder("proc");
    EXPECT_EQ(waitpid(stranger_.pid(), nullptr, WUNTRACED), stranger_.pid());
  }

  // Whether `procfs_root` is proven to show everybody, and whether it shows the stranger.
  [[nodiscard]] std::string Look(const std::string& procfs_root) const {
    const bool proven = CheckShowsAllProcesses(procfs_root).has_value();
    struct stat folder;
    const bool shown = stat((procfs_root + "/" + std::to_string(stranger_.pid())).c_str(), &folder) == 0;
    return std::string(proven ? "proven" : "unproven") + (shown ? ", shown" : ", hidden");
  }

  // The same of a procfs that is mounted with `options`, after `prepare`.
  [[nodiscard]] std::string LookAtMount(const std::string& options, const std::function<void()>& prepare) const {
    return InAScene(false, [&] {
      MountProc("/proc", options);
      prepare();
      return Look("/proc");
    });
  }

  TempTree tree_;
  const ChildProcess stranger_{[] {
    BecomeUser(kSomebody);
    prctl(PR_SET_DUMPABLE, 1);  // or not even their own user may look at those that changed it
    raise(SIGSTOP);
  }};
};

TEST_F(ProcfsViewRealTest, TheMachinesOwnProcfsShowsEverybody) {
  EXPECT_EQ(Look("/proc"), "proven, shown");
  EXPECT_EQ(Look("/proc/"), "proven, shown");
}

TEST_F(ProcfsViewRealTest, TheProcfsOfAPrivatePidNamespaceDoesNotHoweverItIsSpelt) {
  for (const std::string root : {"/proc", "/proc/", "/proc/."}) {
    EXPECT_EQ(InAScene(true,
                       [&] {
                         MountProc("/proc", "");
                         return Look(root);
                       }),
              "unproven, hidden")
        << root;
  }
}

TEST_F(ProcfsViewRealTest, TheMachinesProcfsShowsEverybodyToThoseInAPrivatePidNamespaceToo) {
  EXPECT_EQ(InAScene(true, [&] { return Look("/proc"); }), "proven, shown");
}

TEST_F(ProcfsViewRealTest, TheMachinesKthreaddOverAProcessOfAPrivatePidNamespaceProvesNothing) {
  EXPECT_EQ(InAScene(true,
                     [&] {
                       const ChildProcess second([] { pause(); });
                       EXPECT_EQ(second.pid(), 2);
                       MountProc(tree_.At("proc"), "");
                       BindMount("/proc/2", tree_.At("proc/2"));
                       return Look(tree_.At("proc"));
                     }),
            "unproven, hidden");
}

TEST_F(ProcfsViewRealTest, HidepidHidesNobodyFromAHolderOfCapSysPtrace) {
  EXPECT_EQ(LookAtMount("hidepid=2,gid=34567", [] {}), "proven, shown");
}

TEST_F(ProcfsViewRealTest, HidepidIsSeenByARootWithoutCapSysPtrace) {
  EXPECT_EQ(LookAtMount("hidepid=2,gid=34567", GiveUpSysPtrace), "unproven, hidden");
  EXPECT_EQ(LookAtMount("hidepid=4", GiveUpSysPtrace), "unproven, hidden");
}

TEST_F(ProcfsViewRealTest, HidepidHidesNobodyFromTheGroupThatIsExcepted) {
  const auto join = [] {
    GiveUpSysPtrace();
    BecomeUser(kSomebodyElse);
  };
  EXPECT_EQ(LookAtMount("hidepid=2,gid=" + std::to_string(kSomebodyElse), join), "proven, shown");
  EXPECT_EQ(LookAtMount("hidepid=2,gid=34567", join), "unproven, hidden");
  // This mode knows no exception.
  EXPECT_EQ(LookAtMount("hidepid=4,gid=" + std::to_string(kSomebodyElse), join), "unproven, hidden");
}

TEST_F(ProcfsViewRealTest, ToSeeTheProcessesOfOnesOwnUserProvesNothing) {
  EXPECT_EQ(LookAtMount("hidepid=2,gid=34567", [] { BecomeUser(kSomebody); }), "unproven, shown");
}

TEST_F(ProcfsViewRealTest, FoldersThatCanBeSeenAndNotReadProveNothing) {
  EXPECT_EQ(LookAtMount("hidepid=1,gid=34567", GiveUpSysPtrace), "unproven, shown");
}

}  // namespace
}  // namespace brahe::cpu
