#include "userspace/terminal/stdout_exporter.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/exposition/test_snapshot.h"

namespace brahe::terminal {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// A new epoch each time that it is asked.
class FakeSource : public monitor::SnapshotSource {
 public:
  explicit FakeSource(monitor::Snapshot snapshot = exposition::SmallSnapshot()) : snapshot_(std::move(snapshot)) {}

  std::shared_ptr<const monitor::Snapshot> Fresh() override {
    ++fresh;
    return Make();
  }
  [[nodiscard]] std::shared_ptr<const monitor::Snapshot> Latest() const override {
    ++latest;
    return Make();
  }
  [[nodiscard]] bool Healthy() const override { return true; }
  std::vector<monitor::EpochTiming> TakeEpochTimings() override { return {}; }

  mutable std::atomic<int> fresh = 0, latest = 0;
  std::atomic<bool> stands_still = false;

 private:
  [[nodiscard]] std::shared_ptr<const monitor::Snapshot> Make() const {
    auto snapshot = std::make_shared<monitor::Snapshot>(snapshot_);
    snapshot->epoch = stands_still ? 1 : static_cast<uint64_t>(fresh + latest);
    return snapshot;
  }

  const monitor::Snapshot snapshot_;
};

struct Ends {
  UniqueFd reading, writing;
};

Ends MakePipe() {
  std::array<int, 2> fds = {};
  EXPECT_EQ(pipe2(fds.data(), O_CLOEXEC), 0);
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

Ends MakeTerminal(uint16_t columns, uint16_t rows) {
  winsize size = {.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
  int master = -1;
  int slave = -1;
  EXPECT_EQ(openpty(&master, &slave, nullptr, nullptr, &size), 0);
  return {UniqueFd(master), UniqueFd(slave)};
}

StdoutOptions Options(const Ends& ends) {
  return {
      .interval = Milliseconds(1), .levels = {"node", "process", "container", "vm", "pod"}, .fd = ends.writing.get()};
}

// What comes until `end` has come `times` times; what came until nothing more does, or a great deal, if it does not.
std::string ReadUntil(const Ends& ends, const std::string& end, int times = 1) {
  std::string text;
  for (int seen = 0; seen < times && text.size() < 1'000'000;) {
    pollfd readable = {ends.reading.get(), POLLIN, 0};
    if (poll(&readable, 1, 10'000) <= 0) break;
    char c = 0;
    if (read(ends.reading.get(), &c, 1) != 1) break;
    text.push_back(c);
    if (text.ends_with(end)) ++seen;
  }
  return text;
}

template <typename Condition>
bool Within10Seconds(Condition condition) {
  for (int i = 0; i < 10'000 && !condition(); ++i) usleep(1'000);
  return condition();
}

TEST(StdoutExporterTest, APipeGetsLines) {
  const Ends ends = MakePipe();
  FakeSource source;
  const StdoutExporter exporter(source, Options(ends));
  const std::string text = ReadUntil(ends, "pod-2", 2);
  EXPECT_THAT(text, StartsWith("time=2023-11-14T22:13:20.123Z level=node "));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(StdoutExporterTest, ATerminalIsRedrawnInPlaceAndNeverScrolls) {
  const Ends ends = MakeTerminal(70, 12);
  FakeSource source;
  const StdoutExporter exporter(source, Options(ends));
  const std::string two = ReadUntil(ends, "\x1b[J", 2);
  const std::string first = two.substr(0, two.find("\x1b[J"));
  EXPECT_THAT(first, AllOf(StartsWith("\x1b[H\x1b[K2023-11-14T22:13:20.123Z  CPU 25.0%"), HasSubstr("we\\ird")));
  EXPECT_EQ(std::count(first.begin(), first.end(), '\n'), 11);
  EXPECT_EQ(two.substr(first.size(), 6), "\x1b[J\x1b[H");
}

TEST(StdoutExporterTest, ASocketGetsLines) {
  std::array<int, 2> fds = {};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
  const Ends ends{UniqueFd(fds[0]), UniqueFd(fds[1])};
  FakeSource source(exposition::LargeSnapshot(20));
  {
    const StdoutExporter exporter(source, Options(ends));
    EXPECT_THAT(ReadUntil(ends, "level=process", 2), HasSubstr("level=node"));
    const int before = source.latest;
    ASSERT_TRUE(Within10Seconds([&] { return source.latest > before + 5; }));
  }  // ends, although nobody reads
}

TEST(StdoutExporterTest, TheFlagsOfTheSharedDescriptionStayAsTheyAre) {
  for (const Ends& ends : {MakePipe(), MakeTerminal(80, 24)}) {
    const int before = fcntl(ends.writing.get(), F_GETFL);
    FakeSource source;
    const StdoutExporter exporter(source, Options(ends));
    ReadUntil(ends, "package");
    EXPECT_EQ(fcntl(ends.writing.get(), F_GETFL), before);
    EXPECT_EQ(before & O_NONBLOCK, 0);
  }
}

// More in one piece than a pipe has place for where poll says that it has some.
monitor::Snapshot LongSnapshot() {
  monitor::Snapshot snapshot = exposition::LargeSnapshot(20);
  for (int i = 0; i < 20; ++i) {
    exposition::AddContainer(snapshot, {std::to_string(i), std::string(3'000, 'x'), "containerd", ""},
                             monitor::WorkloadState::kRunning, {});
  }
  return snapshot;
}

TEST(StdoutExporterTest, AReaderThatDoesNotReadDelaysNoEnd) {
  for (const Ends& ends : {MakePipe(), MakeTerminal(200, 60)}) {
    FakeSource source(LongSnapshot());
    const StdoutExporter exporter(source, Options(ends));
    int before = -1;
    ASSERT_TRUE(Within10Seconds([&] {  // until it stands still
      const int now = source.latest;
      usleep(50'000);
      return now > 0 && std::exchange(before, now) == now && source.latest == now;
    }));
  }
}

TEST(StdoutExporterTest, AfterAWaitTheLineGoesOnWhereItStopped) {
  const Ends ends = MakePipe();
  ASSERT_GT(fcntl(ends.writing.get(), F_SETPIPE_SZ, 4096), 0);
  FakeSource source;
  const StdoutExporter exporter(source, Options(ends));
  usleep(50'000);
  const std::string text = ReadUntil(ends, "level=node", 20);
  size_t lines = 0;
  for (size_t at = 0; (at = text.find('\n', at)) != std::string::npos; ++lines) {
    ++at;
    ASSERT_EQ(text.compare(at, 5, "time="), 0) << text.substr(at, 100);
  }
  EXPECT_EQ(lines, 19u * 8);
}

TEST(StdoutExporterTest, AClosedPipeEndsThePrintingOnly) {
  Ends ends = MakePipe();
  FakeSource source;
  const StdoutExporter exporter(source, Options(ends));
  ReadUntil(ends, "pod-2");
  testing::internal::CaptureStderr();
  ends.reading.Reset();
  int before = -1;
  EXPECT_TRUE(Within10Seconds([&] {
    const int now = source.latest;
    usleep(50'000);
    return std::exchange(before, now) == now && source.latest == now;
  }));
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("write to stdout: Broken pipe; nothing more is printed"));
  EXPECT_EQ(log.find("Broken pipe"), log.rfind("Broken pipe"));
}

TEST(StdoutExporterTest, AFullDiskIsSaidOnceAndTriedAgain) {
  const Ends ends{UniqueFd(), UniqueFd(open("/dev/full", O_WRONLY | O_CLOEXEC))};
  ASSERT_TRUE(ends.writing.valid());
  testing::internal::CaptureStderr();
  FakeSource source;
  {
    const StdoutExporter exporter(source, Options(ends));
    EXPECT_TRUE(Within10Seconds([&] { return source.latest > 10; }));
  }
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("write to stdout: No space left"));
  EXPECT_EQ(log.find("No space"), log.rfind("No space"));
}

TEST(StdoutExporterTest, AnEpochIsPrintedOnce) {
  const Ends ends = MakePipe();
  FakeSource source;
  source.stands_still = true;
  {
    const StdoutExporter exporter(source, Options(ends));
    EXPECT_TRUE(Within10Seconds([&] { return source.latest > 20; }));
  }
  char text[65'536];
  const ssize_t size = read(ends.reading.get(), text, sizeof text);
  ASSERT_GT(size, 0);
  EXPECT_EQ(std::count(text, text + size, '\n'), 8);
}

TEST(StdoutExporterTest, WithoutAnIntervalItAsksForFreshFigures) {
  const Ends ends = MakePipe();
  FakeSource source;
  StdoutOptions options = Options(ends);
  options.interval = {};
  const StdoutExporter exporter(source, options);
  ReadUntil(ends, "pod-2");
  EXPECT_EQ(source.fresh, 1);
  EXPECT_EQ(source.latest, 0);
}

TEST(StdoutExporterTest, LevelsCanChange) {
  const Ends ends = MakePipe();
  FakeSource source;
  StdoutExporter exporter(source, Options(ends));
  ReadUntil(ends, "level=vm");
  exporter.SetLevels({"node"});
  EXPECT_THAT(ReadUntil(ends, "dram_idle_joules=0.000005\ntime=2023-11-14T22:13:20.123Z level=node"),
              HasSubstr("level=node"));
}

}  // namespace
}  // namespace brahe::terminal
