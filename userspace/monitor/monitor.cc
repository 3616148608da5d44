#include "userspace/monitor/monitor.h"

#include <glog/logging.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <utility>

namespace brahe::monitor {
namespace {

constexpr std::chrono::seconds kLongestWait{5};
// Of the first epoch, where there is no interval.
constexpr Nanoseconds kFirstEpoch = Seconds(1);
constexpr Nanoseconds kForever = Seconds(1'000'000);
// A disk that is only slow does not need it.
constexpr Nanoseconds kKeepersPatience = Seconds(2);
// Nobody may be there to take them.
constexpr size_t kMaxTimings = 1024;

std::optional<Nanoseconds> Earlier(std::optional<Nanoseconds> a, std::optional<Nanoseconds> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

timespec ToTimespec(Nanoseconds time) {
  return {static_cast<time_t>(time.value / 1'000'000'000), static_cast<long>(time.value % 1'000'000'000)};
}

}  // namespace

Monitor::Monitor(const MonitorOptions& options, MonitorParts parts, const Clock& clock)
    : options_(options),
      clock_(clock),
      runner_(std::move(parts),
              {.max_listed = options.max_terminated,
               .min_energy = options.min_terminated_energy,
               .retention = options.terminated_retention},
              clock) {}

Status Monitor::Start(std::optional<Resumption> from) {
  wake_fd_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_fd_.valid()) return SystemError("eventfd");
  wake_.fd = wake_fd_.get();
  const bool goes_on = from && from->gap_is_counted;
  const Result<Nanoseconds> opened = from ? runner_.Resume(*std::move(from)) : runner_.Start();
  if (!opened) return opened.error();
  source_.fd = runner_.WakeFd();
  opened_ = *opened;
  if (goes_on) {
    due_ = clock_.Now();
  } else if (options_.interval.value == 0) {
    due_ = opened_ + kFirstEpoch;
  } else {
    PlanNextEpoch();
  }
  {
    const std::lock_guard lock(mutex_);
    completed_ = clock_.Now();
    resumed_ = runner_.resumed();
    running_ = true;
  }
  thread_ = std::thread(&Monitor::Run, this);
  return {};
}

void Monitor::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  Wake();
  thread_.join();
  if (options_.keeper == nullptr) return;
  options_.keeper->WaitUntilKept(kForever);  // it calls this object
  FinishLast(kForever);
}

void Monitor::Run() {
  bool tables_fill_up = false;
  while (!Stopping()) {
    SayAlive();
    const Nanoseconds now = clock_.Now();
    const bool is_due = due_ && now >= *due_;
    if (tables_fill_up || Requested() || is_due) {
      RunEpoch(is_due ? due_ : std::nullopt);
      PlanNextEpoch();
    } else if (const auto sample_due = runner_.SampleDue(); sample_due && now >= *sample_due) {
      runner_.Sample();
    }
    tables_fill_up = Wait();
  }
  const std::lock_guard lock(mutex_);
  running_ = false;
  changed_.notify_all();
}

void Monitor::SayAlive() {
  if (!options_.alive) return;
  const Nanoseconds now = clock_.Now();
  if (alive_due_ && now < *alive_due_) return;
  options_.alive();
  alive_due_ = now + options_.alive_period;
}

void Monitor::PlanNextEpoch() {
  due_.reset();
  if (options_.interval.value == 0) return;
  const Nanoseconds now = std::max(clock_.Now(), opened_);
  due_ = opened_ + options_.interval * ((now - opened_).value / options_.interval.value + 1);
}

bool Monitor::Wait() {
  timespec timeout{};
  const std::optional<Nanoseconds> next = Earlier(Earlier(due_, runner_.SampleDue()), alive_due_);
  if (const Nanoseconds now = clock_.Now(); next && *next > now) timeout = ToTimespec(*next - now);
  pollfd fds[] = {wake_, source_};
  // EINTR is as good as a timeout: the loop looks at everything anew.
  if (ppoll(fds, std::size(fds), next ? &timeout : nullptr, nullptr) <= 0) return false;
  if (fds[0].revents != 0) {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t n = read(wake_fd_.get(), &count, sizeof count);
  }
  if ((fds[1].revents & POLLIN) != 0) return runner_.Service();
  if (fds[1].revents != 0) {
    LOG(WARNING) << "The CPU time source's event descriptor fails; its events are read at each epoch only";
    source_.fd = -1;
  }
  return false;
}

