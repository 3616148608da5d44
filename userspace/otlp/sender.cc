#include "userspace/otlp/sender.h"

#include <glog/logging.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "userspace/base/plain_text.h"
#include "userspace/fetch/curl_library.h"
#include "userspace/fetch/http_fetch.h"
#include "userspace/fetch/tls_faults.h"
#include "userspace/fetch/url.h"
#include "userspace/otlp/endpoint.h"
#include "userspace/otlp/export_answer.h"
#include "userspace/otlp/header_file.h"

namespace brahe::otlp {
namespace {

using fetch::FetchCause;
using Kind = SendOutcome::Kind;

constexpr size_t kMaxAnswer = 64 << 10;
constexpr Nanoseconds kMaxRetryAfter = Seconds(600);
// Those that OTLP names.
constexpr std::array<long, 4> kRetriedStatuses = {429, 502, 503, 504};

constexpr fetch::StatusRule kStatusRules[] = {
    {400, FetchCause::kStatus,
     "Bad Request: is this the port of OTLP over HTTP (4318 as a rule; 4317 is gRPC's), and if it speaks TLS, does the "
     "URL begin with https?"},
    {401, FetchCause::kUnauthorized,
     "Unauthorized: check the headers in exporter.otlp.headersFile, or the certificate in exporter.otlp.tls.certFile"},
    {403, FetchCause::kForbidden, "Forbidden: whoever the headers or the certificate name may not write here"},
    {404, FetchCause::kStatus,
     "Not Found: give the whole path in exporter.otlp.endpoint, such as /v1/metrics, and check that the receiver has "
     "OTLP turned on"},
    {405, FetchCause::kStatus, "Method Not Allowed: check the path in exporter.otlp.endpoint"},
    {413, FetchCause::kStatus, "Content Too Large: let the receiver take requests of 5 MiB, or choose fewer levels"},
    {415, FetchCause::kStatus, "Unsupported Media Type: the receiver does not take protocol buffers, or no gzip"},
    {429, FetchCause::kStatus, "Too Many Requests: it is sent again later"},
};

constexpr fetch::FetchRemedies kRemedies = {
    .trust =
        "if this is the right receiver, give its address as its certificate has it (exporter.otlp.endpoint), or "
        "the file of who signed it (exporter.otlp.tls.caFile)",
    .no_trust =
        "the authorities that this system trusts cannot be read; name the right one as "
        "exporter.otlp.tls.caFile",
    .own_trust = "check exporter.otlp.tls.caFile",
    .own_certificate = "check exporter.otlp.tls.certFile and exporter.otlp.tls.keyFile",
    .statuses = kStatusRules,
    .message_of = &MessageOfStatus,
};

class HttpSender final : public Sender {
 public:
  HttpSender(std::string url, HttpSenderOptions options)
      : url_(std::move(url)),
        options_(std::move(options)),
        fetcher_({.ca = {.file = options_.ca_file},
                  .client_certificate = {.file = options_.certificate_file},
                  .client_key = {.file = options_.key_file},
                  .insecure = options_.insecure},
                 kRemedies) {}

  [[nodiscard]] std::string name() const override { return url_; }

  SendOutcome Send(const Request& request, const SendLimits& limits) override {
    auto headers = Headers();
    if (!headers) return {.kind = Kind::kFailed, .cause = "headers", .message = headers.error().message};
    std::string body;
    const fetch::FetchAnswer answer = fetcher_.Post({.url = url_,
                                                     .headers = *std::move(headers),
                                                     .limits = {.connect_timeout = std::min(limits.timeout, Seconds(5)),
                                                                .total_timeout = limits.timeout,
                                                                .slow_bytes = 0,
                                                                .max_body = kMaxAnswer},
                                                     .cancelled = limits.cancelled,
                                                     .on_bytes =
                                                         [&body](std::string_view bytes) {
                                                           body += bytes;
                                                           return true;
                                                         }},
                                                    request.bytes);
    return answer.failure ? OutcomeOf(answer) : OutcomeOf(answer, body);
  }

