#include "userspace/redfish/redfish_client.h"

#include <algorithm>
#include <iterator>
#include <unordered_set>
#include <utility>

#include "userspace/base/base64.h"
#include "userspace/base/values.h"
#include "userspace/fetch/pruned_json.h"

namespace brahe::redfish {
namespace {

using fetch::FetchCause;

constexpr char kSessions[] = "/redfish/v1/SessionService/Sessions";
constexpr size_t kMaxBody = 1 << 20;
constexpr size_t kMaxToken = 4096;
constexpr size_t kMaxPath = 1024;
constexpr Nanoseconds kLogOutTimeout = Seconds(2);
constexpr fetch::JsonBounds kBounds = {.max_depth = 32, .max_values = 20'000};

// Of the answers to a request for a session, those that are no word about name and password: the BMC has no sessions,
// or has given all that it has.
constexpr long kRefusals[] = {400, 403, 404, 405, 501, 503};

const std::unordered_set<std::string_view>& KeysThatWeRead() {
  static const std::unordered_set<std::string_view> keys = {"@Message.ExtendedInfo",
                                                            "@odata.id",
                                                            "@odata.nextLink",
                                                            "Chassis",
                                                            "EnvironmentMetrics",
                                                            "Id",
                                                            "Links",
                                                            "MemberId",
                                                            "Members",
                                                            "Members@odata.nextLink",
                                                            "Message",
                                                            "Metrics",
                                                            "Name",
                                                            "OutputPowerWatts",
                                                            "Power",
                                                            "PowerConsumedWatts",
                                                            "PowerControl",
                                                            "PowerOutputWatts",
                                                            "PowerSubsystem",
                                                            "PowerSupplies",
                                                            "PowerWatts",
                                                            "Reading",
                                                            "Sessions",
                                                            "error",
                                                            "message"};
  return keys;
}

std::string MessageOf(std::string_view body) {
  const auto answer = fetch::ParsePruned(body, KeysThatWeRead(), kBounds);
  if (!answer) return "";
  const nlohmann::json& error = PartOf(*answer, "error");
  const nlohmann::json& details = PartOf(error, "@Message.ExtendedInfo");
  const std::string detail =
      details.is_array() && !details.empty() ? TextOf(details.front(), "Message") : std::string();
  return detail.empty() ? TextOf(error, "message") : detail;
}

constexpr fetch::StatusRule kStatusRules[] = {
    {401, FetchCause::kUnauthorized,
     "Unauthorized: check username and password in the file of experimental.platform.redfish.configFile, and whether "
     "the account is locked"},
    {403, FetchCause::kForbidden, "Forbidden: give the account the right to log in and to read (role ReadOnly)"},
    {404, FetchCause::kStatus, "Not Found: is this the endpoint of a Redfish service?"},
    {429, FetchCause::kStatus, "Too Many Requests: it is asked again later"},
};

constexpr fetch::FetchRemedies kRemedies = {
    .trust =
        "if this is the right BMC, give its endpoint as its certificate has it, or the file of who signed it as "
        "caFile, "
        "in the file of experimental.platform.redfish.configFile",
    .no_trust = "the authorities that this system trusts cannot be read; name the right one as caFile of the BMC",
    .own_trust = "check caFile of the BMC in the file of experimental.platform.redfish.configFile",
    .own_certificate = "",
    .statuses = kStatusRules,
    .message_of = &MessageOf,
};

bool IsVisible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > ' ' && c < 0x7f; });
}

// Whether it is of the same BMC. Anything else would take name and password elsewhere.
bool IsPath(std::string_view path) {
  return path.starts_with('/') && !path.starts_with("//") && path.size() <= kMaxPath && IsVisible(path);
}

// Of a URL or a path.
std::string PathOf(const std::string& location) {
  const size_t scheme = location.find("://");
  if (scheme == std::string::npos) return location;
  const size_t begin = location.find('/', scheme + 3);
  return begin == std::string::npos ? "" : location.substr(begin);
}

void Hide(const std::string& secret, std::string& text) {
  if (secret.empty()) return;
  for (size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
    text.replace(at, secret.size(), "...");
    at += 3;
  }
}

}  // namespace

RedfishClient::RedfishClient(BmcAccess bmc, Nanoseconds timeout, std::function<bool()> cancelled)
    : bmc_(std::move(bmc)),
      timeout_(timeout),
      cancelled_(std::move(cancelled)),
      fetcher_({.ca = {.file = bmc_.ca_file}, .insecure = bmc_.insecure}, kRemedies) {}

RedfishClient::~RedfishClient() { LogOut(); }

