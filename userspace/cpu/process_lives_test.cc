#include "userspace/cpu/process_lives.h"

#include <glog/logging.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "userspace/cpu/fake_proc.h"

namespace brahe::cpu {
namespace {

template <size_t kSize>
void Fill(char (&field)[kSize], const std::string& text) {
  memcpy(field, text.data(), std::min(text.size(), kSize));
}

process_event Exec(const ProcessKey& process, uint64_t time_ns, const std::string& comm, const std::string& path,
                   uint32_t uid = NO_UID) {
  process_event event = {};
  event.time_ns = time_ns;
  event.start_ns = process.start_ns;
  event.tgid = process.pid;
  event.kind = PROCESS_EXEC;
  event.uid = uid;
  Fill(event.comm, comm);
  Fill(event.path, path);
  return event;
}

process_event Free(const ProcessKey& process, uint64_t time_ns, const std::string& comm = "task") {
  process_event event = Exec(process, time_ns, comm, "");
  event.kind = PROCESS_FREE;
  return event;
}

cgroup_event CgroupEvent(uint64_t id, uint64_t time_ns, uint32_t kind, const std::string& path) {
  cgroup_event event = {};
  event.time_ns = time_ns;
  event.cgroup_id = id;
  event.kind = kind;
  Fill(event.path, path);
  return event;
}

constexpr uint32_t kCgroupGone = CGROUP_MADE + 1;

std::string Text(const ProcessName& name) { return name.comm + " " + name.exec_path; }

// Cuts are 1000, 2000, ...; starts are in ns, and 10 ms are a clock tick.
class ProcessLivesTest : public ::testing::Test {
 protected:
  ProcessLivesTest() { Open(1 << 20); }

  void Open(size_t full_bytes, bool kernel_tells_ends = true) {
    lives_ = std::make_unique<ProcessLives>(
        ProcessLives::Options{.procfs_root = proc_.tree().path(),
                              .shows_all_processes = [this](const std::string&) { return Prove(); },
                              .full_bytes = full_bytes,
                              .kernel_tells_ends = kernel_tells_ends});
  }

  CpuTimeEpoch Epoch() {
    CpuTimeEpoch epoch;
    lives_->Report(cut_ += 1000, epoch);
    lives_->FindMissedEnds(dropped_events_, [this](const ProcessLives::VisitQuiet& visit) {
      for (const auto& [process, quiet_reads] : quiet_) visit(process, quiet_reads);
    });
    return epoch;
  }

  // The ends of the next epochs, as many as it takes for every quiet process to have had its turn.
  std::multiset<ProcessKey> EndsOfManyEpochs(int count = 8 * 64 + 1) {
    std::multiset<ProcessKey> ended;
    for (int i = 0; i < count; ++i) {
      for (const ProcessKey& process : Epoch().ended) ended.insert(process);
    }
    return ended;
  }

  Status Prove() {
    ++proofs_;
    return proofs_ > sound_proofs_ ? Status(MakeError("procfs is not what it was")) : Status();
  }

