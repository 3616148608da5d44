// The kernel side goes on counting while user space is away, and the next process goes on from it. Needs root.
#include <glog/logging.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <sstream>
#include <string>

#include "userspace/base/clock.h"
#include "userspace/base/temp_tree.h"
#include "userspace/cpu/bpf_cpu_time_source.h"
#include "userspace/cpu/source_state.h"
#include "userspace/cpu/unpin.h"

namespace brahe::cpu {
namespace {

// What is kept of all epochs so far, in one file.
struct Ledger {
  uint64_t begin = 0, end = 0;  // instants: of the first epoch's end, and of the last one's
  uint64_t all_ns = 0;          // of all CPUs, idle or not
  uint64_t burner_ns = 0;
  uint64_t resumed = 0, epochs = 0;
  std::string state;
};

class BpfAdoptionTest : public ::testing::Test {
 protected:
  BpfAdoptionTest() {
    options_.program.topology = *ReadCpuTopology("/sys");
    std::iota(options_.program.topology.socket_of_cpu.begin(), options_.program.topology.socket_of_cpu.end(), 0);
    options_.program.hierarchy = *FindCgroupHierarchy("/proc");
    options_.program.pin_path = tree_.At("bpf/brahe");
    options_.program.claim = "";
    options_.program.outlives = true;
  }
  ~BpfAdoptionTest() override {
    if (burner_ > 0) kill(burner_, SIGKILL), waitpid(burner_, nullptr, 0);
    umount2(tree_.At("bpf").c_str(), MNT_DETACH);
  }
  void SetUp() override {
    tree_.MakeFolder("bpf");
    ASSERT_EQ(mount("bpf", tree_.At("bpf").c_str(), "bpf", 0, nullptr), 0) << strerror(errno);
  }

  static pid_t Fork(const std::function<void()>& body) {
    const pid_t pid = fork();
    if (pid == 0) body(), _exit(0);
    return pid;
  }

  void Burn() {
    burner_ = Fork([] {
      while (true) continue;
    });
  }
  uint64_t BurnerNs() const {
    clockid_t clock = 0;
    timespec time = {};
    EXPECT_EQ(clock_getcpuclockid(burner_, &clock), 0);
    EXPECT_EQ(clock_gettime(clock, &time), 0);
    return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
  }

  std::optional<Ledger> Kept() const {
    std::ifstream file(tree_.At("kept"), std::ios::binary);
    Ledger kept;
    if (!(file >> kept.begin >> kept.end >> kept.all_ns >> kept.burner_ns >> kept.resumed >> kept.epochs)) return {};
    file.get();
    std::stringstream state;
    state << file.rdbuf();
    kept.state = state.str();
    return kept;
  }
  void Keep(const Ledger& kept) const {
    std::ofstream(tree_.At("kept.new"), std::ios::binary)
        << kept.begin << " " << kept.end << " " << kept.all_ns << " " << kept.burner_ns << " " << kept.resumed << " "
        << kept.epochs << "\n"
        << kept.state;
    ASSERT_EQ(rename(tree_.At("kept.new").c_str(), tree_.At("kept").c_str()), 0);
  }

  std::unique_ptr<CpuTimeSource> Start(const std::optional<Ledger>& kept) const {
    std::optional<SourceState> state;
    BpfSourceOptions options = options_;
    if (kept) state = *ReadSourceState(kept->state);
    options.program.resume = [&] { return state ? &*state : nullptr; };
    auto source = MakeBpfCpuTimeSource(options, SystemClock());
    CHECK(source) << source.error().message;
    return *std::move(source);
  }

  void CutAndKeep(CpuTimeSource& source, Ledger& kept) const {
    CHECK(source.Cut());
    const auto epoch = source.Collect();
    CHECK(epoch);
    if (kept.epochs++ == 0) {
      kept.begin = epoch->end.value;
    } else {
      for (const TaskTime& task : epoch->tasks) {
        kept.all_ns += task.time.value;
        if (task.process.pid == static_cast<uint32_t>(burner_)) kept.burner_ns += task.time.value;
      }
      for (const UnassignedTime& time : epoch->unassigned) kept.all_ns += time.time.value;
      for (const SocketTime& socket : epoch->sockets) kept.all_ns += socket.idle.value;
    }
    kept.end = epoch->end.value;
    const auto state = source.State();
    CHECK(state);
    kept.state.clear();
    ProtobufWriter writer(kept.state);
    WriteSourceState(*state, writer);
    Keep(kept);
    source.Acknowledge();
  }

