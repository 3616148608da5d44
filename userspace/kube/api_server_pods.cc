#include "userspace/kube/api_server_pods.h"

#include <cstdint>
#include <utility>

#include "userspace/base/plain_text.h"
#include "userspace/kube/fetch_pod_list.h"
#include "userspace/kube/fetch_remedies.h"

namespace brahe::kube {

namespace {

constexpr uint64_t kGone = 410;
constexpr const char* kWho = "an API server";

}  // namespace

ApiServerPods::ApiServerPods(KubeCredentials credentials, const Options& options, const Clock& clock)
    : server_(std::move(credentials.server)),
      options_(options),
      clock_(clock),
      fetcher_(std::move(credentials.identity), KubeRemedies()) {}

std::string ApiServerPods::WhyNoneIsOurs() const {
  return "kube.nodeName \"" + options_.node_name +
         "\" is the name of another node or of none: give this one's, which is among those that kubectl get nodes "
         "lists, and in a pod comes from spec.nodeName";
}

std::optional<fetch::FetchFailure> ApiServerPods::Round(PodSink& sink) {
  if (version_.empty()) {
    if (auto failure = List(sink); failure || sink.Stopping()) return failure;
  }
  return Watch(sink);
}

std::optional<fetch::FetchFailure> ApiServerPods::List(PodSink& sink) {
  PodList all;
  size_t pages = 0;
  do {
    if (pages++ == options_.max_pages) return BadAnswer("the list has no end");
    std::string url = PodsUrl() + "&limit=" + std::to_string(options_.page_size);
    if (!all.continue_token.empty()) url += "&continue=" + fetch::EscapedForQuery(all.continue_token);
    sink.CountFetch();
    auto fetched = FetchPodList(
        fetcher_, {.url = url, .limits = options_.list_limits, .cancelled = [&sink] { return sink.Stopping(); }}, kWho);
    if (!fetched.list) return fetched.failure;
    PodList& page = *fetched.list;
    if (page.resource_version.empty()) return BadAnswer("the list has no resourceVersion");
    all.Append(std::move(page));
  } while (!all.continue_token.empty());
  version_ = all.resource_version;
  sink.TakeList(std::move(all));
  return std::nullopt;
}

std::optional<fetch::FetchFailure> ApiServerPods::Watch(PodSink& sink) {
  line_.clear();
  cutter_ = StringCutter(kMaxPodString);
  in_line_.reset();
  last_bytes_ = clock_.Now();
  sink.CountFetch();
  const fetch::FetchAnswer answer = fetcher_.Get(WatchRequest(sink));
  if (in_line_) return in_line_;
  if (answer.broken_off && answer.status == 0 && !sink.Stopping()) {
    return fetch::FetchFailure{fetch::FetchCause::kTimeout,
                               "watch " + PodsUrl() + ": no answer; is the server overloaded?"};
  }
  if (answer.status == static_cast<long>(kGone)) version_.clear();
  // What was cut off comes again, as the version is not past it.
  if (answer.failure || answer.broken_off) return answer.failure;
  cutter_.Finish(line_);
  return TakeLine(line_, sink);
}

fetch::FetchRequest ApiServerPods::WatchRequest(PodSink& sink) {
  const uint64_t longest = options_.watch_time.value / Seconds(1).value;
  const uint64_t seconds = longest - random_() % (longest / 5 + 1);
  fetch::FetchRequest request{.url = PodsUrl() + "&watch=true&allowWatchBookmarks=true&timeoutSeconds=" +
                                     std::to_string(seconds) + "&resourceVersion=" + fetch::EscapedForQuery(version_)};
  request.limits = options_.list_limits;
  request.limits.total_timeout = Seconds(seconds) + options_.list_limits.total_timeout;
  request.limits.slow_bytes = 0;  // no news is good news
  request.limits.max_body = SIZE_MAX;
  request.cancelled = [this, &sink] {
    return sink.Stopping() || (sink.Wanted() && clock_.Now() - last_bytes_ >= options_.silence);
  };
  request.on_bytes = [this, &sink](std::string_view bytes) { return TakeBytes(bytes, sink); };
  return request;
}

bool ApiServerPods::TakeBytes(std::string_view piece, PodSink& sink) {
  last_bytes_ = clock_.Now();
  cut_.clear();
  cutter_.Take(piece, cut_);
  std::string_view bytes = cut_;
  for (size_t end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
    line_.append(bytes.substr(0, end));
    bytes.remove_prefix(end + 1);
    in_line_ = TakeLine(line_, sink);
    line_.clear();
    if (in_line_) return false;
  }
  if (line_.size() + bytes.size() > kMaxPod) {
    version_.clear();
    in_line_ = fetch::FetchFailure{fetch::FetchCause::kTooLarge, "watch " + PodsUrl() + ": an event is larger than " +
                                                                     std::to_string(kMaxPod >> 20) +
                                                                     " MiB; the pods are listed anew"};
    return false;
  }
  line_.append(bytes);
  return true;
}

std::optional<fetch::FetchFailure> ApiServerPods::TakeLine(std::string_view line, PodSink& sink) {
  if (line.empty()) return std::nullopt;
  auto event = ParseWatchEvent(line);
  if (!event) {
    version_.clear();  // it may come again and again
    return BadAnswer(event.error().message);
  }
  if (event->kind == WatchEvent::Kind::kError) {
    version_.clear();
    const bool gone = event->error_code == kGone;
    return fetch::FetchFailure{gone ? fetch::FetchCause::kExpired : fetch::FetchCause::kStatus,
                               "watch " + PodsUrl() + ": " + std::to_string(event->error_code) + " " +
                                   PlainLine(event->error_message) + "; the pods are listed anew"};
  }
  if (!event->resource_version.empty()) version_ = event->resource_version;
  sink.TakeEvent(*std::move(event));
  return std::nullopt;
}

fetch::FetchFailure ApiServerPods::BadAnswer(const std::string& why) {
  return {fetch::FetchCause::kBadAnswer, "GET " + PodsUrl() + ": " + why + "; is this " + kWho + "?"};
}

std::string ApiServerPods::PodsUrl() const {
  return server_ + "/api/v1/pods?fieldSelector=spec.nodeName%3D" + fetch::EscapedForQuery(options_.node_name);
}

}  // namespace brahe::kube
