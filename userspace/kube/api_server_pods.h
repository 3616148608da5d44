#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "userspace/base/clock.h"
#include "userspace/fetch/http_fetch.h"
#include "userspace/kube/kube_credentials.h"
#include "userspace/kube/pod_list.h"
#include "userspace/kube/pod_source.h"
#include "userspace/kube/string_cutter.h"

namespace brahe::kube {

// Lists the pods of one node at the API server, in pages, and then watches for changes. A watch that ends is taken up
// again where it was; where the server no longer knows that point (410), or tells what cannot be read, the pods are
// listed anew.
class ApiServerPods final : public PodSource {
 public:
  struct Options {
    std::string node_name;
    fetch::FetchLimits list_limits = {};
    Nanoseconds watch_time = Seconds(300);     // the server ends a watch after this, or up to a fifth less
    Nanoseconds reconnect_pause = Seconds(2);  // from the beginning of a watch to that of the next, at least
    // A watch that has been silent so long may be dead: it is taken up again if somebody asks for an unknown container.
    Nanoseconds silence = Seconds(10);
    size_t page_size = 500;
    size_t max_pages = 100;
  };
  // `clock` lives longer.
  ApiServerPods(KubeCredentials credentials, const Options& options, const Clock& clock);

  [[nodiscard]] std::string name() const override { return "API server " + server_; }
  [[nodiscard]] Nanoseconds period() const override { return options_.reconnect_pause; }
  [[nodiscard]] std::string WhyNoneIsOurs() const override;
  // Lists, if that is needed, and then watches until the watch ends.
  std::optional<fetch::FetchFailure> Round(PodSink& sink) override;

 private:
  std::optional<fetch::FetchFailure> List(PodSink& sink);
  std::optional<fetch::FetchFailure> Watch(PodSink& sink);
  fetch::FetchRequest WatchRequest(PodSink& sink);
  bool TakeBytes(std::string_view piece, PodSink& sink);
  std::optional<fetch::FetchFailure> TakeLine(std::string_view line, PodSink& sink);
  fetch::FetchFailure BadAnswer(const std::string& why);
  [[nodiscard]] std::string PodsUrl() const;

  const std::string server_;
  const Options options_;
  const Clock& clock_;
  fetch::HttpFetcher fetcher_;
  std::minstd_rand random_{std::random_device{}()};
  std::string version_;  // to watch from; empty: list first

  // Of the watch under way.
  StringCutter cutter_{kMaxPodString};
  std::string cut_;                             // a piece without its long strings
  std::string line_;                            // the beginning of the next event
  std::optional<fetch::FetchFailure> in_line_;  // why it was broken off
  Nanoseconds last_bytes_;
};

}  // namespace brahe::kube
