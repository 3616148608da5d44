#include "userspace/redfish/poll_schedule.h"

#include <algorithm>

namespace brahe::redfish {
namespace {

constexpr Nanoseconds kMostAskedWait = Seconds(600);

bool IsRefusal(const PowerRound& round) {
  return std::any_of(round.faults.begin(), round.faults.end(), [](const auto& fault) {
    return fault.second.cause == fetch::FetchCause::kUnauthorized ||
           fault.second.cause == fetch::FetchCause::kForbidden;
  });
}

// A wait that is shorter than the one that it becomes would look like a time in which all was well.
fetch::Backoff::Options AtLeast(Nanoseconds interval, fetch::Backoff::Options options) {
  options.first = std::max(options.first, interval);
  options.longest = std::max(options.longest, options.first);
  return options;
}

}  // namespace

PollSchedule::PollSchedule(const PollPace& pace) : pace_(pace), backoff_(AtLeast(pace.interval, pace.backoff)) {}

Nanoseconds PollSchedule::WaitAfter(const PowerRound& round, Nanoseconds began, Nanoseconds now, uint64_t random) {
  if (!round.failed) {
    // A slow BMC is left alone for a while as well.
    const Nanoseconds took = std::min(now - began, pace_.interval);
    return std::max(pace_.interval - took, pace_.interval / 2);
  }
  Nanoseconds wait = std::max(pace_.interval, backoff_.Next(began, now, random));
  if (round.retry_after) wait = std::max(wait, std::min(*round.retry_after, kMostAskedWait));
  return IsRefusal(round) ? std::max(wait, pace_.after_refusal) : wait;
}

}  // namespace brahe::redfish
