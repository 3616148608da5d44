#include "userspace/top/replay_feed.h"

#include <algorithm>
#include <utility>

#include "userspace/top/document_frame.h"
#include "userspace/top/history.h"

namespace brahe::top {
namespace {

// How much is read for what a frame came from when it is sought.
constexpr size_t kFramesBefore = History::kCells * History::kFramesOfCell;
constexpr uint64_t kBytesBefore = 32 << 20;

class ReplayFeed final : public Feed {
 public:
  ReplayFeed(Recording recording, bool at_once, const Clock& clock)
      : recording_(std::move(recording)), at_once_(at_once), clock_(clock), due_(clock.Now()) {}

  [[nodiscard]] int Fd() const override { return -1; }
  [[nodiscard]] std::optional<Nanoseconds> Due() const override { return due_; }

  Result<Update> Take() override {
    Update update;
    if (!due_ || clock_.Now() < *due_) return update;
    due_.reset();
    update.restarts = sought_;
    const size_t begin = std::exchange(sought_, false) ? BeginBefore(next_) : next_;
    for (size_t frame = begin; frame <= next_; ++frame) {
      auto document = recording_.Document(frame);
      if (!document) return document.error();
      auto read = ReadFrame(*document);
      if (!read) {
        return Skip(
            MakeError(recording_.path() + ": frame " + std::to_string(frame + 1) + ": " + read.error().message));
      }
      update.frames.push_back(*std::move(read));
      if (frame == next_) update.document = *std::move(document);
    }
    shown_ = next_;
    length_ = update.frames.back().duration;
    if (is_playing_) GoOn(length_);
    return update;
  }

  void Obey(Wish wish) override {
    const uint64_t in_a_minute = std::max<uint64_t>(Seconds(60).value / std::max<uint64_t>(length_.value, 1), 1);
    const size_t from = sought_ ? next_ : shown_;  // keys may come faster than frames
    switch (wish) {
      case Wish::kPause:
        is_playing_ = !is_playing_;
        due_.reset();
        if (is_playing_) GoOn({});
        break;
      case Wish::kFrameBack:
        Seek(from - std::min<size_t>(from, 1));
        break;
      case Wish::kFrameOn:
        Seek(from + 1);
        break;
      case Wish::kMinuteBack:
        Seek(from - std::min<size_t>(from, in_a_minute));
        break;
      case Wish::kMinuteOn:
        Seek(from + in_a_minute);
        break;
      case Wish::kNone:
      case Wish::kQuit:
        break;
    }
  }

  [[nodiscard]] bool CanPause() const override { return true; }
  [[nodiscard]] bool AtEnd() const override { return !due_.has_value(); }
  [[nodiscard]] std::string Mode() const override {
    const bool is_last = shown_ + 1 == recording_.frames();
    return "replay " + std::to_string(shown_ + 1) + "/" + std::to_string(recording_.frames()) +
           (is_last       ? " end"
            : is_playing_ ? ""
                          : " paused");
  }

 private:
  // The one after the one that is shown, after so long.
  void GoOn(Nanoseconds wait) {
    if (shown_ + 1 >= recording_.frames()) return;
    next_ = shown_ + 1;
    due_ = clock_.Now() + (at_once_ ? Nanoseconds() : wait);
  }

  void Seek(size_t frame) {
    next_ = std::min(frame, recording_.frames() - 1);
    sought_ = true;
    due_ = clock_.Now();
  }

  Error Skip(Error fault) {
    shown_ = next_;
    if (is_playing_) GoOn(Seconds(1));
    return fault;
  }

  // The first of those that are read to show `frame`. It begins a cell of the history, so that the cells are those of
  // whoever has seen all frames.
  [[nodiscard]] size_t BeginBefore(size_t frame) const {
    size_t begin = frame;
    uint64_t bytes = 0;
    while (begin > 0 && frame - begin < kFramesBefore && bytes < kBytesBefore) bytes += recording_.bytes(--begin);
    const size_t cell = begin / History::kFramesOfCell * History::kFramesOfCell;
    return begin == cell ? begin : std::min(cell + History::kFramesOfCell, frame);
  }

  const Recording recording_;
  const bool at_once_;
  const Clock& clock_;
  bool is_playing_ = true;
  bool sought_ = false;  // the next one is not the one after the one that is shown
  size_t next_ = 0;
  size_t shown_ = 0;
  Nanoseconds length_ = Seconds(1);  // of the frame that is shown
  std::optional<Nanoseconds> due_;
};

}  // namespace

std::unique_ptr<Feed> Replay(Recording recording, bool at_once, const Clock& clock) {
  return std::make_unique<ReplayFeed>(std::move(recording), at_once, clock);
}

}  // namespace brahe::top
