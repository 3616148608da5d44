#include "userspace/kube/pod_owner.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "userspace/base/words.h"

namespace brahe::kube {
namespace {

constexpr int64_t kMinute = 60;
// How much earlier than the time in its Job's name a pod may have come, by clocks that differ, and how much later, by
// a controller that was away, a Job that waits for its turn, or a pod that is another try.
constexpr int64_t kEarliest = -5 * kMinute, kLatest = 24 * 60 * kMinute;

// The rest of "REST-END"; empty if the name does not end so.
std::string_view Before(std::string_view name, std::string_view end) {
  if (end.empty() || name.size() < end.size() + 2 || !name.ends_with(end)) return "";
  name.remove_suffix(end.size());
  if (name.back() != '-') return "";
  name.remove_suffix(1);
  return name;
}

bool IsOfGroup(std::string_view api_version, std::string_view group) {
  return api_version.starts_with(group) && api_version.substr(group.size()).starts_with("/");
}

// The time for which a CronJob would have planned a Job with this number in its name: minutes since the epoch from
// Kubernetes 1.21 on, seconds before, where a schedule names whole minutes.
std::optional<int64_t> PlannedFor(std::string_view digits) {
  constexpr size_t kDigitsOfMinutes = 8, kDigitsOfSeconds = 10;
  uint64_t number = 0;
  if (digits.size() > kDigitsOfSeconds || !ParseWhole(digits, number)) return std::nullopt;
  const auto time = static_cast<int64_t>(number);
  if (digits.size() == kDigitsOfMinutes) return time * kMinute;
  if (digits.size() == kDigitsOfSeconds && time % kMinute == 0) return time;
  return std::nullopt;
}

// Deployments and Rollouts call a ReplicaSet by their own name and the hash that its pods have as a label.
std::optional<PodOwner> OfReplicaSet(const OwnerHints& hints) {
  if (hints.kind != "ReplicaSet" ||
      !(IsOfGroup(hints.api_version, "apps") || IsOfGroup(hints.api_version, "extensions"))) {
    return std::nullopt;
  }
  const std::pair<const char*, const std::string&> makers[] = {{"Deployment", hints.deployment_hash},
                                                               {"Rollout", hints.rollout_hash}};
  for (const auto& [kind, hash] : makers) {
    if (const auto name = Before(hints.name, hash); !name.empty()) return PodOwner{kind, std::string(name)};
  }
  return std::nullopt;
}

std::optional<PodOwner> OfJob(const OwnerHints& hints) {
  if (hints.kind != "Job" || !IsOfGroup(hints.api_version, "batch") || !hints.created_s) return std::nullopt;
  const std::string_view name = hints.name;
  const size_t dash = name.rfind('-');
  if (dash == std::string_view::npos || dash == 0) return std::nullopt;
  const auto planned = PlannedFor(name.substr(dash + 1));
  if (!planned) return std::nullopt;
  const int64_t late = *hints.created_s - *planned;
  if (late < kEarliest || late > kLatest) return std::nullopt;
  return PodOwner{"CronJob", std::string(name.substr(0, dash))};
}

// A kubelet adds its node's name, in lower case, to that of a static pod. The controller of its mirror is the node.
std::optional<PodOwner> OfStaticPod(const OwnerHints& hints) {
  const bool is_mirror = hints.kind == "Node" && hints.api_version == "v1";
  if (!is_mirror && !(hints.is_static && hints.kind.empty())) return std::nullopt;
  std::string node = hints.node_name.empty() && is_mirror ? hints.name : hints.node_name;
  std::transform(node.begin(), node.end(), node.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
  const std::string_view name = Before(hints.pod_name, node);
  return PodOwner{"StaticPod", name.empty() ? hints.pod_name : std::string(name)};
}

// The number that `size` digits at `at` are.
bool TakeDigits(std::string_view text, size_t at, size_t size, unsigned& number) {
  return ParseWhole(text.substr(at, size), number);
}

}  // namespace

PodOwner OwnerOf(OwnerHints hints) {
  if (auto owner = OfStaticPod(hints)) return *std::move(owner);
  if (hints.kind.empty() || hints.name.empty()) return {};
  if (auto owner = OfReplicaSet(hints)) return *std::move(owner);
  if (auto owner = OfJob(hints)) return *std::move(owner);
  return {std::move(hints.kind), std::move(hints.name)};
}

std::optional<int64_t> SecondsOfTime(std::string_view text) {
  constexpr std::string_view kForm = "0000-00-00T00:00:00Z";
  if (text.size() != kForm.size()) return std::nullopt;
  for (size_t i = 0; i < kForm.size(); ++i) {
    if (kForm[i] != '0' && kForm[i] != text[i]) return std::nullopt;
  }
  unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  const bool are_numbers = TakeDigits(text, 0, 4, year) && TakeDigits(text, 5, 2, month) &&
                           TakeDigits(text, 8, 2, day) && TakeDigits(text, 11, 2, hour) &&
                           TakeDigits(text, 14, 2, minute) && TakeDigits(text, 17, 2, second);
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(year)), std::chrono::month(month),
                                         std::chrono::day(day));
  if (!are_numbers || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return ((days * 24 + hour) * 60 + minute) * kMinute + second;
}

}  // namespace brahe::kube
