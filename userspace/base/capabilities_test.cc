// Needs root: a right can be given up only by who has it.
#include "userspace/base/capabilities.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "userspace/base/file.h"

namespace brahe {
namespace {

// The line of /proc/thread-self/status that begins with `key`, without the key.
std::string StatusOf(const std::string& key) {
  const auto status = ReadFile("/proc/thread-self/status");
  const size_t at = status ? status->find("\n" + key + ":\t") : std::string::npos;
  if (at == std::string::npos) return "unknown";
  const size_t begin = at + key.size() + 3;
  return status->substr(begin, status->find('\n', begin) - begin);
}

std::string Hex(const std::vector<cap_value_t>& capabilities) {
  uint64_t mask = 0;
  for (const cap_value_t capability : capabilities) mask |= uint64_t{1} << capability;
  char text[17];
  snprintf(text, sizeof text, "%016lx", mask);
  return text;
}

// For children, which end with the number of what was not so.
void Expect(bool so, int number) {
  if (!so) _exit(number);
}

int StatusOfChild(const std::function<void()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    work();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(CapabilitiesTest, WhatIsNotKeptIsGoneFromEverySetAndForLaterThreads) {
  const std::vector<cap_value_t> kept = {CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH};
  const int status = StatusOfChild([&] {
    Expect(HasCapability(CAP_SYS_CHROOT), 1);
    Expect(KeepOnlyCapabilities(kept).has_value(), 2);
    Expect(!HasCapability(CAP_SYS_CHROOT) && HasCapability(CAP_SYS_PTRACE), 3);
    std::thread([&] {
      Expect(StatusOf("CapPrm") == Hex(kept), 4);
      Expect(StatusOf("CapEff") == Hex(kept), 5);
      Expect(StatusOf("CapBnd") == Hex(kept), 6);
      Expect(StatusOf("CapInh") == Hex({}), 7);
      Expect(StatusOf("CapAmb") == Hex({}), 8);
      Expect(StatusOf("NoNewPrivs") == "1", 9);
    }).join();
    Expect(chroot("/") != 0, 10);
  });
  EXPECT_EQ(status, 0);
}

TEST(CapabilitiesTest, WhatIsToBeKeptAndNotHadIsNoFault) {
  const int status = StatusOfChild([] {
    Expect(KeepOnlyCapabilities({CAP_SYS_PTRACE}).has_value(), 1);
    Expect(KeepOnlyCapabilities({CAP_SYS_PTRACE, CAP_SYS_CHROOT}).has_value(), 2);
    Expect(StatusOf("CapEff") == Hex({CAP_SYS_PTRACE}), 3);
    Expect(KeepOnlyCapabilities({}).has_value(), 4);
    Expect(StatusOf("CapPrm") == Hex({}), 5);
  });
  EXPECT_EQ(status, 0);
}

TEST(CapabilitiesTest, WhatIsDoneWithoutComesBackAndNothingMore) {
  const int status = StatusOfChild([] {
    Expect(KeepOnlyCapabilities({CAP_SYS_PTRACE, CAP_SYS_CHROOT}).has_value(), 1);
    {
      const WithoutCapabilities without({CAP_SYS_CHROOT, CAP_BPF});
      Expect(!HasCapability(CAP_SYS_CHROOT) && HasCapability(CAP_SYS_PTRACE), 2);
    }
    Expect(StatusOf("CapEff") == Hex({CAP_SYS_PTRACE, CAP_SYS_CHROOT}), 3);
  });
  EXPECT_EQ(status, 0);
}

TEST(CapabilitiesTest, AllThatIsPermittedIsTakenIntoUseAndNothingMore) {
  const int status = StatusOfChild([] {
    Expect(KeepOnlyCapabilities({CAP_SYS_PTRACE, CAP_SYS_CHROOT}).has_value(), 1);
    const WithoutCapabilities without({CAP_SYS_PTRACE, CAP_SYS_CHROOT});
    Expect(StatusOf("CapEff") == Hex({}), 2);
    Expect(UsePermittedCapabilities().has_value(), 3);
    Expect(StatusOf("CapEff") == Hex({CAP_SYS_PTRACE, CAP_SYS_CHROOT}), 4);
  });
  EXPECT_EQ(status, 0);
}

TEST(CapabilitiesTest, AreCalledAsTheManualCallsThem) {
  EXPECT_EQ(NamesOf({CAP_BPF, CAP_SYS_PTRACE}), "cap_bpf,cap_sys_ptrace");
  EXPECT_EQ(NamesOf({}), "none");
}

}  // namespace
}  // namespace brahe
