#include "bench/herd.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include "userspace/cpu/child_process.h"

namespace brahe::bench {
namespace {

void Sleep(size_t) {
  while (true) pause();
}

TEST(Herd, AllOfItLivesAtOnce) {
  const auto herd = Herd::Start(20, Sleep);
  ASSERT_TRUE(herd) << herd.error().message;
  EXPECT_EQ(herd->pids().size(), 20U);
  for (const pid_t pid : herd->pids()) EXPECT_EQ(waitpid(pid, nullptr, WNOHANG), 0) << "ended";
}

TEST(Herd, EachKnowsItsNumberAndLeavesWhenItIsDone) {
  const auto herd = Herd::Start(3, [](size_t i) { _exit(static_cast<int>(10 + i)); });
  ASSERT_TRUE(herd);
  for (size_t i = 0; i < 3; ++i) {
    siginfo_t end = {};
    ASSERT_EQ(waitid(P_PID, static_cast<id_t>(herd->pids()[i]), &end, WEXITED | WNOWAIT), 0);
    EXPECT_EQ(end.si_status, static_cast<int>(10 + i));
  }
}

TEST(Herd, NothingOfItIsLeftAtTheEnd) {
  std::vector<pid_t> pids;
  {
    const auto herd = Herd::Start(5, Sleep);
    ASSERT_TRUE(herd);
    pids = herd->pids();
  }
  for (const pid_t pid : pids) EXPECT_EQ(kill(pid, 0), -1);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

// In a process of its own, without the right to exceed the limit.
TEST(Herd, TooManyAreAnErrorThatSaysHowManyThereCouldBe) {
  const auto try_it = [] {
    const rlimit few = {5, 5};  // of this user, which has no other processes
    if (setrlimit(RLIMIT_NPROC, &few) != 0 || setuid(4'242'424) != 0) _exit(2);
    const auto herd = Herd::Start(20, Sleep);
    if (herd) _exit(3);
    const bool named = herd.error().message.find("fork process 5 of 20 (raise ") == 0;
    const bool alone = waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD;
    _exit(!named ? 4 : !alone ? 5 : 0);
  };
  EXPECT_EXIT(try_it(), testing::ExitedWithCode(0), "");
}

// A pipe that children inherit: at its end when none of them is left.
class Pipe {
 public:
  Pipe() {
    if (pipe(ends_) != 0) abort();
  }
  ~Pipe() { close(ends_[0]); }

  void Say() const {
    const char byte = 'x';
    if (write(ends_[1], &byte, 1) != 1) abort();
  }
  bool Hear() const {
    char byte;
    return read(ends_[0], &byte, 1) == 1;
  }
  // Without its own end this process is none of those that are waited for, which it is for twenty seconds at most.
  void ExpectEnd() {
    close(ends_[1]);
    alarm(20);
    EXPECT_FALSE(Hear());
    alarm(0);
  }

 private:
  int ends_[2] = {-1, -1};
};

TEST(Herd, ItDiesWithItsMaker) {
  Pipe pipe;
  cpu::ChildProcess maker([&] {
    const auto herd = Herd::Start(3, [&](size_t i) {
      pipe.Say();
      Sleep(i);
    });
    Sleep(0);
  });
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(pipe.Hear());
  maker.Kill();
  maker.Wait();
  pipe.ExpectEnd();
}

TEST(Herd, ItDiesWithAMakerThatWasFasterThanIt) {
  Pipe pipe;
  for (int i = 0; i < 100; ++i) {
    cpu::ChildProcess([] {
      const auto herd = Herd::Start(2, Sleep);
      _exit(0);
    }).Wait();
  }
  pipe.ExpectEnd();
}

}  // namespace
}  // namespace brahe::bench
