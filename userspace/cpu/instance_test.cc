// One instance on a machine, live on the kernel that this test runs on: who is refused, what a start needs and what an
// end leaves behind. Needs root.
#include <bpf/bpf.h>
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <regex>
#include <set>
#include <string>

#include "userspace/base/file.h"
#include "userspace/cpu/bpf_map_list.h"
#include "userspace/cpu/bpf_program.h"
#include "userspace/cpu/bpf_source_fixture.h"
#include "userspace/cpu/child_process.h"
#include "userspace/cpu/real_time.h"

namespace brahe::cpu {
namespace {

// What `work` returns in a child of ours, which may change its namespaces and its rights.
std::string InChild(const std::function<std::string()>& work) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return "no pipe";
  const UniqueFd from(ends[0]);
  UniqueFd to(ends[1]);
  ChildProcess child([&] {
    const std::string said = work();
    (void)!write(to.get(), said.data(), said.size());
  });
  to.Reset();
  std::string said;
  char part[4096];
  for (ssize_t bytes; (bytes = read(from.get(), part, sizeof part)) > 0;) said.append(part, static_cast<size_t>(bytes));
  child.Wait();
  return said;
}

// Gives up all capabilities but these (as cap_from_text takes them).
void KeepOnly(const char* capabilities) {
  const std::unique_ptr<void, int (*)(void*)> wanted(cap_from_text(capabilities), cap_free);
  if (cap_set_proc(static_cast<cap_t>(wanted.get())) != 0) _exit(1);
}

// Becomes a user who is not root, with these capabilities and no others.
void BecomeUser(const char* capabilities) {
  constexpr uid_t kUser = 4321;
  if (prctl(PR_SET_KEEPCAPS, 1) != 0 || setresgid(kUser, kUser, kUser) != 0 || setresuid(kUser, kUser, kUser) != 0) {
    _exit(1);
  }
  KeepOnly(capabilities);
}

constexpr char kWhatReadmeNames[] = "cap_bpf,cap_perfmon,cap_dac_read_search=ep";
constexpr char kNothing[] = "=";

// "started", or why not.
std::string TryToStart(const BpfProgramOptions& options) {
  const auto program = BpfProgram::Load(options);
  if (program) return "started";
  return (program.error().code == EWOULDBLOCK ? "another instance: " : "") + program.error().message;
}

// The programs that a process has loaded.
std::set<uint32_t> ProgramsOf(pid_t pid) {
  std::set<uint32_t> ids;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fdinfo")) {
    std::ifstream lines(entry.path());
    for (std::string word; lines >> word;) {
      uint32_t id = 0;
      if (word == "prog_id:" && lines >> id) ids.insert(id);
    }
  }
  return ids;
}

bool InKernel(uint32_t program) { return UniqueFd(bpf_prog_get_fd_by_id(program)).valid(); }

class InstanceTest : public BpfSourceTest {
 protected:
  void SetUp() override {
    tree_.MakeFolder("bpf");
    ASSERT_EQ(mount("bpf", bpf_.c_str(), "bpf", 0, nullptr), 0) << "mount -t bpf: " << strerror(errno);
  }
  void TearDown() override { umount2(bpf_.c_str(), MNT_DETACH); }

  [[nodiscard]] bool HasPins() const { return access((bpf_ + "/brahe/procs").c_str(), F_OK) == 0; }

  const BpfProgramOptions options_ = Options().program;
  const std::string bpf_ = tree_.At("bpf");
  const std::string refusal_ = "another instance: another brahe (pid " + std::to_string(getpid()) + " ";
};

TEST_F(InstanceTest, IsRefusedBesideAnotherOneInNamespacesOfItsOwnAndLeavesItsPinsAlone) {
  constexpr int kContainer = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
  const auto first = BpfProgram::Load(options_);
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_TRUE(HasPins());
  const std::string said = InChild([&]() -> std::string {
    if (unshare(kContainer) != 0) return "no namespaces";
    return InChild([&] { return TryToStart(options_); });  // children only are in that of pids
  });
  EXPECT_TRUE(said.starts_with(refusal_)) << said;
  EXPECT_TRUE(HasPins());
}

TEST_F(InstanceTest, IsRefusedBesideAnotherOneAlsoWithABpfFileSystemOfItsOwnOrNone) {
  const auto first = BpfProgram::Load(options_);
  ASSERT_TRUE(first) << first.error().message;
  const auto try_there = [&](const char* file_system) {
    return InChild([&]() -> std::string {
      const bool there = unshare(CLONE_NEWNS) == 0 && mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                         mount("new", bpf_.c_str(), file_system, 0, nullptr) == 0;
      return there ? TryToStart(options_) : "no mount";
    });
  };
  for (const char* file_system : {"bpf", "tmpfs"}) {
    const std::string said = try_there(file_system);
    EXPECT_TRUE(said.starts_with(refusal_)) << file_system << ": " << said;
  }
}

