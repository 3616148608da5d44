#include "userspace/terminal/stdout_exporter.h"

#include <glog/logging.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "userspace/terminal/summary_lines.h"
#include "userspace/terminal/summary_table.h"

namespace brahe::terminal {
namespace {

// Control sequences (ECMA-48): what is on the screen is overwritten line by line, so that nothing flickers.
constexpr char kHome[] = "\x1b[H";
constexpr char kClearLine[] = "\x1b[K";
constexpr char kClearBelow[] = "\x1b[J";

// A terminal stops background processes that write (stty tostop), all threads of them; a closed pipe kills.
void BlockWriteSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTTOU);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

TableSize SizeOf(int terminal) {
  winsize size = {};
  if (ioctl(terminal, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {.columns = size.ws_col, .rows = size.ws_row};
}

// No line break after the last line, which would scroll the screen.
std::string FrameOf(const std::vector<std::string>& lines) {
  std::string frame = kHome;
  for (size_t i = 0; i < lines.size(); ++i) frame.append(i == 0 ? "" : "\r\n").append(kClearLine).append(lines[i]);
  return frame.append(kClearBelow);
}

}  // namespace

StdoutExporter::StdoutExporter(monitor::SnapshotSource& source, StdoutOptions options)
    : source_(source),
      interval_(options.interval),
      is_terminal_(isatty(options.fd) == 1),
      levels_(std::move(options.levels)),
      writer_(options.fd),
      thread_([this] { Run(); }) {}

StdoutExporter::~StdoutExporter() {
  writer_.Stop();
  thread_.join();
}

void StdoutExporter::SetLevels(std::vector<std::string> levels) {
  const std::lock_guard lock(mutex_);
  levels_ = std::move(levels);
}

void StdoutExporter::Run() {
  BlockWriteSignals();
  const bool on_demand = interval_ == Nanoseconds();
  uint64_t printed = 0;
  while (writer_.Sleep(on_demand ? Seconds(1) : interval_)) {
    const std::shared_ptr<const monitor::Snapshot> snapshot = on_demand ? source_.Fresh() : source_.Latest();
    if (snapshot == nullptr || snapshot->epoch == printed) continue;
    if (!Print(*snapshot)) return;
    printed = snapshot->epoch;
  }
}

bool StdoutExporter::Print(const monitor::Snapshot& snapshot) {
  const auto outcome = writer_.Write(TextOf(snapshot));
  if (outcome) {
    faults_.Clear("write", "stdout is written again");
    return *outcome == StoppableWriter::Outcome::kWritten;
  }
  if (const int code = outcome.error().code; code == EPIPE || code == EIO) {  // a pipe, a terminal that is closed
    LOG(WARNING) << outcome.error().message << "; nothing more is printed, restart to print again";
    return false;
  }
  faults_.Report("write", outcome.error().message);
  return true;
}

std::string StdoutExporter::TextOf(const monitor::Snapshot& snapshot) const {
  const std::lock_guard lock(mutex_);
  if (!is_terminal_) return SummaryLines(snapshot, levels_);
  return FrameOf(SummaryTable(snapshot, levels_, SizeOf(writer_.fd())));
}

}  // namespace brahe::terminal
