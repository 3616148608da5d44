#pragma once

#include <optional>
#include <string>

#include "userspace/fetch/fetch_failure.h"
#include "userspace/fetch/http_fetch.h"
#include "userspace/kube/pod_list.h"

namespace brahe::kube {

// Either a list or a failure; neither where the request was cancelled.
struct FetchedPodList {
  std::optional<PodList> list = {};
  std::optional<fetch::FetchFailure> failure = {};
};

// Asks for a v1 PodList, or a page of one, and reads it while it comes, so that the whole of it is never in memory.
// `who` should have answered: "a kubelet".
FetchedPodList FetchPodList(fetch::HttpFetcher& fetcher, fetch::FetchRequest request, const std::string& who);

}  // namespace brahe::kube