TEST_F(InstanceTest, StartsWithTheRightsThatReadmeNames) {
  const std::string said = InChild([&] {
    BecomeUser(kWhatReadmeNames);
    return TryToStart(options_);
  });
  EXPECT_EQ(said, "started");
}

TEST_F(InstanceTest, IsRefusedAlsoWhereItOrTheOtherOneIsNotRoot) {
  const auto as_user = [&] {
    BecomeUser(kWhatReadmeNames);
    return TryToStart(options_);
  };
  {
    const auto first = BpfProgram::Load(options_);
    ASSERT_TRUE(first) << first.error().message;
    const std::string said = InChild(as_user);
    EXPECT_TRUE(said.starts_with(refusal_)) << said;
    EXPECT_TRUE(HasPins());
  }
  const std::string said = InChild([&]() -> std::string {
    const pid_t user = getpid();
    BecomeUser(kWhatReadmeNames);
    const auto first = BpfProgram::Load(options_);
    if (!first) return first.error().message;
    const std::string second = InChild(as_user);
    return second.find("(pid " + std::to_string(user) + " ") != std::string::npos ? "refused" : second;
  });
  EXPECT_EQ(said, "refused") << "two of a user";
}

TEST_F(InstanceTest, StartsWhereAnotherMayBeButSaysSoIfItCannotLook) {
  const InstanceClaim claim = *InstanceClaim::Take(options_.claim);
  EXPECT_TRUE(claim.sees_others());
  const std::string said = InChild([&]() -> std::string {
    KeepOnly("cap_bpf=ep");  // enough to make a map, and not to look at the others
    testing::internal::CaptureStderr();
    const auto blind = InstanceClaim::Take(options_.claim);
    const std::string log = testing::internal::GetCapturedStderr();
    return blind && !blind->sees_others() ? log : "it looked";
  });
  EXPECT_NE(said.find("A second brahe on this machine would go unnoticed"), std::string::npos) << said;
}

TEST_F(InstanceTest, ListsTheSameMapsByIdAndByIterator) {
  const InstanceClaim claim = *InstanceClaim::Take(options_.claim);
  const auto by_id = ListBpfMapsById(), by_iterator = ListBpfMapsByIterator();
  ASSERT_TRUE(by_id) << by_id.error().message;
  ASSERT_TRUE(by_iterator) << by_iterator.error().message;
  // Others may come and go meanwhile.
  const std::string name = options_.claim + "." + std::to_string(getpid());
  for (const auto* maps : {&*by_id, &*by_iterator}) {
    const auto own = std::ranges::find(*maps, name, &BpfMapName::name);
    ASSERT_NE(own, maps->end());
    EXPECT_EQ(own->type, static_cast<uint32_t>(BPF_MAP_TYPE_QUEUE));
    EXPECT_EQ(own->id, std::ranges::find(*by_id, name, &BpfMapName::name)->id);
  }
}

// Lets users without rights use BPF for one test, as some machines do.
class UnprivilegedBpf {
 public:
  UnprivilegedBpf() : before_(ReadFile(kPath).value_or("")), allowed_(WriteFile(kPath, "0")) {}
  UnprivilegedBpf(const UnprivilegedBpf&) = delete;
  UnprivilegedBpf& operator=(const UnprivilegedBpf&) = delete;
  ~UnprivilegedBpf() { (void)WriteFile(kPath, before_); }
  [[nodiscard]] const Status& allowed() const { return allowed_; }

 private:
  static constexpr char kPath[] = "/proc/sys/kernel/unprivileged_bpf_disabled";
  const std::string before_;
  const Status allowed_;
};

