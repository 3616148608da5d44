#include "userspace/top/counting_feed.h"

#include <algorithm>
#include <utility>

#include "userspace/exposition/json_snapshot.h"
#include "userspace/top/snapshot_frame.h"

namespace brahe::top {
namespace {

// Whoever ended is in sight for a while, and stays in the figures of what it was part of.
constexpr monitor::EndedPolicy kEnded = {.max_listed = 200, .min_energy = {}, .retention = Seconds(10)};

class CountingFeed final : public Feed {
 public:
  CountingFeed(monitor::MonitorParts parts, CountingOptions options, const Clock& clock)
      : options_(std::move(options)), clock_(clock), runner_(std::move(parts), kEnded, clock) {}

  Status Start() {
    const auto started = runner_.Start();
    if (!started) return started.error();
    next_ = *started + options_.interval;
    return {};
  }

  [[nodiscard]] int Fd() const override { return runner_.WakeFd(); }
  [[nodiscard]] std::optional<Nanoseconds> Due() const override {
    return std::min(next_, runner_.SampleDue().value_or(next_));
  }

  Result<Update> Take() override {
    Update update;
    const bool wants_epoch = runner_.Service();
    const Nanoseconds now = clock_.Now();
    if (now < next_ && !wants_epoch) {
      if (runner_.SampleDue().value_or(next_) <= now) runner_.Sample();
      return update;
    }
    if (now >= next_) next_ += options_.interval * ((now - next_).value / options_.interval.value + 1);
    const auto snapshot = runner_.RunEpoch();
    if (snapshot == nullptr) return MakeError("an epoch could not be made");
    update.frames.push_back(FrameOf(*snapshot, options_.node_name));
    if (options_.wants_documents) {
      update.document = exposition::JsonRenderer(snapshot, options_.node_name).ReadAll();
    }
    return update;
  }

  [[nodiscard]] std::string Mode() const override { return "live"; }

 private:
  const CountingOptions options_;
  const Clock& clock_;
  monitor::EpochRunner runner_;
  Nanoseconds next_;
};

}  // namespace

Result<std::unique_ptr<Feed>> StartCounting(monitor::MonitorParts parts, CountingOptions options, const Clock& clock) {
  auto feed = std::make_unique<CountingFeed>(std::move(parts), std::move(options), clock);
  if (const Status started = feed->Start(); !started) return started.error();
  return std::unique_ptr<Feed>(std::move(feed));
}

}  // namespace brahe::top
