#pragma once

#include <optional>
#include <string>

#include "userspace/fetch/http_fetch.h"
#include "userspace/kube/pod_source.h"

namespace brahe::kube {

// Asks the node's kubelet for all its pods, again and again. The node's own answer costs the API server nothing.
class KubeletPods final : public PodSource {
 public:
  // `url` is that of the list, such as "https://n1:10250/pods", or of the read-only port: "http://n1:10255/pods".
  KubeletPods(std::string url, fetch::HttpIdentity identity, Nanoseconds poll_interval,
              const fetch::FetchLimits& limits = {});

  [[nodiscard]] std::string name() const override { return "kubelet " + url_; }
  [[nodiscard]] Nanoseconds period() const override { return poll_interval_; }
  [[nodiscard]] std::string WhyNoneIsOurs() const override;
  std::optional<fetch::FetchFailure> Round(PodSink& sink) override;

 private:
  const std::string url_;
  const Nanoseconds poll_interval_;
  const fetch::FetchLimits limits_;
  fetch::HttpFetcher fetcher_;
};

}  // namespace brahe::kube
