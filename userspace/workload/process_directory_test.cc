#include "userspace/workload/process_directory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "userspace/base/file.h"
#include "userspace/base/process_stat_text.h"
#include "userspace/base/temp_tree.h"

namespace brahe::workload {
namespace {

constexpr uint64_t kStartTicks = 5000;
constexpr uint64_t kKernelThread = 0x00200000;

class ProcessDirectoryTest : public testing::Test {
 protected:
  ProcessDirectoryTest() {
    WriteStat("tool");
    proc_.Write("7/comm", "tool\n");
    proc_.Link("7/exe", "/usr/bin/tool");
  }
  void WriteStat(const std::string& comm, uint64_t start = kStartTicks) const { WriteStatOf(7, comm, start, 4); }
  void WriteStatOf(int pid, const std::string& comm, uint64_t start, uint32_t flags) const {
    const ProcessStat stat{.comm = comm, .state = 'S', .parent = 1, .flags = flags, .start_ticks = start};
    proc_.Write(std::to_string(pid) + "/stat", ProcessStatText(static_cast<uint32_t>(pid), stat));
  }
  // Makes process `pid` a hypervisor that runs a virtual machine called `name`.
  void WriteHypervisor(int pid, const std::string& name, uint64_t start = kStartTicks) const {
    const std::string folder = std::to_string(pid);
    proc_.Remove(folder);
    WriteStatOf(pid, "CPU 0/KVM", start, 4);
    proc_.Write(folder + "/comm", "qemu-kvm\n");
    proc_.Link(folder + "/exe", "/usr/libexec/qemu-kvm");
    proc_.Write(folder + "/cmdline", "kvm" + std::string(1, '\0') + "-name" + '\0' + name + '\0');
  }
  void WriteKernelThread(const std::string& comm) const {
    proc_.Remove("7");
    WriteStatOf(7, comm, kStartTicks, kKernelThread);
    proc_.Write("7/comm", comm + "\n");
  }
  // Without whether they are complete.
  ProcessFacts Read(const std::string& comm_hint, const std::string& exec_path_hint, bool alive = true) const {
    ProcessFacts facts = ProcessDirectory(proc_.path()).Read(key_, comm_hint, exec_path_hint, alive);
    facts.complete = true;
    return facts;
  }
  bool IsComplete(bool alive = true) const { return ProcessDirectory(proc_.path()).Read(key_, "", "", alive).complete; }

