#include "userspace/kube/fetch_pod_list.h"

#include <utility>

namespace brahe::kube {

FetchedPodList FetchPodList(fetch::HttpFetcher& fetcher, fetch::FetchRequest request, const std::string& who) {
  PodListParser parser;
  bool is_list = true;  // so far
  request.on_bytes = [&](std::string_view bytes) { return is_list = parser.Take(bytes); };
  const auto answer = fetcher.Get(request);
  if (is_list && (answer.failure || answer.broken_off)) return {.failure = answer.failure};
  auto list = parser.Finish();
  if (list) return {.list = *std::move(list)};
  return {.failure =
              fetch::FetchFailure{fetch::FetchCause::kBadAnswer,
                                  "GET " + request.url + ": " + list.error().message + "; is this " + who + "?"}};
}

}  // namespace brahe::kube