  // In another process, until it is killed.
  void Count() const {
    std::optional<Ledger> kept = Kept();
    const auto source = Start(kept);
    if (!kept) kept.emplace();
    kept->resumed += source->resumed() ? 1 : 0;
    while (true) {
      CutAndKeep(*source, *kept);
      usleep(3'000);
    }
  }

  BpfSourceOptions options_;
  TempTree tree_;
  pid_t burner_ = -1;
};

TEST_F(BpfAdoptionTest, NoNanosecondIsLostOrCountedTwiceHoweverUserSpaceIsKilled) {
  Burn();
  std::mt19937 random(static_cast<unsigned>(getpid()));
  const pid_t first = Fork([this] { Count(); });
  while (!Kept()) usleep(1'000);
  const uint64_t burner_at_begin = BurnerNs();
  const uint64_t begin = SystemClock().Now().value;
  usleep(100'000 + random() % 10'000);
  kill(first, SIGKILL), waitpid(first, nullptr, 0);
  for (int i = 0; i < 8; ++i) {
    usleep(random() % 60'000);
    const uint64_t resumed = Kept()->resumed;
    const pid_t next = Fork([this] { Count(); });
    // Every second one goes on, however long that takes here; the others may be killed before.
    for (int ms = 0; i % 2 == 1 && ms < 10'000 && Kept()->resumed == resumed; ++ms) usleep(1'000);
    usleep(random() % 120'000);
    kill(next, SIGKILL), waitpid(next, nullptr, 0);
  }
  std::optional<Ledger> kept = Kept();
  ASSERT_TRUE(kept);
  const uint64_t resumed_before = kept->resumed;
  EXPECT_GE(resumed_before, 4U);
  const Nanoseconds start = SystemClock().Now();
  const auto source = Start(kept);
  const Nanoseconds took = SystemClock().Now() - start;
  EXPECT_TRUE(source->resumed());
  for (int i = 0; i < 2; ++i) CutAndKeep(*source, *kept);
  const uint64_t burner_ns = BurnerNs() - burner_at_begin;
  const uint64_t wall = kept->end - kept->begin;
  EXPECT_EQ(kept->all_ns, wall * options_.program.topology.socket_of_cpu.size());
  // It may have been kept for some ms before it was seen to be.
  const double ours = static_cast<double>(kept->burner_ns);
  EXPECT_NEAR(ours, static_cast<double>(burner_ns), 0.03 * ours + static_cast<double>(begin - kept->begin));
  const CpuTimeSourceStats stats = source->Stats();
  EXPECT_TRUE(stats.conservation_error == Nanoseconds{} || stats.late_cuts != 0) << stats.conservation_error.value;
  EXPECT_EQ(stats.lost, Nanoseconds{});
  EXPECT_FALSE(stats.programs.empty());
  for (const KernelFeature& feature : stats.features) EXPECT_TRUE(feature.on) << feature.name;
  printf("adopted in %.1f ms, %lu times before, %lu epochs\n", static_cast<double>(took.value) / 1e6,
         static_cast<unsigned long>(resumed_before), static_cast<unsigned long>(kept->epochs));
}

TEST_F(BpfAdoptionTest, ProgramsOfAnotherVersionAreExchangedAndLoseNothing) {
  Burn();
  Ledger kept;
  {
    const auto source = Start(std::nullopt);
    for (int i = 0; i < 3; ++i) CutAndKeep(*source, kept);
  }
  SourceState state = *ReadSourceState(kept.state);
  ++state.program_hash;
  kept.state.clear();
  ProtobufWriter writer(kept.state);
  WriteSourceState(state, writer);
  const auto source = Start(kept);
  EXPECT_TRUE(source->resumed());
  for (int i = 0; i < 3; ++i) CutAndKeep(*source, kept);
  EXPECT_EQ(kept.all_ns, (kept.end - kept.begin) * options_.program.topology.socket_of_cpu.size());
}

TEST_F(BpfAdoptionTest, WhatDoesNotFitIsRefusedAndCountedAnew) {
  Ledger kept;
  for (int i = 0; i < 2; ++i) CutAndKeep(*Start(std::nullopt), kept);  // the second is another kernel side
  const SourceState state = *ReadSourceState(kept.state);
  const auto refusal = [&](const std::function<void(BpfSourceOptions&, SourceState&)>& change) {
    SourceState changed = state;
    BpfSourceOptions options = options_;
    change(options, changed);
    options.program.resume = [&] { return &changed; };
    const auto program = BpfProgram::Adopt(options.program);
    return program ? "" : program.error().message;
  };
  EXPECT_EQ(refusal([](auto&, auto&) {}), "");
  EXPECT_NE(refusal([](auto&, SourceState& s) { s.records_id += 1; }).find("is another than the one"),
            std::string::npos);
  EXPECT_NE(refusal([](BpfSourceOptions& o, auto&) { o.program.max_processes = 999; }).find("of another size"),
            std::string::npos);
  EXPECT_NE(refusal([](auto&, SourceState& s) { s.version = 99; }).find("another version"), std::string::npos);
  EXPECT_NE(refusal([](BpfSourceOptions& o, auto&) { o.program.topology.socket_of_cpu[1] = 7; }).find("another socket"),
            std::string::npos);
  kept.state.clear();
  SourceState older = state;
  older.cuts.cut -= 1'000'000;
  ProtobufWriter writer(kept.state);
  WriteSourceState(older, writer);
  const auto source = Start(kept);
  EXPECT_FALSE(source->resumed());
  EXPECT_NE(source->State()->records_id, state.records_id);
}

TEST_F(BpfAdoptionTest, WhatWasLeftBehindCanBeRemovedWhenNobodyUsesIt) {
  char claim[InstanceClaim::kMaxNameLength + 1];
  snprintf(claim, sizeof claim, "u%06x", static_cast<unsigned>(getpid()) & 0xffffff);
  options_.program.claim = claim;
  const std::string& pins = options_.program.pin_path;
  EXPECT_EQ(Unpin(pins, claim)->maps, 0U);
  Ledger kept;
  auto source = Start(std::nullopt);
  CutAndKeep(*source, kept);
  const auto refused = Unpin(pins, claim);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, EWOULDBLOCK);
  CutAndKeep(*source, kept);
  source.reset();
  const auto removed = Unpin(pins, claim);
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_EQ(removed->programs, 6U);
  EXPECT_EQ(removed->maps, 13U);
  EXPECT_EQ(Unpin(pins, claim)->maps, 0U);
  EXPECT_FALSE(Start(kept)->resumed());
}

// A rolling update: the new one is there before the old one has gone.
TEST_F(BpfAdoptionTest, AnInstanceWaitsForTheOneBeforeItAndGoesOnFromIt) {
  char claim[InstanceClaim::kMaxNameLength + 1];
  snprintf(claim, sizeof claim, "w%06x", static_cast<unsigned>(getpid()) & 0xffffff);
  options_.program.claim = claim;
  const pid_t old = Fork([this] { Count(); });
  while (!Kept()) usleep(1'000);
  options_.program.claim_wait = Milliseconds(100);
  const auto refused = BpfProgram::Adopt(options_.program);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, EWOULDBLOCK);
  options_.program.claim_wait = Milliseconds(10'000);
  const pid_t killer = Fork([old] { usleep(200'000), kill(old, SIGKILL); });
  std::optional<SourceState> state;
  options_.program.resume = [&] {
    waitpid(old, nullptr, 0);
    state = *ReadSourceState(Kept()->state);
    return &*state;
  };
  const auto source = MakeBpfCpuTimeSource(options_, SystemClock());
  waitpid(killer, nullptr, 0);
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_TRUE((*source)->resumed());
}

}  // namespace
}  // namespace brahe::cpu