void Monitor::RunEpoch(std::optional<Nanoseconds> due) {
  uint64_t serving = 0;
  {
    const std::lock_guard lock(mutex_);
    serving = requests_;
  }
  FinishLast(kKeepersPatience);
  std::shared_ptr<const Snapshot> snapshot = runner_.CutEpoch() ? runner_.CollectEpoch() : nullptr;
  if (snapshot != nullptr) {
    const auto delay = due ? std::optional(snapshot->time - std::min(*due, snapshot->time)) : std::nullopt;
    KeepAndPublish({.snapshot = std::move(snapshot),
                    .timing = {.work = runner_.work_time(), .delay = delay, .read_lags = runner_.read_lags()},
                    .serving = serving});
    return;
  }
  const std::lock_guard lock(mutex_);
  request_failed_ = request_failed_ || served_ < serving;
  served_ = serving;
  changed_.notify_all();
}

void Monitor::KeepAndPublish(Outcome outcome) {
  if (options_.keeper == nullptr) {
    Publish(outcome);
    runner_.Acknowledge();
    return;
  }
  // While it hangs, nothing is kept, and figures come all the same.
  if (!options_.keeper->WaitUntilKept({})) {
    faults_.Report("keep", "The state folder hangs: the state of an epoch has not been written for " +
                               std::to_string(kKeepersPatience.value / Seconds(1).value) +
                               " s. Figures go on; those of the time since would be lost if the exporter ended now");
    Publish(outcome);
    runner_.Acknowledge();
    return;
  }
  faults_.Clear("keep", "State is written again");
  keeping_ = std::move(outcome);
  options_.keeper->Keep(runner_.State(keeping_->snapshot), [this, kept = *keeping_] { Publish(kept); });
}

void Monitor::FinishLast(Nanoseconds patience) {
  if (!keeping_) return;
  if (!options_.keeper->WaitUntilKept(patience)) Publish(*keeping_);
  keeping_.reset();
  runner_.Acknowledge();
}

void Monitor::Publish(const Outcome& outcome) {
  const std::lock_guard lock(mutex_);
  // One that comes late, after those that did not wait for it.
  if (latest_ != nullptr && latest_->epoch >= outcome.snapshot->epoch) return;
  // Those who asked meanwhile are content as well if the cut is not too old for them.
  served_ = outcome.snapshot->time >= wanted_ ? requests_ : std::max(served_, outcome.serving);
  if (timings_.size() < kMaxTimings) timings_.push_back(outcome.timing);
  latest_ = outcome.snapshot;
  completed_ = clock_.Now();
  request_failed_ = false;
  changed_.notify_all();
}

std::shared_ptr<const Snapshot> Monitor::Fresh() {
  const Nanoseconds now = clock_.Now();
  const Nanoseconds oldest = now > options_.staleness ? now - options_.staleness : Nanoseconds{};
  std::unique_lock lock(mutex_);
  const auto is_fresh = [&] { return latest_ != nullptr && latest_->time >= oldest; };
  if (is_fresh() || !running_) return latest_;
  const uint64_t ticket = ++requests_;
  wanted_ = std::max(wanted_, oldest);
  Wake();
  const auto is_answered = [&] { return is_fresh() || served_ >= ticket || !running_; };
  if (!changed_.wait_for(lock, kLongestWait, is_answered)) request_failed_ = true;
  return latest_;
}

std::shared_ptr<const Snapshot> Monitor::Latest() const {
  const std::lock_guard lock(mutex_);
  return latest_;
}

std::shared_ptr<const Snapshot> Monitor::Resumed() const {
  const std::lock_guard lock(mutex_);
  return resumed_;
}

bool Monitor::Healthy() const {
  const std::lock_guard lock(mutex_);
  if (!running_) return false;
  if (options_.interval.value == 0) return !request_failed_;
  return clock_.Now() <= completed_ + options_.interval * 3;
}

std::vector<EpochTiming> Monitor::TakeEpochTimings() {
  const std::lock_guard lock(mutex_);
  return std::exchange(timings_, {});
}

bool Monitor::Requested() const {
  const std::lock_guard lock(mutex_);
  return served_ < requests_;
}

bool Monitor::Stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void Monitor::Wake() const {
  const uint64_t one = 1;
  // The only failure is a counter that is full, which wakes as well.
  [[maybe_unused]] const ssize_t n = write(wake_fd_.get(), &one, sizeof one);
}

}  // namespace brahe::monitor
