#include "userspace/workload/process_directory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "userspace/base/file.h"
#include "userspace/base/temp_tree.h"

namespace brahe {
namespace {

constexpr uint64_t kStartTicks = 5000;

class ProcessDirectoryTest : public testing::Test {
 protected:
  ProcessDirectoryTest() {
    WriteStat("tool");
    proc_.Write("7/comm", "tool\n");
    proc_.Link("7/exe", "/usr/bin/tool");
  }
  void WriteStat(const std::string& comm, uint64_t start = kStartTicks) const {
    proc_.Write("7/stat",
                "7 (" + comm + ") S 1 2 3 0 -1 4 1 2 3 4 20 30 7 8 20 0 1 0 " + std::to_string(start) + " 1 2\n");
  }
  ProcessFacts Read(const std::string& comm_hint, const std::string& exec_path_hint, bool alive = true) const {
    return ProcessDirectory(proc_.path()).Read(key_, comm_hint, exec_path_hint, alive);
  }

  TempTree proc_;
  // Not at the beginning of its tick.
  const ProcessKey key_{7, kStartTicks * 1'000'000'000 / static_cast<uint64_t>(sysconf(_SC_CLK_TCK)) + 12'345};
};

TEST_F(ProcessDirectoryTest, ALiveProcessTellsItsNames) {
  EXPECT_EQ(Read("", ""), (ProcessFacts{"tool", "/usr/bin/tool"}));
  EXPECT_EQ(Read("hint", "./script"), (ProcessFacts{"hint", "/usr/bin/tool"}));
}

TEST_F(ProcessDirectoryTest, OfAProcessThatEndedOnlyTheHintsAreKnown) {
  EXPECT_EQ(Read("hint", "./script", false), (ProcessFacts{"hint", "./script"}));
  EXPECT_EQ(Read("", "", false), ProcessFacts());
}

TEST_F(ProcessDirectoryTest, AnotherProcessOfThatPidLendsNoName) {
  for (const uint64_t start : {kStartTicks - 1, kStartTicks + 1}) {
    WriteStat("other", start);
    EXPECT_EQ(Read("", ""), ProcessFacts());
    EXPECT_EQ(Read("hint", "./script"), (ProcessFacts{"hint", "./script"}));
  }
}

TEST_F(ProcessDirectoryTest, ANameOfAnyBytesDoesNotHideTheStartTime) {
  for (const std::string comm : {") S 1 (", "a b\n", "))", "\xff", ""}) {
    WriteStat(comm);
    proc_.Write("7/comm", comm + "\n");
    EXPECT_EQ(Read("", ""), (ProcessFacts{comm, "/usr/bin/tool"}));
  }
}

TEST_F(ProcessDirectoryTest, AFileThatWasReplacedKeepsItsName) {
  proc_.Remove("7/exe");
  proc_.Link("7/exe", "/usr/bin/tool (deleted)");
  EXPECT_EQ(Read("", "").exe, "/usr/bin/tool");
}

TEST_F(ProcessDirectoryTest, WhatCannotBeReadIsEmptyOrTheHint) {
  proc_.Remove("7/exe");  // a kernel thread
  EXPECT_EQ(Read("", ""), (ProcessFacts{"tool", ""}));
  EXPECT_EQ(Read("", "/bin/hint").exe, "/bin/hint");
  proc_.Remove("7/comm");
  EXPECT_EQ(Read("", ""), ProcessFacts());
  for (const char* garbage :
       {"", ")", "7 (tool", "7 (tool) S 1 2", "7 (tool) S 1 2 3 0 -1 4 1 2 3 4 20 30 7 8 20 0 1 0 x"}) {
    proc_.Write("7/stat", garbage);
    EXPECT_EQ(Read("hint", ""), (ProcessFacts{"hint", ""})) << garbage;
  }
  proc_.Remove("7");
  EXPECT_EQ(Read("", ""), ProcessFacts());
}

TEST(ProcessDirectoryRealTest, KnowsThisVeryTest) {
  const std::string stat = *ReadFile("/proc/self/stat");
  std::string_view rest = std::string_view(stat).substr(stat.rfind(')') + 2);
  for (int field = 3; field < 22; ++field) rest.remove_prefix(rest.find(' ') + 1);
  const uint64_t ticks = *ParseUint64(rest.substr(0, rest.find(' ')));
  const ProcessKey key{static_cast<uint32_t>(getpid()),
                       ticks * 1'000'000'000 / static_cast<uint64_t>(sysconf(_SC_CLK_TCK))};
  const ProcessFacts facts = ProcessDirectory("/proc").Read(key, "", "", true);
  EXPECT_EQ(facts.exe, *ReadLink("/proc/self/exe"));
  EXPECT_EQ(facts.comm + "\n", *ReadFile("/proc/self/comm"));
}

}  // namespace
}  // namespace brahe