  FakeProc proc_;
  int proofs_ = 0;
  int sound_proofs_ = 1 << 30;  // those after them fail
  uint64_t cut_ = 0;
  uint64_t dropped_events_ = 0;
  std::map<ProcessKey, uint64_t> quiet_;  // with the number of reads
  std::unique_ptr<ProcessLives> lives_;
};

const ProcessKey kOld = {.pid = 70, .start_ns = 50'000'000};
const ProcessKey kYoung = {.pid = 70, .start_ns = 90'000'000};
const ProcessKey kOther = {.pid = 71, .start_ns = 60'000'000};

using Ends = std::vector<ProcessKey>;

TEST_F(ProcessLivesTest, AnEndThatCameAfterTheCutIsForTheNextEpochToReport) {
  lives_->OnProcess(Free(kOld, 1000));
  lives_->OnProcess(Free(kOther, 1001));
  EXPECT_EQ(Epoch().ended, Ends{kOld});
  EXPECT_EQ(Epoch().ended, Ends{kOther});
  EXPECT_EQ(Epoch().ended, Ends{});
}

TEST_F(ProcessLivesTest, AnEndIsReportedOnceHoweverOftenItIsTold) {
  lives_->OnReuse(kOld, 1000);
  lives_->OnReuse(kOld, 1000);
  lives_->OnProcess(Free(kOld, 500));
  quiet_[kOld] = 2;  // and PROCFS has no folder of it
  EXPECT_EQ(Epoch().ended, Ends{kOld});
  dropped_events_ = 1;
  lives_->OnProcess(Free(kOld, 1500));
  EXPECT_EQ(Epoch().ended, Ends{});
  lives_->OnReuse(kOld, 3000);
  EXPECT_EQ(Epoch().ended, Ends{});
  EXPECT_TRUE(EndsOfManyEpochs().empty());
  lives_->Forget(kOld);
  lives_->OnProcess(Free(kOld, cut_));
  EXPECT_EQ(Epoch().ended, Ends{}) << "it is still remembered for a while";
}

TEST_F(ProcessLivesTest, AProcessWhosePidAYoungerOneHasHasEnded) {
  lives_->OnReuse(kOld, 1000);
  EXPECT_EQ(Epoch().ended, Ends{kOld});
}

TEST_F(ProcessLivesTest, IsForgottenSomeEpochsAfterItsRecordsAreGone) {
  lives_->OnProcess(Free(kOld, 500));
  EXPECT_FALSE(lives_->HasEnded(kOld));
  Epoch();
  EXPECT_TRUE(lives_->HasEnded(kOld));
  EndsOfManyEpochs();
  EXPECT_TRUE(lives_->HasEnded(kOld)) << "it may have records still";
  lives_->Forget(kOld);
  Epoch();
  EXPECT_FALSE(lives_->HasEnded(kOld));
  lives_->Forget(kOther);  // never heard of
  EXPECT_FALSE(lives_->HasEnded(kOther));

  lives_->OnProcess(Free(kOther, cut_));
  Epoch();
  lives_->Forget(kOther);
  for (int i = 0; i < 4; ++i) Epoch();
  EXPECT_TRUE(lives_->HasEnded(kOther)) << "its last record may come late";
  Epoch();
  EXPECT_FALSE(lives_->HasEnded(kOther));
}

TEST_F(ProcessLivesTest, ALaterNameTakesThePlaceOfAnEarlierOne) {
  lives_->OnRecord(kOld, "fork", NO_UID);
  lives_->OnRecord(kOld, "a-name-that-is-far-too-long", NO_UID);
  EXPECT_EQ(Text(Epoch().names.at(0)), "a-name-that-is- ");

  lives_->OnProcess(Exec(kOld, 1100, "sh", "/bin/sh"));
  lives_->OnProcess(Exec(kOld, 1200, "true", "/usr/bin/true"));
  const size_t before = lives_->bytes();
  for (int i = 0; i < 1000; ++i) lives_->OnProcess(Exec(kOld, 1300, "true", "/usr/bin/true"));
  lives_->OnProcess(Exec(kOther, 1100, "sh", std::string(200, 'x')));  // a path without an end, which no kernel tells
  lives_->OnProcess(Free(kOld, 1400, "renamed"));
  EXPECT_LT(lives_->bytes(), before + 1000);
  const CpuTimeEpoch epoch = Epoch();
  std::map<ProcessKey, std::string> names;
  for (const ProcessName& name : epoch.names) names[name.process] = Text(name);
  EXPECT_EQ(epoch.names.size(), 2U);
  EXPECT_EQ(names[kOld], "renamed /usr/bin/true");
  EXPECT_EQ(names[kOther], "sh " + std::string(EXEC_PATH_LENGTH, 'x'));
  EXPECT_TRUE(Epoch().names.empty());
}

TEST_F(ProcessLivesTest, APathThatTheKernelCouldNotTellTakesBackTheOneBefore) {
  lives_->OnProcess(Exec(kOld, 100, "sh", "/bin/sh"));
  lives_->OnProcess(Exec(kOld, 200, "deep", ""));
  EXPECT_EQ(Text(Epoch().names.at(0)), "deep ");
}

TEST_F(ProcessLivesTest, ARecordsNameIsOlderThanWhatAnEventHasTold) {
  lives_->OnProcess(Exec(kOld, 100, "sleep", "/bin/sleep"));
  lives_->OnRecord(kOld, "bash", NO_UID);
  EXPECT_EQ(Text(Epoch().names.at(0)), "sleep /bin/sleep");

  // Its first slice and the exec came after the cut, so that the record is read in the next epoch.
  lives_->OnProcess(Exec(kOther, 2500, "sleep", "/bin/sleep-in-a-folder-with-a-long-name"));
  const size_t held = lives_->bytes();
  EXPECT_EQ(Text(Epoch().names.at(0)), "sleep /bin/sleep-in-a-folder-with-a-long-name");
  EXPECT_EQ(lives_->bytes(), held) << "what is told again is held meanwhile";
  lives_->OnRecord(kOther, "bash", NO_UID);
  EXPECT_EQ(Text(Epoch().names.at(0)), "sleep /bin/sleep-in-a-folder-with-a-long-name");
  EXPECT_EQ(lives_->bytes(), 0U);
  lives_->OnRecord(kOther, "", NO_UID);
  EXPECT_TRUE(Epoch().names.empty());
}

TEST_F(ProcessLivesTest, TellsThePathsOfCgroupsAndOfOneThatIsCutOffTheParents) {
  lives_->OnCgroup(CgroupEvent(5, 1500, CGROUP_MADE, "/docker/aaa"));
  const std::string fits = "/" + std::string(CGROUP_PATH_LENGTH - 3, 'x');
  lives_->OnCgroup(CgroupEvent(6, 100, CGROUP_MADE, fits));
  lives_->OnCgroup(CgroupEvent(7, 100, CGROUP_MADE, "/pods/" + std::string(CGROUP_PATH_LENGTH - 7, 'x')));
  lives_->OnCgroup(CgroupEvent(8, 100, CGROUP_MADE, "/" + std::string(CGROUP_PATH_LENGTH - 2, 'x')));
  lives_->OnCgroup(CgroupEvent(9, 100, CGROUP_MADE, ""));
  std::map<uint64_t, std::string> paths;
  for (const CgroupPath& cgroup : Epoch().cgroups) paths[cgroup.cgroup_id] = cgroup.path;
  EXPECT_EQ(paths, (std::map<uint64_t, std::string>{{5, "/docker/aaa"}, {6, fits}, {7, "/pods"}}));
  EXPECT_TRUE(Epoch().cgroups.empty());
}

TEST_F(ProcessLivesTest, HandsOverARemovedCgroupOnceAndWithTheEpochThatItWasRemovedIn) {
  lives_->OnCgroup(CgroupEvent(5, 1000, kCgroupGone, "/docker/aaa"));
  lives_->OnCgroup(CgroupEvent(6, 1001, kCgroupGone, ""));
  EXPECT_EQ(lives_->TakeGoneCgroups(), std::vector<uint64_t>{});
  EXPECT_TRUE(Epoch().cgroups.empty());
  EXPECT_EQ(lives_->TakeGoneCgroups(), std::vector<uint64_t>{5});
  Epoch();
  EXPECT_EQ(lives_->TakeGoneCgroups(), std::vector<uint64_t>{6});
  EXPECT_EQ(lives_->TakeGoneCgroups(), std::vector<uint64_t>{});
}

ProcessKey Nth(uint32_t i) { return {.pid = 100 + i, .start_ns = 1'000'000'000ULL + i}; }

TEST_F(ProcessLivesTest, AsksForAnEpochWhenMuchWaitsAndAnEpochMakesRoom) {
  const std::vector<std::function<void(uint32_t)>> kinds = {
      [&](uint32_t i) { lives_->OnRecord(Nth(i), "task", NO_UID); },
      [&](uint32_t i) { lives_->OnProcess(Exec(Nth(i), cut_ + 1, "task", std::string(100, 'x'))); },
      [&](uint32_t i) { lives_->OnProcess(Free(kOld, cut_ + 1 + i)); },
      [&](uint32_t i) { lives_->OnCgroup(CgroupEvent(i, cut_ + 1, CGROUP_MADE, "/a")); },
      [&](uint32_t i) { lives_->OnCgroup(CgroupEvent(i, cut_ + 1, CGROUP_MADE, "/" + std::string(400, 'x'))); },
      [&](uint32_t i) { lives_->OnCgroup(CgroupEvent(i, cut_ + 1, kCgroupGone, "")); },
  };
  Open(10'000);
  for (size_t kind = 0; kind < kinds.size(); ++kind) {
    uint32_t count = 0;
    while (!lives_->IsFull() && count < 1000) kinds[kind](count++);
    EXPECT_TRUE(lives_->IsFull()) << "kind " << kind;
    EXPECT_GE(count, 10U) << "kind " << kind;
    Epoch();
    EXPECT_FALSE(lives_->IsFull()) << "kind " << kind;
    EXPECT_LT(lives_->bytes(), 500U) << "kind " << kind;
  }
  EXPECT_EQ(lives_->dropped(), 0U);
}

TEST_F(ProcessLivesTest, TellsTheUserThatTheLastEventToldElseARecord) {
  const auto user = [&](const ProcessKey& process) -> std::string {
    for (const ProcessName& name : Epoch().names) {
      if (name.process == process) return name.comm + " " + (name.uid ? std::to_string(*name.uid) : "unknown");
    }
    return "nothing";
  };
  lives_->OnRecord(kOld, "su", 0);
  EXPECT_EQ(user(kOld), "su 0");
  lives_->OnRecord(kOld, "", 33);
  EXPECT_EQ(user(kOld), " 33");
  lives_->OnRecord(kOld, "", NO_UID);
  EXPECT_EQ(user(kOld), "nothing");
  lives_->OnRecord(kOld, "su", 33), lives_->OnRecord(kOld, "su", NO_UID);
  EXPECT_EQ(user(kOld), "su 33");
  lives_->OnProcess(Exec(kOld, cut_ + 1, "bash", "/bin/bash", 1000)), lives_->OnRecord(kOld, "su", 0);
  EXPECT_EQ(user(kOld), "bash 1000");
  lives_->OnProcess(Exec(kOld, cut_ + 1, "bash", "/bin/bash"));
  EXPECT_EQ(user(kOld), "bash unknown");
}

TEST_F(ProcessLivesTest, WhereNoEpochCanBeHadNamesAreDroppedAndCountedAndEndsAreNot) {
  Open(10'000);
  for (uint32_t i = 0; i < 5000; ++i) lives_->OnProcess(Free(Nth(i), 500));
  lives_->OnRecord(kOther, "late", NO_UID);
  lives_->OnCgroup(CgroupEvent(5, 500, CGROUP_MADE, "/docker/aaa"));
  lives_->OnCgroup(CgroupEvent(6, 500, kCgroupGone, ""));
  lives_->OnProcess(Free(Nth(0), 500, "renamed"));  // this one has its place
  const CpuTimeEpoch epoch = Epoch();
  EXPECT_EQ(std::set<ProcessKey>(epoch.ended.begin(), epoch.ended.end()).size(), 5000U);
  EXPECT_GT(epoch.names.size(), 100U);
  EXPECT_LT(epoch.names.size(), 1000U);
  EXPECT_EQ(epoch.names.size() + lives_->dropped(), 5002U) << "of 5000 processes, kOther and the cgroup";
  EXPECT_EQ(std::count_if(epoch.names.begin(), epoch.names.end(), [](const auto& n) { return n.comm == "renamed"; }),
            1);
  EXPECT_TRUE(epoch.cgroups.empty());
  EXPECT_EQ(lives_->TakeGoneCgroups(), std::vector<uint64_t>{6});

  lives_->OnProcess(Free(kOther, cut_, "fresh"));
  EXPECT_EQ(Text(Epoch().names.at(0)), "fresh ") << "there is room again";
}

// In use on the heap; stays 0 under a sanitizer.
size_t HeapInUse() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

TEST_F(ProcessLivesTest, EightyThousandShortLivesTakeAFewMegabytesAndLeaveNothingBehind) {
  const size_t before = HeapInUse();
  size_t most = 0, epochs = 0, ended = 0, counted_wrong = 0;
  const auto make_epoch = [&] {
    if (const size_t held = HeapInUse() - before; epochs == 0 && held != 0) {
      counted_wrong += held > lives_->bytes() + lives_->bytes() / 4 || held < lives_->bytes() - lives_->bytes() / 4;
    }
    const CpuTimeEpoch epoch = Epoch();
    most = std::max(most, HeapInUse() - before);
    for (const ProcessKey& process : epoch.ended) lives_->Forget(process);
    ended += epoch.ended.size();
    ++epochs;
  };
  for (uint32_t i = 0; i < 80'000; ++i) {
    lives_->OnProcess(Exec(Nth(i), cut_ + 1, "true", "/usr/bin/some-command"));
    lives_->OnProcess(Free(Nth(i), cut_ + 2, "true"));
    if (lives_->IsFull()) make_epoch();
  }
  for (int i = 0; i < 7; ++i) make_epoch();
  EXPECT_EQ(ended, 80'000U);
  EXPECT_EQ(counted_wrong, 0U);
  EXPECT_LT(epochs, 40U);
  EXPECT_LT(most, size_t{6} << 20);
  EXPECT_LT(HeapInUse() - before, size_t{1} << 20) << "tables stay as large as they were, what was in them does not";
}

TEST_F(ProcessLivesTest, FindsTheEndThatNobodyToldOfAndReportsItInTheNextEpoch) {
  proc_.Set({.pid = kOther.pid, .start = 6});
  quiet_ = {{kOld, 2}, {kOther, 2}};
  dropped_events_ = 3;
  EXPECT_EQ(Epoch().ended, Ends{}) << "it may have run after the cut";
  EXPECT_EQ(Epoch().ended, Ends{kOld});
  EXPECT_TRUE(EndsOfManyEpochs().empty());
}

TEST_F(ProcessLivesTest, LooksForAllWhileEndsWereDroppedLatelyAndElseNowAndThen) {
  for (uint32_t i = 0; i < 2000; ++i) quiet_[Nth(i)] = 1000;
  dropped_events_ = 3;
  Epoch();
  EXPECT_EQ(Epoch().ended.size(), 2000U);

  for (int i = 0; i < 4; ++i) Epoch();  // then no more were dropped lately
  for (uint32_t i = 0; i < 2000; ++i) quiet_[{.pid = 100 + i, .start_ns = 5}] = 1000;
  size_t most = 0, all = 0;
  for (int i = 0; i < 8 * 64 + 9; ++i) {
    const size_t ended = Epoch().ended.size();
    most = std::max(most, ended);
    all += ended;
  }
  EXPECT_EQ(all, 2000U);
  EXPECT_LE(most, 2000U / 64 + 1);
}

TEST_F(ProcessLivesTest, LooksSoonForThoseThatHaveJustBecomeQuietButNotForAnyNumberOfThemAtOnce) {
  for (uint32_t i = 0; i < 2000; ++i) quiet_[Nth(i)] = 5;
  EXPECT_TRUE(EndsOfManyEpochs(8).empty());
  const size_t found = EndsOfManyEpochs(1).size();
  EXPECT_GE(found, 64U);
  EXPECT_LE(found, 64U + 2000 / 64 + 1);
  EXPECT_GE(EndsOfManyEpochs(8).size(), 64U) << "those that have been found do not stand in the way";
}

TEST_F(ProcessLivesTest, LooksSoonForAllThatHaveJustBecomeQuietWhereTheKernelTellsOfNoEnds) {
  Open(1 << 20, false);
  for (uint32_t i = 0; i < 2000; ++i) quiet_[Nth(i)] = 5;
  EXPECT_TRUE(EndsOfManyEpochs(8).empty());
  EXPECT_EQ(EndsOfManyEpochs(1).size(), 2000U);
}

TEST_F(ProcessLivesTest, DoesNotBelieveAProcfsThatIsNotProvenToShowEverybody) {
  sound_proofs_ = 0;
  Open(1 << 20);
  quiet_[kOld] = 2;
  dropped_events_ = 3;
  EXPECT_TRUE(EndsOfManyEpochs().empty());
  lives_->OnProcess(Free(kOld, cut_));
  EXPECT_EQ(Epoch().ended, Ends{kOld}) << "the kernel is";
}

TEST_F(ProcessLivesTest, DoesNotBelieveAProcfsThatIsMountedAnewWhileItLooks) {
  sound_proofs_ = proofs_ + 1;
  quiet_[kOld] = 2;
  dropped_events_ = 3;
  EXPECT_TRUE(EndsOfManyEpochs().empty());
  sound_proofs_ = 1 << 30;
  EXPECT_EQ(EndsOfManyEpochs().count(kOld), 1U);
}

TEST_F(ProcessLivesTest, AYoungerProcessInTheFolderMeansThatTheOlderOneHasEnded) {
  // kOld began in tick 5, which is all that PROCFS tells of it.
  proc_.Set({.pid = kOld.pid, .start = 5});
  quiet_[kOld] = 2;
  EXPECT_TRUE(EndsOfManyEpochs().empty());
  proc_.SetGarbage(kOld.pid);
  EXPECT_TRUE(EndsOfManyEpochs().empty());
  proc_.Set({.pid = kOld.pid, .start = 6});
  proc_.tree().Link("self/ns/time", "time:[4026532210]");
  EXPECT_TRUE(EndsOfManyEpochs().empty()) << "in a time namespace ticks are counted from another instant";
  proc_.tree().Remove("self/ns/time");
  proc_.tree().Link("self/ns/time", "time:[4026531834]");
  EXPECT_EQ(EndsOfManyEpochs().count(kOld), 1U);
}

// The lines of the log that name a lasting fault.
class Warnings final : public google::LogSink {
 public:
  Warnings() { google::AddLogSink(this); }
  ~Warnings() override { google::RemoveLogSink(this); }
  using google::LogSink::send;
  void send(google::LogSeverity severity, const char*, const char*, int, const google::LogMessageTime&,
            const char* message, size_t length) override {
    if (severity == google::GLOG_WARNING) lines.emplace_back(message, length);
  }

  std::vector<std::string> lines;
};

TEST_F(ProcessLivesTest, SaysOnceAndAtTheStartThatProcfsDoesNotShowEverybody) {
  const Warnings warnings;
  sound_proofs_ = 0;
  Open(1 << 20);
  EXPECT_EQ(warnings.lines,
            std::vector<std::string>{"A process whose end the kernel has no room to tell of is listed as "
                                     "running until its pid is used again: procfs is not what it was"});
  EndsOfManyEpochs();
  EXPECT_EQ(warnings.lines.size(), 1U);
}

}  // namespace
}  // namespace brahe::cpu