 private:
  // Of this moment.
  [[nodiscard]] Result<std::vector<std::string>> Headers() const {
    std::vector<std::string> headers;
    if (!options_.headers_file.empty()) {
      auto read = ReadHeaderFile(options_.headers_file);
      if (!read) return MakeError("exporter.otlp.headersFile: " + read.error().message);
      headers = *std::move(read);
    }
    headers.emplace_back("Content-Type: application/x-protobuf");
    if (options_.gzip) headers.emplace_back("Content-Encoding: gzip");
    return headers;
  }

  // Of a request that failed.
  static SendOutcome OutcomeOf(const fetch::FetchAnswer& answer) {
    const bool good_status = answer.status >= 200 && answer.status < 300;
    SendOutcome outcome{.cause = fetch::NameOf(answer.failure->cause), .message = answer.failure->message};
    if (good_status && answer.failure->cause == FetchCause::kTooLarge) {
      outcome.kind = Kind::kUnreadable;
    } else if (answer.status == 0 || good_status ||
               std::find(kRetriedStatuses.begin(), kRetriedStatuses.end(), answer.status) != kRetriedStatuses.end()) {
      outcome.kind = Kind::kFailed;
      if (answer.retry_after) outcome.retry_after = std::min(*answer.retry_after, kMaxRetryAfter);
    } else {
      outcome.kind = Kind::kRefused;
    }
    return outcome;
  }

  // Of one that was answered with 2xx.
  [[nodiscard]] SendOutcome OutcomeOf(const fetch::FetchAnswer& answer, std::string_view body) const {
    if (answer.broken_off) return {.kind = Kind::kBrokenOff};
    const auto read = ReadExportAnswer(body);
    if (!read) {
      return {.kind = Kind::kUnreadable,
              .cause = "unreadable",
              .message = "POST " + url_ + ": " + std::to_string(answer.status) +
                         ", but the answer is not OTLP's; is this the right path?"};
    }
    if (read->rejected_points == 0 && read->message.empty()) return {};
    return {.kind = Kind::kPartial,
            .rejected_points = read->rejected_points,
            .cause = "partial",
            .message = "POST " + url_ + ": the receiver rejects " + std::to_string(read->rejected_points) +
                       " points (it says: " + PlainLine(read->message) + ")"};
  }

  const std::string url_;
  const HttpSenderOptions options_;
  fetch::HttpFetcher fetcher_;
};

// What can be seen of the files before anything is sent.
Status CheckFiles(const HttpSenderOptions& options, bool tls) {
  const bool has_files = !options.ca_file.empty() || !options.certificate_file.empty() || !options.key_file.empty();
  if (!tls && has_files) return MakeError("exporter.otlp.tls: exporter.otlp.endpoint does not begin with https://");
  if (options.certificate_file.empty() != options.key_file.empty()) {
    return MakeError("exporter.otlp.tls: certFile and keyFile are given together or not at all");
  }
  if (!options.headers_file.empty()) {
    if (const auto headers = ReadHeaderFile(options.headers_file); !headers) {
      return MakeError("exporter.otlp.headersFile: " + headers.error().message);
    }
  }
  if (!options.ca_file.empty()) {
    const std::string fault = fetch::FaultOfAuthorities(options.ca_file);
    if (!fault.empty()) return MakeError("exporter.otlp.tls.caFile: " + options.ca_file + ": " + fault);
  }
  if (!options.certificate_file.empty()) {
    const std::string fault = fetch::FaultOfKeyPair(options.certificate_file, options.key_file);
    if (!fault.empty()) {
      return MakeError("exporter.otlp.tls.certFile and keyFile: " + options.certificate_file + ", " + options.key_file +
                       ": " + fault);
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Sender>> MakeHttpSender(const HttpSenderOptions& options) {
  if (!fetch::Curl()) return fetch::Curl().error();
  auto url = MetricsUrl(options.endpoint);
  if (!url) return url.error();
  if (const Status checked = CheckFiles(options, url->starts_with("https://")); !checked) return checked.error();
  if (!options.headers_file.empty() && fetch::IsReadableOnTheWay(*url)) {
    LOG(WARNING) << "The headers in exporter.otlp.headersFile go over plain http and can be read on the way; use https";
  }
  return std::unique_ptr<Sender>(std::make_unique<HttpSender>(*std::move(url), options));
}

}  // namespace brahe::otlp
