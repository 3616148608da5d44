// As root: clients are other users.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <string>

#include "userspace/base/file.h"
#include "userspace/http/local_socket.h"
#include "userspace/run/count_service.h"
#include "userspace/run/remote_counter.h"

namespace brahe::run {
namespace {

using ::testing::HasSubstr;

constexpr uid_t kAda = 12001, kBob = 12002;

// Notes in a file that all processes of a test share what it is told to do.
class NotingCounter final : public Counter {
 public:
  explicit NotingCounter(int notes) : notes_(notes) {}
  ~NotingCounter() override { Note("gone"); }

  [[nodiscard]] const Origin& origin() const override { return origin_; }
  Status Begin(pid_t held) override {
    pid_ = held;
    Note("begin");
    return {};
  }
  Status HasBegun() override {
    Note("begun");
    return {};
  }
  [[nodiscard]] int Fd() const override { return -1; }
  [[nodiscard]] Nanoseconds Due() const override { return SystemClock().Now() + Milliseconds(1); }
  void Serve(bool /*readable*/) override {}
  Result<std::vector<LeftProcess>> Processes() override { return std::vector<LeftProcess>{{pid_, "held"}}; }
  Result<RunFigures> End(Nanoseconds elapsed) override {
    Note("end");
    return RunFigures{.elapsed = elapsed, .cpu_time = {}, .measured = {}, .zones = {}, .left_running = {}};
  }
  void Abandon() override { Note("abandon"); }

 private:
  void Note(const std::string& what) const {
    [[maybe_unused]] const ssize_t written = write(notes_, (what + "\n").data(), what.size() + 1);
  }

  const int notes_;
  const Origin origin_{.version = "", .energy_source = "fake", .measured = true, .cpu_time_source = "bpf"};
  pid_t pid_ = 0;
};

// A process of `uid` that waits to be ended.
class Sleeper {
 public:
  explicit Sleeper(uid_t uid, uid_t effective) : pid_(fork()) {
    if (pid_ != 0) return;
    if (setresuid(uid, effective, effective) != 0) _exit(1);
    while (true) pause();
  }
  ~Sleeper() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  const pid_t pid_;
};

class CountServiceRealTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    std::filesystem::permissions(folder_, std::filesystem::perms(0755));
    notes_.Reset(open((folder_ + "/notes").c_str(), O_CREAT | O_RDWR | O_APPEND | O_CLOEXEC, 0600));
  }
  void TearDown() override {
    if (service_ > 0) {
      EXPECT_EQ(EndService(), 0);
    }
    file_.reset();
    std::filesystem::remove_all(folder_);
  }

  void Serve(ServiceOptions options = {}) {
    auto socket = http::ListenLocally(Path());
    ASSERT_TRUE(socket) << socket.error().message;
    options.make_counter = [this] {
      return Result<std::unique_ptr<Counter>>(std::make_unique<NotingCounter>(notes_.get()));
    };
    options.may_ask = [](const http::LocalPeer& peer) { return peer.uid != kBob; };
    file_ = std::move(socket->file);
    service_ = fork();
    if (service_ != 0) return;
    const Status served = ServeCounts(std::move(socket->fd), options, SystemClock());
    _exit(served ? 0 : 1);
  }
  // Its exit status.
  int EndService(int signal = SIGTERM) {
    kill(service_, signal);
    return WaitForService();
  }
  int WaitForService() {
    int status = -1;
    waitpid(service_, &status, 0);
    service_ = 0;
    return status;
  }
  [[nodiscard]] std::string Path() const { return folder_ + "/s"; }
  [[nodiscard]] std::string Notes() const { return *ReadFile(folder_ + "/notes"); }
  // Until `text` is all that was noted.
  [[nodiscard]] std::string NotesUntil(const std::string& text) const {
    for (int i = 0; i < 1000 && Notes() != text; ++i) SystemClock().SleepUntil(SystemClock().Now() + Milliseconds(5));
    return Notes();
  }
  // What `work` says in a process of `uid`.
  static std::string As(uid_t uid, const std::function<std::string()>& work) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    const pid_t pid = fork();
    if (pid == 0) {
      if (setgroups(0, nullptr) != 0 || setresuid(uid, uid, uid) != 0) _exit(1);
      const std::string said = work();
      [[maybe_unused]] const ssize_t written = write(ends[1], said.data(), said.size());
      _exit(0);
    }
    close(ends[1]);
    std::string said(1000, '\0');
    size_t size = 0;
    for (ssize_t n = 0; (n = read(ends[0], said.data() + size, said.size() - size)) > 0;)
      size += static_cast<size_t>(n);
    close(ends[0]);
    int status = -1;
    waitpid(pid, &status, 0);
    EXPECT_EQ(status, 0);
    said.resize(size);
    return said;
  }
  [[nodiscard]] LineSocket Connected() const {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    Path().copy(&address.sun_path[0], sizeof address.sun_path - 1);
    UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return LineSocket(std::move(fd));
  }
  // What came of having `pid` counted: "counted", or the error.
  std::string CountAs(uid_t uid, pid_t pid) {
    return As(uid, [&] {
      const auto counter = RemoteCounter::Connect(Path(), SystemClock());
      if (!counter) return counter.error().message;
      const Status begun = (*counter)->Begin(pid);
      if (!begun) return begun.error().message;
      const auto processes = (*counter)->Processes();
      if (!processes || processes->front().pid != pid) return std::string("other processes");
      const auto figures = (*counter)->End(Milliseconds(7));
      return std::string(figures && figures->elapsed == Milliseconds(7) ? "counted" : "no figures");
    });
  }

  std::string folder_ = "/tmp/brahe-count-XXXXXX";
  UniqueFd notes_;
  std::unique_ptr<const http::SocketFile> file_;
  pid_t service_ = 0;
};

