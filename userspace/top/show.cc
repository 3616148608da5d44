#include "userspace/top/show.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "userspace/terminal/figure_text.h"

namespace brahe::top {
namespace {

constexpr Nanoseconds kLongest = Seconds(3600);

struct Woken {
  bool by_feed = false;
  bool by_key = false;
  Signals::Seen signals;
};

// Until the feed has something or is due, a signal comes, or a key (`keys`: -1: there are none).
Result<Woken> Wait(const ShowParts& parts, int keys, const Clock& clock) {
  std::array<pollfd, 3> fds = {{{.fd = parts.signals.fd(), .events = POLLIN, .revents = 0},
                                {.fd = parts.feed.Fd(), .events = POLLIN, .revents = 0},
                                {.fd = keys, .events = POLLIN, .revents = 0}}};
  const auto due = parts.feed.Due();
  const Nanoseconds now = clock.Now();
  Nanoseconds wait = kLongest;
  if (due) wait = *due > now ? std::min(*due - now, kLongest) : Nanoseconds();
  const timespec timeout = {.tv_sec = static_cast<time_t>(wait.value / 1'000'000'000),
                            .tv_nsec = static_cast<long>(wait.value % 1'000'000'000)};
  if (ppoll(fds.data(), fds.size(), &timeout, nullptr) < 0 && errno != EINTR) return SystemError("poll");
  Woken woken{.by_feed = fds[1].revents != 0 || (due && *due <= clock.Now()),
              .by_key = fds[2].revents != 0,
              .signals = parts.signals.Read()};
  if (fds[2].revents & (POLLHUP | POLLERR | POLLNVAL)) woken.signals.end = true;  // the terminal is gone
  return woken;
}

// Writes what came into the recording.
Status Record(const ShowParts& parts, const Update& update) {
  if (parts.recorder == nullptr || update.frames.empty()) return {};
  return parts.recorder->Add(update.document);
}

void ShowIn(View& view, Update update, bool frozen) {
  if (update.restarts) view.Restart();
  for (Frame& frame : update.frames) view.Show(std::move(frame), frozen);
}

std::string RecordingText(const RecordingWriter& recorder) {
  return std::string(recorder.is_full() ? "recording is full at " : "recording ") +
         terminal::Millionths(recorder.size(), 1) + " MB";
}

class Live {
 public:
  Live(const ShowParts& parts, CursesTerminal& terminal, View view, const Clock& clock)
      : parts_(parts), terminal_(terminal), view_(std::move(view)), clock_(clock) {}

  Status Run() {
    Draw();
    for (;;) {
      const auto woken = Wait(parts_, STDIN_FILENO, clock_);
      if (!woken) return woken.error();
      if (woken->signals.end) return {};
      if (woken->signals.resize) terminal_.Resize();
      bool is_new = woken->signals.resize;
      if (woken->by_key) {
        while (const auto key = terminal_.ReadKey()) {
          if (!Press(*key)) return {};
          is_new = true;
        }
      }
      if (woken->by_feed) {
        auto taken = Take();
        if (!taken) return taken.error();
        is_new = is_new || *taken;
      }
      if (is_new) Draw();
    }
  }

 private:
  // False: it is the end.
  bool Press(const Key& key) {
    constexpr char kControlL = 12;
    if (key.character == kControlL) terminal_.Forget();
    warning_.clear();
    const Wish wish = view_.Press(key);
    if (wish == Wish::kQuit) return false;
    if (wish == Wish::kPause && !parts_.feed.CanPause()) frozen_ = !frozen_;
    parts_.feed.Obey(wish);
    return true;
  }

  // Whether there is anything new to be seen. An Error is one of the recording.
  Result<bool> Take() {
    auto update = parts_.feed.Take();
    if (!update) {
      // Why an epoch fails is logged, once.
      const std::string why = parts_.warning();
      if (fault_.empty() || !why.empty()) fault_ = update.error().message + (why.empty() ? "" : ": " + why);
      return true;
    }
    if (update->frames.empty()) return false;
    fault_.clear();
    if (const Status recorded = Record(parts_, *update); !recorded) return recorded.error();
    if (std::string warning = parts_.warning(); !warning.empty()) warning_ = std::move(warning);
    ShowIn(view_, *std::move(update), frozen_);
    return !frozen_;
  }

  void Draw() {
    const Screen screen{.size = terminal_.size(), .has_unicode = parts_.has_unicode};
    view_.SetRoom(RoomOf(view_, screen));
    std::string mode = frozen_ ? "paused" : parts_.feed.Mode();
    if (parts_.recorder != nullptr) mode += ", " + RecordingText(*parts_.recorder);
    terminal_.Show(top::Draw(view_, {.mode = mode, .notice = fault_.empty() ? warning_ : fault_}, screen));
  }

  const ShowParts& parts_;
  CursesTerminal& terminal_;
  View view_;
  const Clock& clock_;
  bool frozen_ = false;
  std::string fault_;    // why there is no new frame
  std::string warning_;  // that was logged; until a key is pressed
};

Status Write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(STDOUT_FILENO, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SystemError("write standard output");
    text.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

}  // namespace

Status ShowLive(const ShowParts& parts, CursesTerminal& terminal, View view, const Clock& clock) {
  return Live(parts, terminal, std::move(view), clock).Run();
}

Status Print(const ShowParts& parts, const PrintOptions& options, View view, const Clock& clock) {
  std::string document;
  while (!parts.feed.AtEnd()) {
    const auto woken = Wait(parts, -1, clock);
    if (!woken) return woken.error();
    if (woken->signals.end) return {};
    if (!woken->by_feed) continue;
    auto update = parts.feed.Take();
    if (!update) return update.error();
    if (update->frames.empty()) continue;
    if (const Status recorded = Record(parts, *update); !recorded) return recorded.error();
    document = AsLine(std::move(update->document));
    ShowIn(view, *std::move(update), false);
    if (options.once && !parts.feed.CanPause()) break;
    if (options.json && !options.once) {
      if (const Status written = Write(document); !written) return written.error();
    }
  }
  if (!options.once) return {};
  return Write(options.json
                   ? document
                   : Printed(view, {.mode = parts.feed.Mode(), .notice = {}}, options.columns, parts.has_unicode));
}

}  // namespace brahe::top
