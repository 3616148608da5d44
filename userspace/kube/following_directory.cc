#include "userspace/kube/following_directory.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "userspace/base/plain_text.h"
#include "userspace/fetch/http_fetch.h"

namespace brahe::kube {
namespace {

constexpr const char* kLeftOut = "left out";
constexpr const char* kNoneIsListed = "none is listed";
constexpr const char* kSomeAreUnlisted = "some are unlisted";

}  // namespace

FollowingDirectory::FollowingDirectory(std::unique_ptr<PodSource> source, const Options& options, const Clock& clock)
    : options_(options),
      clock_(clock),
      store_(options.store),
      unknown_(options.unknown_ids),
      unlisted_(options.unlisted_pods),
      source_(std::move(source)),
      backoff_(options.backoff),
      thread_(&FollowingDirectory::Run, this) {}

FollowingDirectory::~FollowingDirectory() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::optional<workload::PodMember> FollowingDirectory::FindContainer(const std::string& container_id) {
  auto found = store_.FindContainer(container_id);
  if (found) {
    has_found_ = true;
  } else {
    Ask(container_id);
  }
  return found;
}

std::optional<workload::Pod> FollowingDirectory::FindPod(const std::string& pod_uid) {
  auto found = store_.FindPod(pod_uid);
  if (found) {
    has_found_ = true;
  } else {
    Ask(pod_uid);
    const std::lock_guard lock(mutex_);
    unlisted_.Ask(pod_uid, clock_.Now());
  }
  return found;
}

PodDirectoryStats FollowingDirectory::Stats() const {
  const std::lock_guard lock(mutex_);
  PodDirectoryStats stats = stats_;
  stats.pods = store_.size();
  return stats;
}

void FollowingDirectory::CountFetch() {
  const std::lock_guard lock(mutex_);
  ++stats_.fetches;
}

void FollowingDirectory::TakeList(PodList list) {
  store_.Replace(std::move(list.pods), clock_.Now());
  if (list.left_out > 0) {
    CountLeftOut(list.left_out, list.left_out_because);
  } else {
    faults_.Clear(kLeftOut, source_->name() + ": all pods can be used again");
  }
  Succeed();
  TellUnlisted(/*news_are_complete=*/true);
}

void FollowingDirectory::TakeEvent(WatchEvent event) {
  const bool usable = event.left_out_because.empty();
  if (usable && event.kind == WatchEvent::Kind::kSet) store_.Set(std::move(event.pod), clock_.Now());
  if (usable && event.kind == WatchEvent::Kind::kDeleted) store_.Remove(event.pod.api_uid, clock_.Now());
  if (!usable) CountLeftOut(1, event.left_out_because);
  Succeed();
  TellUnlisted(/*news_are_complete=*/false);
}

bool FollowingDirectory::Stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

bool FollowingDirectory::Wanted() const {
  const std::lock_guard lock(mutex_);
  return unknown_.Wanted();
}

void FollowingDirectory::Run() {
  while (!Stopping()) {
    const Nanoseconds began = clock_.Now();
    const auto failure = source_->Round(*this);
    if (Stopping()) return;
    EndRound(failure, began);
    Wait(failure, began);
  }
}

void FollowingDirectory::EndRound(const std::optional<fetch::FetchFailure>& failure, Nanoseconds began) {
  if (failure) return Fail(*failure);
  Succeed();
  TellUnlisted(/*news_are_complete=*/true);
  const std::lock_guard lock(mutex_);
  unknown_.Answer(began, clock_.Now());
}

void FollowingDirectory::Wait(const std::optional<fetch::FetchFailure>& failure, Nanoseconds began) {
  const Nanoseconds now = clock_.Now();
  std::unique_lock lock(mutex_);
  Nanoseconds due = began + std::max(source_->period(), options_.shortest_period);
  Nanoseconds earliest = began + options_.shortest_period;
  if (failure && StartsOver(failure->cause, now)) {
    due = earliest = now;
  } else if (failure) {
    const Nanoseconds well_until = std::max(began, stats_.last_success.value_or(Nanoseconds{}));
    due = earliest = now + backoff_.Next(well_until, now, random_());
  }
  const auto until = [now](Nanoseconds instant) {
    return std::chrono::nanoseconds(instant > now ? (instant - now).value : 0);
  };
  const auto start = std::chrono::steady_clock::now();
  changed_.wait_until(lock, start + until(earliest), [this] { return stopping_; });
  changed_.wait_until(lock, start + until(due), [this] { return stopping_ || unknown_.Wanted(); });
}

bool FollowingDirectory::StartsOver(fetch::FetchCause cause, Nanoseconds now) {
  if (cause != fetch::FetchCause::kExpired) return false;
  if (started_over_ && now - *started_over_ < options_.backoff.longest) return false;
  started_over_ = now;
  return true;
}

void FollowingDirectory::Succeed() {
  for (const fetch::FetchCause cause : fetch::kAllFetchCauses) {
    faults_.Clear(NameOf(cause), source_->name() + ": works again (" + NameOf(cause) + ")");
  }
  const std::lock_guard lock(mutex_);
  stats_.last_success = clock_.Now();
  unknown_.Forget([this](const std::string& id) { return store_.FindContainer(id) || store_.FindPod(id); });
}

// The news of a watch that was taken up again come one by one: while they do, nobody is missing.
void FollowingDirectory::TellUnlisted(bool news_are_complete) {
  UnlistedPods::Finding unlisted;
  {
    const std::lock_guard lock(mutex_);
    const Nanoseconds now = clock_.Now();
    unlisted_.Forget([this](const std::string& uid) { return store_.FindPod(uid).has_value(); }, now);
    unlisted = unlisted_.Find(now);
  }
  const bool none_is_listed = unlisted.pods > 0 && !has_found_;
  const bool some_are_unlisted = unlisted.pods > 0 && has_found_;
  const std::string who = source_->name();
  const std::string one = " (" + PlainLine(unlisted.uid) + " is one)";
  if (!none_is_listed) faults_.Clear(kNoneIsListed, who + " tells of pods that run here");
  if (!some_are_unlisted) faults_.Clear(kSomeAreUnlisted, who + " tells of all pods that run here");
  if (!news_are_complete) return;
  if (none_is_listed) {
    faults_.Report(kNoneIsListed, "Pods have no names: " + who + " tells of " + std::to_string(store_.size()) +
                                      " pods, and of none of those that run here" + one + "; " +
                                      source_->WhyNoneIsOurs());
  }
  if (some_are_unlisted) {
    faults_.Report(kSomeAreUnlisted,
                   who + " does not tell of " + std::to_string(unlisted.pods) + " pods that run here" + one +
                       ", which have no names: they are of another cluster, or were deleted by force");
  }
}

void FollowingDirectory::Fail(const fetch::FetchFailure& failure) {
  faults_.Report(NameOf(failure.cause), "Pods are known only as far as they were: " + failure.message);
  const std::lock_guard lock(mutex_);
  ++stats_.failures[failure.cause];
}

void FollowingDirectory::CountLeftOut(size_t count, const std::string& because) {
  faults_.Report(kLeftOut, source_->name() + ": " + std::to_string(count) +
                               " pods cannot be used and are left out, the first of them " + PlainLine(because));
  const std::lock_guard lock(mutex_);
  stats_.pods_left_out += count;
}

void FollowingDirectory::Ask(const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (unknown_.Ask(id, clock_.Now())) changed_.notify_all();
}

}  // namespace brahe::kube