  TempTree proc_;
  const VirtualMachine web_{"web", "web", "kvm"};
  // Not at the beginning of its tick.
  const ProcessKey key_{7, kStartTicks * 1'000'000'000 / static_cast<uint64_t>(sysconf(_SC_CLK_TCK)) + 12'345};
};

TEST_F(ProcessDirectoryTest, ALiveProcessTellsItsNames) {
  EXPECT_EQ(Read("", ""), (ProcessFacts{"tool", "/usr/bin/tool"}));
  EXPECT_EQ(Read("hint", "./script"), (ProcessFacts{"hint", "/usr/bin/tool"}));
}

TEST_F(ProcessDirectoryTest, ALiveProcessTellsItsRealUser) {
  EXPECT_EQ(Read("", "").uid, std::nullopt);
  proc_.Write("7/status", "Name:\ttool\nUid:\t1000\t0\t0\t0\n");
  EXPECT_EQ(Read("", "").uid, 1000U);
  EXPECT_EQ(Read("hint", "./script").uid, 1000U);
  EXPECT_EQ(Read("", "", false).uid, std::nullopt);
  WriteStat("other", kStartTicks + 1);
  EXPECT_EQ(Read("", "").uid, std::nullopt) << "it is another's";
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

TEST_F(ProcessDirectoryTest, OfALongPathTheEndIsKept) {
  const auto exe_of = [this](const std::string& path) {
    proc_.Remove("7/exe");
    proc_.Link("7/exe", path);
    return Read("", "").exe;
  };
  const std::string fits = "/" + std::string(kLongestExe - 6, 'x') + "/tool";
  EXPECT_EQ(exe_of(fits), fits);
  std::string folders;
  while (folders.size() < 4000) folders += "/folder";
  const std::string exe = exe_of(folders + "/tool");
  EXPECT_EQ(exe.size(), kLongestExe);
  EXPECT_TRUE(exe.starts_with("...") && exe.ends_with("/folder/folder/tool")) << exe;
  std::string letters;
  while (letters.size() < 1000) letters += "\xe2\x82\xac";
  for (const std::string end : {"", "a", "ab"}) {
    const std::string cut = exe_of("/" + letters + end);
    EXPECT_LE(cut.size(), kLongestExe);
    EXPECT_GT(cut.size(), kLongestExe - 3);
    EXPECT_TRUE(cut.starts_with("...\xe2\x82\xac")) << cut;
  }
  EXPECT_LE(Read("", folders, /*alive=*/false).exe.size(), kLongestExe) << "what the source tells as well";
}

TEST_F(ProcessDirectoryTest, ALongPathDoesNotHideAVirtualMachine) {
  WriteHypervisor(7, "web");
  proc_.Remove("7/exe");
  proc_.Link("7/exe", "/" + std::string(1000, 'x') + "/qemu-kvm");
  EXPECT_EQ(Read("", "").vm, web_);
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

TEST_F(ProcessDirectoryTest, FactsAreCompleteWhenAllThatSuchAProcessHasWasRead) {
  const std::string status = "Name:\ttool\nUid:\t1000\t0\t0\t0\n";
  WriteHypervisor(7, "web");
  proc_.Write("7/status", status);
  EXPECT_TRUE(IsComplete());
  for (const char* file : {"stat", "comm", "status", "cmdline", "exe"}) {
    WriteHypervisor(7, "web");
    if (file != std::string("status")) proc_.Write("7/status", status);
    proc_.Remove(std::string("7/") + file);
    EXPECT_FALSE(IsComplete()) << file;
    EXPECT_TRUE(IsComplete(false)) << "of what has ended there is no more";
  }
  WriteHypervisor(7, "web");
  proc_.Write("7/status", status.substr(0, status.find("\t0")));
  EXPECT_FALSE(IsComplete());
  proc_.Write("7/status", status);
  proc_.Write("7/cmdline", "");
  EXPECT_FALSE(IsComplete());
  WriteStat("other", kStartTicks + 1);
  EXPECT_TRUE(IsComplete()) << "it is another's";
  WriteKernelThread("kthread");
  proc_.Write("7/status", status);
  EXPECT_TRUE(IsComplete()) << "it executes nothing";
}

TEST_F(ProcessDirectoryTest, AHypervisorTellsItsVirtualMachine) {
  WriteHypervisor(7, "web");
  EXPECT_EQ(Read("", ""), (ProcessFacts{"qemu-kvm", "/usr/libexec/qemu-kvm", web_}));
  proc_.Remove("7/exe");
  proc_.Link("7/exe", "/usr/libexec/qemu-kvm;65a1f0c3 (deleted)");
  EXPECT_EQ(Read("", "").vm, web_);
  proc_.Remove("7/exe");  // as it is for those who may not read it
  EXPECT_EQ(Read("", "/usr/libexec/qemu-kvm").vm, web_);
  EXPECT_EQ(Read("", "").vm, std::nullopt);
}

TEST_F(ProcessDirectoryTest, AProcessThatIsNotThereRunsNoVirtualMachine) {
  WriteHypervisor(7, "web");
  EXPECT_EQ(Read("qemu-kvm", "/usr/libexec/qemu-kvm", false).vm, std::nullopt);
  WriteHypervisor(7, "another", kStartTicks + 1);
  EXPECT_EQ(Read("qemu-kvm", "/usr/libexec/qemu-kvm").vm, std::nullopt);
}

TEST_F(ProcessDirectoryTest, WithoutACommandLineAHypervisorRunsNothing) {
  WriteHypervisor(7, "web");
  proc_.Write("7/cmdline", "");
  EXPECT_EQ(Read("", ""), (ProcessFacts{"qemu-kvm", "/usr/libexec/qemu-kvm"}));
  proc_.Remove("7/cmdline");
  EXPECT_EQ(Read("", ""), (ProcessFacts{"qemu-kvm", "/usr/libexec/qemu-kvm"}));
}

TEST_F(ProcessDirectoryTest, OnlyTheExecutableMakesAHypervisor) {
  proc_.Write("7/cmdline", "qemu-kvm" + std::string(1, '\0') + "-name" + '\0' + "web" + '\0');
  EXPECT_EQ(Read("qemu-kvm", "/usr/libexec/qemu-kvm"), (ProcessFacts{"qemu-kvm", "/usr/bin/tool"}));
}

TEST_F(ProcessDirectoryTest, AKernelThreadThatWorksForAVirtualMachineIsPartOfIt) {
  WriteHypervisor(8, "web");
  WriteKernelThread("vhost-8");
  EXPECT_EQ(Read("", ""), (ProcessFacts{"vhost-8", "", web_}));
  EXPECT_EQ(Read("vhost-8", "").vm, web_);
  EXPECT_EQ(Read("vhost-8", "", false).vm, std::nullopt);
  WriteStatOf(7, "vhost-8", kStartTicks + 1, kKernelThread);
  EXPECT_EQ(Read("", "").vm, std::nullopt);  // not the thread that was asked for
}

TEST_F(ProcessDirectoryTest, AKernelThreadsVirtualMachineIsOlderThanTheThread) {
  WriteKernelThread("vhost-8");
  WriteHypervisor(8, "web", kStartTicks - 1);
  EXPECT_EQ(Read("", "").vm, web_);
  WriteHypervisor(8, "another", kStartTicks + 1);
  EXPECT_EQ(Read("", "").vm, std::nullopt);
}

TEST_F(ProcessDirectoryTest, AKernelThreadOfOtherNamesOrProcessesHasNoVirtualMachine) {
  WriteHypervisor(8, "web");
  for (const char* comm : {"vhost-", "vhost-x8", "vhost-8x", "vhost-9", "vhost-4294967304", "vhost--8", "xvhost-8",
                           "kworker/8:0", "8", "vhost-18446744073709551624"}) {
    WriteKernelThread(comm);
    EXPECT_EQ(Read("", ""), (ProcessFacts{comm, ""}));
  }
  WriteKernelThread("vhost-8");
  proc_.Remove("8/exe");
  proc_.Link("8/exe", "/usr/bin/tool");
  EXPECT_EQ(Read("", "").vm, std::nullopt);
}

TEST_F(ProcessDirectoryTest, AProcessThatCallsItselfLikeAKernelThreadIsNone) {
  WriteHypervisor(8, "web");
  proc_.Write("7/comm", "vhost-8\n");
  EXPECT_EQ(Read("", ""), (ProcessFacts{"vhost-8", "/usr/bin/tool"}));
  proc_.Remove("7/exe");  // its first thread has ended
  EXPECT_EQ(Read("", ""), (ProcessFacts{"vhost-8", ""}));
}

TEST(ProcessDirectoryRealTest, KnowsThisVeryTest) {
  ProcessStat stat;
  ASSERT_TRUE(ParseProcessStat(*ReadFile("/proc/self/stat"), stat));
  const ProcessKey key{static_cast<uint32_t>(getpid()),
                       stat.start_ticks * 1'000'000'000 / static_cast<uint64_t>(sysconf(_SC_CLK_TCK))};
  const ProcessFacts facts = ProcessDirectory("/proc").Read(key, "", "", true);
  EXPECT_EQ(facts.exe, *ReadLink("/proc/self/exe"));
  EXPECT_EQ(facts.comm + "\n", *ReadFile("/proc/self/comm"));
}

}  // namespace
}  // namespace brahe::workload