TEST_F(CountServiceRealTest, CountsForAUserAProcessOfHis) {
  Serve();
  const Sleeper his(kAda, kAda);
  EXPECT_EQ(CountAs(kAda, his.pid()), "counted");
  EXPECT_EQ(NotesUntil("begin\nbegun\nend\ngone\n"), "begin\nbegun\nend\ngone\n");
}

TEST_F(CountServiceRealTest, CountsForNoUserAProcessOfAnothers) {
  Serve();
  const Sleeper roots(0, 0), half(kAda, 0), another(kBob, kBob);
  for (const Sleeper* sleeper : {&roots, &half, &another}) {
    EXPECT_EQ(CountAs(kAda, sleeper->pid()), "process " + std::to_string(sleeper->pid()) + " is not uid 12001's");
  }
  EXPECT_THAT(Notes(), Not(HasSubstr("begin")));
  EXPECT_EQ(CountAs(0, another.pid()), "counted");
}

TEST_F(CountServiceRealTest, RefusesWhoMayNotAsk) {
  Serve();
  const Sleeper his(kBob, kBob);
  EXPECT_THAT(CountAs(kBob, his.pid()), HasSubstr("uid 12002 may not ask here"));
  EXPECT_EQ(Notes(), "") << "nothing was opened for him";
}

TEST_F(CountServiceRealTest, ACountEndsWithItsClient) {
  Serve();
  const Sleeper his(kAda, kAda);
  EXPECT_EQ(As(kAda,
               [&] {
                 const auto counter = RemoteCounter::Connect(Path(), SystemClock());
                 return std::string(counter && (*counter)->Begin(his.pid()) ? "begun" : "failed");
               }),
            "begun");
  EXPECT_EQ(NotesUntil("begin\nbegun\ngone\n"), "begin\nbegun\ngone\n");
}

TEST_F(CountServiceRealTest, ItsEndGivesBackWhatCounts) {
  Serve();
  const Sleeper his(kAda, kAda);
  const auto counter = RemoteCounter::Connect(Path(), SystemClock());
  ASSERT_TRUE(counter);
  ASSERT_TRUE((*counter)->Begin(his.pid()));
  EXPECT_EQ(EndService(), 0);
  EXPECT_EQ(Notes(), "begin\nbegun\ngone\n");
  const auto figures = (*counter)->End({});
  ASSERT_FALSE(figures);
  EXPECT_EQ(figures.error().message, "the other side of the local socket is gone");
}

TEST_F(CountServiceRealTest, NoMoreClientsThanPlaces) {
  Serve({.make_counter = {}, .may_ask = {}, .most = 2});
  auto first = RemoteCounter::Connect(Path(), SystemClock());
  const auto second = RemoteCounter::Connect(Path(), SystemClock());
  ASSERT_TRUE(first && second);
  const auto third = RemoteCounter::Connect(Path(), SystemClock());
  ASSERT_FALSE(third);
  EXPECT_THAT(third.error().message, HasSubstr("at most 2 commands"));
  first->reset();
  EXPECT_EQ(NotesUntil("gone\n"), "gone\n");
  bool has_place = false;
  for (int i = 0; i < 1000 && !has_place; ++i)
    has_place = static_cast<bool>(RemoteCounter::Connect(Path(), SystemClock()));
  EXPECT_TRUE(has_place);
}

TEST_F(CountServiceRealTest, EndsWhenNobodyAsks) {
  Serve({.make_counter = {}, .may_ask = {}, .idle = Milliseconds(50)});
  EXPECT_EQ(WaitForService(), 0);
}

TEST_F(CountServiceRealTest, AClientThatStopsAmidALineIsGivenUp) {
  Serve({.make_counter = {}, .may_ask = {}, .patience = Milliseconds(50)});
  LineSocket lines = Connected();
  ASSERT_TRUE(lines.Read());
  ASSERT_EQ(write(lines.fd(), "{", 1), 1);
  EXPECT_FALSE(lines.Read()) << "it is closed";
  EXPECT_EQ(NotesUntil("gone\n"), "gone\n");
}

TEST_F(CountServiceRealTest, WhatIsNoQuestionIsAnsweredAndEndsTheCount) {
  Serve();
  LineSocket lines = Connected();
  ASSERT_TRUE(lines.Read());
  ASSERT_TRUE(lines.Write(R"({"ask":"end","elapsed_ns":1})"));
  EXPECT_THAT(*lines.Read(), HasSubstr("nothing is counted"));
  ASSERT_TRUE(lines.Write(R"({"ask":"begin"})"));
  EXPECT_THAT(*lines.Read(), HasSubstr("no process came with the question"));
  ASSERT_TRUE(lines.Write(R"({"ask":"begin"})", notes_.get()));
  EXPECT_THAT(*lines.Read(), HasSubstr("is no process that lives"));
  ASSERT_TRUE(lines.Write("hello"));
  EXPECT_THAT(*lines.Read(), HasSubstr("the question is not understood"));
  EXPECT_FALSE(lines.Read());
  EXPECT_EQ(NotesUntil("gone\n"), "gone\n");
}

}  // namespace
}  // namespace brahe::run
