#include "userspace/kube/kubelet_pods.h"

#include <utility>

#include "userspace/kube/fetch_pod_list.h"
#include "userspace/kube/fetch_remedies.h"

namespace brahe::kube {

KubeletPods::KubeletPods(std::string url, fetch::HttpIdentity identity, Nanoseconds poll_interval,
                         const fetch::FetchLimits& limits)
    : url_(std::move(url)),
      poll_interval_(poll_interval),
      limits_(limits),
      fetcher_(std::move(identity), KubeRemedies()) {}

std::string KubeletPods::WhyNoneIsOurs() const {
  return "it is the kubelet of another node: give the address of this one's as kube.kubelet.url, which in a pod comes "
         "from status.hostIP, or this node's name as kube.nodeName";
}

std::optional<fetch::FetchFailure> KubeletPods::Round(PodSink& sink) {
  sink.CountFetch();
  auto fetched = FetchPodList(
      fetcher_, {.url = url_, .limits = limits_, .cancelled = [&sink] { return sink.Stopping(); }}, "a kubelet");
  if (!fetched.list) return fetched.failure;
  sink.TakeList(*std::move(fetched.list));
  return std::nullopt;
}

}  // namespace brahe::kube