TEST_F(InstanceTest, IsNotKeptFromItsStartByUsersWithoutRights) {
  const UnprivilegedBpf everybody;
  if (!everybody.allowed()) GTEST_SKIP() << everybody.allowed().error().message;
  const std::string said = InChild([&]() -> std::string {
    if (chdir(bpf_.c_str()) != 0) return "chdir";
    BecomeUser(kNothing);
    const std::string name = options_.claim + ".1";
    if (!UniqueFd(bpf_map_create(BPF_MAP_TYPE_ARRAY, name.c_str(), 4, 4, 1, nullptr)).valid()) return "no map at all";
    if (UniqueFd(bpf_map_create(BPF_MAP_TYPE_QUEUE, name.c_str(), 0, 4, 1, nullptr)).valid()) return "a claim";
    // A map of a claim's name goes into our place, and a link to somewhere else.
    const int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, name.c_str(), 4, 4, 1, nullptr);
    if (mkdir("brahe", 0777) != 0 || symlink("/", "brahe/link") != 0) return "no folder";
    if (bpf_obj_pin(map, "brahe/procs") != 0) return "no pin";
    return "all done";
  });
  ASSERT_EQ(said, "all done");
  const auto program = BpfProgram::Load(options_);
  ASSERT_TRUE(program) << program.error().message;
  EXPECT_TRUE(HasPins());
  struct stat folder;
  ASSERT_EQ(stat((bpf_ + "/brahe").c_str(), &folder), 0);
  EXPECT_EQ(folder.st_uid, getuid());
  EXPECT_EQ(folder.st_mode & 0777, 0700U);
  EXPECT_NE(access((bpf_ + "/brahe/link").c_str(), F_OK), 0);
}

TEST_F(InstanceTest, LeavesNothingRunningWhenItIsKilled) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd from(ends[0]);
  UniqueFd to(ends[1]);
  ChildProcess first([&] {
    const auto program = BpfProgram::Load(options_);
    if (!program) _exit(1);
    (void)!write(to.get(), "r", 1);
    pause();
  });
  to.Reset();
  char ready = 0;
  ASSERT_EQ(read(from.get(), &ready, 1), 1);
  const std::set<uint32_t> programs = ProgramsOf(first.pid());
  ASSERT_GE(programs.size(), 5U);
  ASSERT_TRUE(HasPins());
  first.Kill();
  first.Wait();
  EXPECT_TRUE(HasPins()) << "they wait for the next start";
  for (const uint32_t program : programs) {
    for (int i = 0; i < 500 && InKernel(program); ++i) usleep(10'000);  // the kernel lets go of it a little later
    EXPECT_FALSE(InKernel(program)) << program;
  }
  const auto second = BpfProgram::Load(options_);
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_TRUE(HasPins());
}

TEST_F(InstanceTest, KnowsWhatRunsOnEveryCpuWhenItHasStarted) {
  const std::vector<uint32_t> online = *ReadOnlineCpus("/sys");
  if (online.size() < 2) GTEST_SKIP() << "one CPU, which a test cannot take over";
  const ChildProcess hog = StartHog(online.back());  // would not switch soon by itself
  const Nanoseconds begin = SystemClock().Now();
  const auto program = BpfProgram::Load(options_);
  ASSERT_TRUE(program) << program.error().message;
  for (const uint32_t cpu : online) EXPECT_GT((*program)->cut_memory().slots[cpu].since, begin.value) << cpu;
}

// What a start says in a time namespace with an offset, as /proc/PID/timens_offsets takes it.
std::string StartInTimeNamespace(const std::string& offset, const BpfProgramOptions& options) {
  return InChild([&]() -> std::string {
    if (unshare(CLONE_NEWTIME) != 0) return "no time namespace";
    if (const auto set = WriteFile("/proc/self/timens_offsets", offset); !set) return set.error().message;
    return InChild([&] { return TryToStart(options); });  // children only are in it
  });
}

TEST_F(InstanceTest, IsRefusedInATimeNamespaceWithClocksOfItsOwn) {
  if (access("/proc/self/ns/time", F_OK) != 0) GTEST_SKIP() << "no time namespaces";
  struct Shift {
    const char *offset, *clock;
    double seconds;
    const char* direction;
  };
  for (const Shift& shift : {Shift{"monotonic 100 0\n", "CLOCK_MONOTONIC", 100, "ahead of"},
                             Shift{"monotonic -1 990000000\n", "CLOCK_MONOTONIC", 0.01, "behind"},
                             Shift{"boottime 5 0\n", "CLOCK_BOOTTIME", 5, "ahead of"}}) {
    const std::string said = StartInTimeNamespace(shift.offset, options_);
    std::smatch parts;
    ASSERT_TRUE(std::regex_search(said, parts, std::regex("^(\\w+) is (\\S+) s (.*) the kernel's"))) << said;
    EXPECT_EQ(parts[1], shift.clock);
    EXPECT_NEAR(std::stod(parts[2]), shift.seconds, Tolerance(0.005)) << said;
    EXPECT_EQ(parts[3], shift.direction);
    EXPECT_NE(said.find("the machine's own time namespace"), std::string::npos) << said;
  }
  EXPECT_EQ(StartInTimeNamespace("monotonic 0 0\n", options_), "started");
}

}  // namespace
}  // namespace brahe::cpu