ResourceAnswer RedfishClient::Get(const std::string& path) {
  if (!IsPath(path)) {
    return {.failure = fetch::FetchFailure{FetchCause::kBadAnswer, bmc_.endpoint + ": the BMC links to " +
                                                                       Quoted(path) + ", which is no path of its own"}};
  }
  for (bool again = false;; again = true) {
    if (!bmc_.username.empty() && token_.empty() && !basic_) {
      if (auto failed = LogIn()) return *std::move(failed);
    }
    long status = 0;
    const bool was_session = !token_.empty();
    ResourceAnswer answer = Ask(path, status);
    if (status != 401) return answer;
    token_.clear();
    basic_ = false;
    if (!was_session || again) return answer;
  }
}

std::vector<std::string> RedfishClient::Headers() const {
  std::vector<std::string> headers = {"Accept: application/json", "OData-Version: 4.0"};
  if (!token_.empty()) headers.push_back("X-Auth-Token: " + token_);
  if (basic_) headers.push_back("Authorization: Basic " + EncodeBase64(bmc_.username + ":" + bmc_.password));
  return headers;
}

fetch::FetchRequest RedfishClient::RequestOf(const std::string& path, Reply& reply) const {
  return {.url = bmc_.endpoint + path,
          .headers = Headers(),
          .limits = {.connect_timeout = timeout_, .total_timeout = timeout_, .slow_bytes = 0, .max_body = kMaxBody},
          .cancelled = cancelled_,
          .on_header =
              [&reply](std::string_view name, std::string_view value) {
                const std::string lower = LowerCase(name);
                if (lower == "x-auth-token" && value.size() <= kMaxToken && IsVisible(value)) reply.token = value;
                if (lower == "location") reply.location = value;
              },
          .on_bytes =
              [&reply](std::string_view bytes) {
                reply.body += bytes;
                return true;
              }};
}

ResourceAnswer RedfishClient::FailureOf(const fetch::FetchAnswer& answer) const {
  ResourceAnswer failed{.failure = answer.failure, .missing = answer.status == 404, .retry_after = answer.retry_after};
  if (!failed.failure) failed.failure = {FetchCause::kCut, bmc_.endpoint + ": broken off, as we stop"};
  Hide(bmc_.password, failed.failure->message);
  Hide(token_, failed.failure->message);
  return failed;
}

ResourceAnswer RedfishClient::Ask(const std::string& path, long& status) {
  Reply reply;
  reply.answer = fetcher_.Get(RequestOf(path, reply));
  status = reply.answer.status;
  if (reply.answer.failure || reply.answer.broken_off) return FailureOf(reply.answer);
  auto resource = fetch::ParsePruned(reply.body, KeysThatWeRead(), kBounds);
  if (resource && resource->is_object()) return {.resource = *std::move(resource)};
  return {.failure = fetch::FetchFailure{FetchCause::kBadAnswer,
                                         "GET " + bmc_.endpoint + path + ": the answer is no Redfish resource: " +
                                             (resource ? "it is no JSON object" : resource.error().message)}};
}

std::optional<ResourceAnswer> RedfishClient::LogIn() {
  // Everybody may read the root. Where it cannot be read for another reason than that we have not logged in, no other
  // can.
  long status = 0;
  const ResourceAnswer root = Ask(kServiceRoot, status);
  const bool hidden = status == 401;
  if (root.failure && !hidden) return root;
  std::string path = LinkOf(PartOf(root.resource, "Links"), "Sessions");
  if (path.empty() && !hidden) {
    basic_ = true;
    return std::nullopt;
  }
  if (!IsPath(path)) path = kSessions;

  Reply reply;
  fetch::FetchRequest request = RequestOf(path, reply);
  request.headers.emplace_back("Content-Type: application/json");
  const std::string body = nlohmann::json({{"UserName", bmc_.username}, {"Password", bmc_.password}}).dump();
  reply.answer = fetcher_.Post(request, body);
  if (reply.answer.broken_off) return FailureOf(reply.answer);
  const long answered = reply.answer.status;
  // Who hides all that there is answers 401 also to requests for what is not there.
  const bool refused = std::find(std::begin(kRefusals), std::end(kRefusals), answered) != std::end(kRefusals) ||
                       (hidden && answered == 401);
  if (reply.answer.failure && !refused) return FailureOf(reply.answer);
  if (refused || reply.token.empty()) {
    basic_ = true;
    return std::nullopt;
  }
  token_ = reply.token;
  session_ = PathOf(reply.location);
  if (session_.empty()) {
    const auto session = fetch::ParsePruned(reply.body, KeysThatWeRead(), kBounds);
    if (session) session_ = TextOf(*session, "@odata.id");
  }
  return std::nullopt;
}

void RedfishClient::LogOut() {
  if (token_.empty() || !IsPath(session_)) return;
  Reply reply;
  fetch::FetchRequest request = RequestOf(session_, reply);
  request.limits.connect_timeout = request.limits.total_timeout = std::min(timeout_, kLogOutTimeout);
  request.cancelled = [] { return false; };
  // Without an answer the session ends by itself, when the BMC has not heard of us for some time.
  static_cast<void>(fetcher_.Delete(request));
  token_.clear();
}

}  // namespace brahe::redfish
