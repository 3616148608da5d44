#include "userspace/workload/kube/kubelet_pods.h"

#include <utility>

namespace brahe {

KubeletPods::KubeletPods(std::string url, HttpIdentity identity, Nanoseconds poll_interval, const FetchLimits& limits)
    : url_(std::move(url)), poll_interval_(poll_interval), limits_(limits), fetcher_(std::move(identity)) {}

std::optional<FetchFailure> KubeletPods::Round(PodSink& sink) {
  sink.CountFetch();
  const FetchAnswer answer =
      fetcher_.Get({.url = url_, .limits = limits_, .cancelled = [&sink] { return sink.Stopping(); }});
  if (answer.failure || answer.broken_off) return answer.failure;
  auto list = ParsePodList(answer.body);
  if (!list) {
    return FetchFailure{FetchCause::kBadAnswer, "GET " + url_ + ": " + list.error().message + "; is this a kubelet?"};
  }
  sink.TakeList(*std::move(list));
  return std::nullopt;
}

}  // namespace brahe
