#include "userspace/top/exporter_feed.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "userspace/base/base64.h"
#include "userspace/base/file.h"
#include "userspace/fetch/curl_library.h"
#include "userspace/fetch/http_fetch.h"
#include "userspace/fetch/url.h"
#include "userspace/top/document_frame.h"

namespace brahe::top {
namespace {

using fetch::FetchCause;

constexpr fetch::StatusRule kStatusRules[] = {
    {401, FetchCause::kUnauthorized, "Unauthorized: give the right --user and --password-file"},
    {403, FetchCause::kForbidden, "Forbidden: this user may not read the snapshot"},
    {404, FetchCause::kStatus, "Not Found: is this an exporter of Brahe's, and is its path right?"},
};

// An exporter's answer that is not 2xx says no more than its status.
std::string NoMessage(std::string_view /*body*/) { return ""; }

constexpr fetch::FetchRemedies kRemedies = {
    .trust =
        "if this is the right exporter, give its address as its certificate has it (--url), or the file of who signed "
        "it (--ca-file)",
    .no_trust = "the authorities that this system trusts cannot be read; name the right one by --ca-file",
    .own_trust = "check --ca-file",
    .own_certificate = "check --cert-file and --key-file",
    .statuses = kStatusRules,
    .message_of = &NoMessage,
};

constexpr std::string_view kUnix = "unix:";

// Where an exporter is asked.
struct Place {
  std::string url;
  std::string socket;  // the local one's path; empty: by TCP
};

class ExporterFeed final : public Feed {
 public:
  ExporterFeed(Place place, std::vector<std::string> headers, const ExporterOptions& options, UniqueFd event,
               const Clock& clock)
      : place_(std::move(place)),
        headers_(std::move(headers)),
        interval_(options.interval),
        clock_(clock),
        event_(std::move(event)),
        fetcher_({.ca = {.file = options.ca_file},
                  .client_certificate = {.file = options.cert_file},
                  .client_key = {.file = options.key_file},
                  .insecure = options.insecure},
                 kRemedies),
        thread_([this] { Run(); }) {}

  ~ExporterFeed() override {
    stopped_ = true;
    {
      const std::lock_guard lock(mutex_);
      wake_.notify_all();
    }
    thread_.join();
  }

  [[nodiscard]] int Fd() const override { return event_.get(); }
  [[nodiscard]] std::optional<Nanoseconds> Due() const override { return std::nullopt; }

  Result<Update> Take() override {
    uint64_t count = 0;
    Update update;
    if (read(event_.get(), &count, sizeof count) < 0) return update;  // nothing has come
    const std::lock_guard lock(mutex_);
    if (!fault_.empty()) return MakeError(std::exchange(fault_, ""));
    if (!came_.frames.empty()) last_epoch_ = came_.frames.back().epoch;
    return std::exchange(came_, {});
  }

  [[nodiscard]] std::string Mode() const override { return place_.socket.empty() ? "exporter" : "local exporter"; }

 private:
  void Run() {
    for (Nanoseconds next = clock_.Now(); !stopped_; next = std::max(next + interval_, clock_.Now())) {
      Ask();
      std::unique_lock lock(mutex_);
      const Nanoseconds now = clock_.Now();
      const std::chrono::nanoseconds wait(next + interval_ > now ? (next + interval_ - now).value : 0);
      wake_.wait_for(lock, wait, [this] { return stopped_.load(); });
    }
  }

  // Of a local socket that lets us not in, its own line comes first: it says who we are there.
  [[nodiscard]] std::string FaultOf(const fetch::FetchAnswer& answer) const {
    if (!answer.failure) return "";
    const bool is_refused = answer.failure->cause == FetchCause::kForbidden;
    if (place_.socket.empty() || !is_refused || answer.said.empty()) return answer.failure->message;
    return answer.said + " (" + place_.socket + ")";
  }

  void Ask() {
    Update update;
    const fetch::FetchAnswer answer = fetcher_.Get({.url = place_.url,
                                                    .socket = place_.socket,
                                                    .headers = headers_,
                                                    .limits = {.max_body = 256 << 20},
                                                    .cancelled = [this] { return stopped_.load(); },
                                                    .on_bytes =
                                                        [&update](std::string_view bytes) {
                                                          update.document += bytes;
                                                          return true;
                                                        }});
    if (answer.broken_off) return;
    std::string fault = FaultOf(answer);
    if (!answer.failure) {
      auto frame = ReadFrame(update.document);
      if (frame) {
        update.frames.push_back(*std::move(frame));
      } else {
        fault = "GET " + place_.url + ": " + frame.error().message;
      }
    }
    const std::lock_guard lock(mutex_);
    // An exporter whose epochs are longer than our interval has the same again.
    if (fault.empty() && update.frames.back().epoch == last_epoch_) return;
    fault_ = std::move(fault);
    came_ = std::move(update);
    const uint64_t one = 1;
    // An eventfd takes it unless it has been told 2^64 - 2 times.
    [[maybe_unused]] const ssize_t told = write(event_.get(), &one, sizeof one);
  }

  const Place place_;
  const std::vector<std::string> headers_;
  const Nanoseconds interval_;
  const Clock& clock_;
  const UniqueFd event_;        // readable when something has come
  fetch::HttpFetcher fetcher_;  // the thread's
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;  // of what follows
  std::condition_variable wake_;
  Update came_;
  std::string fault_;
  uint64_t last_epoch_ = 0;
  std::thread thread_;  // the last, because it uses the others
};

// What says who we are, if anything.
Result<std::vector<std::string>> HeadersOf(const ExporterOptions& options, const std::string& url) {
  std::vector<std::string> headers = {"Accept: application/json"};
  if (options.user.empty() != options.password_file.empty()) {
    return MakeError("--user and --password-file are given together or not at all");
  }
  if (options.user.empty()) return headers;
  if (fetch::IsReadableOnTheWay(url)) {
    return MakeError("--password-file: a password is not sent over plain http to another host; use https");
  }
  const auto password = ReadRegularFile(options.password_file);
  if (!password) return MakeError("--password-file: " + password.error().message);
  headers.push_back("Authorization: Basic " + EncodeBase64(options.user + ":" + std::string(Trim(*password))));
  return headers;
}

Result<Place> PlaceOf(const std::string& url) {
  if (url.starts_with(kUnix)) return Place{"http://localhost/api/v1/snapshot", url.substr(kUnix.size())};
  if (const Status checked = fetch::CheckUrl(url); !checked) return MakeError("--url: " + checked.error().message);
  return Place{fetch::WithDefaultPath(url, "/api/v1/snapshot"), ""};
}

}  // namespace

Result<std::unique_ptr<Feed>> FollowExporter(const ExporterOptions& options, const Clock& clock) {
  if (!fetch::Curl()) return fetch::Curl().error();
  auto place = PlaceOf(options.url);
  if (!place) return place.error();
  auto headers = HeadersOf(options, place->url);
  if (!headers) return headers.error();
  UniqueFd event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.valid()) return SystemError("eventfd");
  return std::unique_ptr<Feed>(
      std::make_unique<ExporterFeed>(*std::move(place), *std::move(headers), options, std::move(event), clock));
}

}  // namespace brahe::top
