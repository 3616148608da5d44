#include "userspace/workload/kube/http_fetch.h"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/workload/kube/pod_list.h"

namespace brahe {
namespace {

constexpr size_t kMaxErrorBody = 8192;
constexpr size_t kMaxToken = 64 << 10;

// libcurl's setter is variadic; a failure means an option that this libcurl lacks, which third_party rules out.
template <typename T>
void Set(CURL* handle, CURLoption option, T value) {
  curl_easy_setopt(handle, option, value);
}

// One request on its way.
struct Transfer {
  const FetchRequest& request;
  CURL* handle;
  FetchAnswer answer = {};
  std::string error_body = {};  // the beginning of an answer that is not 2xx
  bool too_large = false;
  bool enough = false;  // of an error's body

  [[nodiscard]] bool IsGood() {
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer.status);
    return answer.status >= 200 && answer.status < 300;
  }
};

size_t TakeBytes(const char* bytes, size_t size, size_t count, void* to) {
  auto& transfer = *static_cast<Transfer*>(to);
  const std::string_view piece(bytes, size * count);
  constexpr size_t kBreakOff = 0;
  if (!transfer.IsGood()) {
    transfer.error_body.append(piece.substr(0, kMaxErrorBody - transfer.error_body.size()));
    transfer.enough = transfer.error_body.size() == kMaxErrorBody;
    return transfer.enough ? kBreakOff : piece.size();
  }
  if (transfer.request.on_bytes) {
    transfer.answer.broken_off = !transfer.request.on_bytes(piece);
    return transfer.answer.broken_off ? kBreakOff : piece.size();
  }
  std::string& body = transfer.answer.body;
  transfer.too_large = piece.size() > transfer.request.limits.max_body - body.size();
  if (transfer.too_large) return kBreakOff;
  body.append(piece);
  return piece.size();
}

int AskWhetherCancelled(void* of, curl_off_t /*down*/, curl_off_t /*downloaded*/, curl_off_t /*up*/,
                        curl_off_t /*uploaded*/) {
  auto& transfer = *static_cast<Transfer*>(of);
  if (transfer.request.cancelled()) transfer.answer.broken_off = true;
  return transfer.answer.broken_off ? 1 : 0;
}

void SetPem(CURL* handle, const Pem& pem, CURLoption file, CURLoption blob) {
  if (!pem.content.empty()) {
    // Not copied: the identity lives as long as the request.
    curl_blob content{const_cast<char*>(pem.content.data()), pem.content.size(), CURL_BLOB_NOCOPY};
    Set(handle, blob, &content);
  } else if (!pem.file.empty()) {
    Set(handle, file, pem.file.c_str());
  }
}

void SetIdentity(CURL* handle, const HttpIdentity& identity) {
  if (!identity.ca.empty()) {
    // Whom the system trusts has no say then.
    Set(handle, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    Set(handle, CURLOPT_CAINFO, static_cast<const char*>(nullptr));
    SetPem(handle, identity.ca, CURLOPT_CAINFO, CURLOPT_CAINFO_BLOB);
  }
  Set(handle, CURLOPT_CA_CACHE_TIMEOUT, 0L);  // a renewed file counts from the next connection on
  // A resumed session shows the certificate that it began with, also after the server has got a better one.
  Set(handle, CURLOPT_SSL_SESSIONID_CACHE, 0L);
  Set(handle, CURLOPT_SSL_VERIFYPEER, identity.insecure ? 0L : 1L);
  Set(handle, CURLOPT_SSL_VERIFYHOST, identity.insecure ? 0L : 2L);
  SetPem(handle, identity.client_certificate, CURLOPT_SSLCERT, CURLOPT_SSLCERT_BLOB);
  SetPem(handle, identity.client_key, CURLOPT_SSLKEY, CURLOPT_SSLKEY_BLOB);
}

long InMilliseconds(Nanoseconds time) { return static_cast<long>(time.value / Milliseconds(1).value); }

void SetRequest(CURL* handle, const FetchRequest& request, Transfer& transfer) {
  const FetchLimits& limits = request.limits;
  Set(handle, CURLOPT_URL, request.url.c_str());
  Set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  Set(handle, CURLOPT_FOLLOWLOCATION, 0L);
  Set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  Set(handle, CURLOPT_PROXY, "");
  Set(handle, CURLOPT_USERAGENT, "brahe");
  Set(handle, CURLOPT_NOSIGNAL, 1L);
  Set(handle, CURLOPT_QUICK_EXIT, 1L);  // a resolver that hangs does not hold up our end
  Set(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  Set(handle, CURLOPT_CONNECTTIMEOUT_MS, InMilliseconds(limits.connect_timeout));
  Set(handle, CURLOPT_TIMEOUT_MS, InMilliseconds(limits.total_timeout));
  Set(handle, CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(limits.slow_bytes));
  Set(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(limits.slow_time.value / Seconds(1).value));
  Set(handle, CURLOPT_WRITEFUNCTION, &TakeBytes);
  Set(handle, CURLOPT_WRITEDATA, &transfer);
  Set(handle, CURLOPT_NOPROGRESS, 0L);
  Set(handle, CURLOPT_XFERINFOFUNCTION, &AskWhetherCancelled);
  Set(handle, CURLOPT_XFERINFODATA, &transfer);
}

// The token as it is now; empty if there is none.
Result<std::string> ReadToken(const HttpIdentity& identity) {
  std::string token(Trim(identity.token));
  if (!identity.token_file.empty()) {
    const auto content = ReadFile(identity.token_file, kMaxToken);
    if (!content) return content.error();
    token = Trim(*content);
    if (token.empty()) return MakeError("the token file " + identity.token_file + " is empty");
  }
  const auto is_plain = [](unsigned char c) { return c > ' ' && c < 0x7f; };
  if (!std::all_of(token.begin(), token.end(), is_plain)) {
    return MakeError("the token" + (identity.token_file.empty() ? "" : " in " + identity.token_file) +
                     " holds characters that no token has");
  }
  return token;
}

FetchFailure Fail(const FetchRequest& request, FetchCause cause, const std::string& why) {
  return {cause, "GET " + request.url + ": " + why};
}

// What to do about an answer that is not 2xx.
struct StatusRule {
  long status;
  FetchCause cause;
  const char* meaning;
};
constexpr StatusRule kStatusRules[] = {
    {400, FetchCause::kStatus, "Bad Request: is this the port of TLS? Then the URL begins with https"},
    {401, FetchCause::kUnauthorized, "Unauthorized: the token or client certificate is not accepted; renew it"},
    {403, FetchCause::kForbidden,
     "Forbidden: grant this account get on nodes/proxy for the kubelet (from Kubernetes 1.33 on, nodes/pods suffices), "
     "list and watch on pods for the API server"},
    {404, FetchCause::kStatus, "Not Found: is this the address of a kubelet or an API server?"},
    {410, FetchCause::kExpired, "Gone: the list is too old to be continued; it is fetched anew"},
    {429, FetchCause::kStatus, "Too Many Requests: it is asked again later"},
};

FetchFailure FailOfStatus(Transfer& transfer) {
  const long status = transfer.answer.status;
  FetchCause cause = FetchCause::kStatus;
  std::string why = std::to_string(status);
  for (const StatusRule& rule : kStatusRules) {
    if (rule.status != status) continue;
    cause = rule.cause;
    why += " " + std::string(rule.meaning);
  }
  if (status >= 500) why += ": the server has a fault of its own; see its log";
  const char* target = nullptr;
  if (curl_easy_getinfo(transfer.handle, CURLINFO_REDIRECT_URL, &target) == CURLE_OK && target != nullptr) {
    why += ": it redirects to " + OneLine(target) + ", where we do not go; give that URL if it is right";
  }
  const std::string message = MessageOfStatus(transfer.error_body);
  const std::string said = OneLine(Trim(message.empty() ? transfer.error_body : message));
  if (!said.empty()) why += " (it says: " + said + ")";
  return Fail(transfer.request, cause, why);
}

// What to do about a transfer that failed.
struct TransferRule {
  CURLcode code;
  FetchCause cause;
  const char* remedy;
};
constexpr const char* kTrust =
    "if this is the right server, give its address as its certificate has it (kube.kubelet.url, or server of the "
    "kubeconfig), or the file of who signed it (kube.kubelet.caFile, or certificate-authority)";
constexpr const char* kNoHttp = "this is no HTTP; is it the right port?";
constexpr const char* kOwnCertificate = "check client-certificate and client-key of the kubeconfig";
constexpr const char* kAnswerCut = "the answer was cut short; it is asked again";
constexpr TransferRule kTransferRules[] = {
    {CURLE_PEER_FAILED_VERIFICATION, FetchCause::kCertificate, kTrust},
    {CURLE_SSL_CACERT_BADFILE, FetchCause::kCredentials, "check the file with the certificates that we trust"},
    {CURLE_SSL_CERTPROBLEM, FetchCause::kCredentials, kOwnCertificate},
    {CURLE_SSL_CONNECT_ERROR, FetchCause::kConnection, "TLS fails; does this port speak TLS?"},
    {CURLE_COULDNT_RESOLVE_HOST, FetchCause::kConnection, "give an address that can be resolved here"},
    {CURLE_COULDNT_CONNECT, FetchCause::kConnection, "is it running, and the address right?"},
    {CURLE_OPERATION_TIMEDOUT, FetchCause::kTimeout, "is the address right, and the server not overloaded?"},
    {CURLE_PARTIAL_FILE, FetchCause::kBadAnswer, kAnswerCut},
    {CURLE_RECV_ERROR, FetchCause::kBadAnswer, kAnswerCut},
    {CURLE_GOT_NOTHING, FetchCause::kBadAnswer, "is this the port of TLS? Then the URL begins with https"},
    {CURLE_WEIRD_SERVER_REPLY, FetchCause::kBadAnswer, kNoHttp},
    {CURLE_UNSUPPORTED_PROTOCOL, FetchCause::kBadAnswer, kNoHttp},
};

FetchFailure FailOfTransfer(const Transfer& transfer, CURLcode code, const char* details) {
  const std::string what = OneLine(*details != '\0' ? details : curl_easy_strerror(code));
  for (const TransferRule& rule : kTransferRules) {
    if (rule.code == code) return Fail(transfer.request, rule.cause, what + "; " + rule.remedy);
  }
  return Fail(transfer.request, FetchCause::kConnection, what);
}

// The header lines of one request.
using Headers = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

Headers MakeHeaders(const std::string& token) {
  curl_slist* list = curl_slist_append(nullptr, "Accept: application/json");
  if (!token.empty()) list = curl_slist_append(list, ("Authorization: Bearer " + token).c_str());
  return {list, &curl_slist_free_all};
}

void Finish(Transfer& transfer, CURLcode code, const char* details) {
  FetchAnswer& answer = transfer.answer;
  const bool good = transfer.IsGood();
  if (answer.broken_off) return;
  if (transfer.too_large) {
    const size_t mib = transfer.request.limits.max_body >> 20;
    answer.failure = Fail(transfer.request, FetchCause::kTooLarge,
                          "the answer is larger than " + std::to_string(mib) + " MiB; is this the right server?");
  } else if (answer.status != 0 && !good && (code == CURLE_OK || transfer.enough)) {
    answer.failure = FailOfStatus(transfer);
  } else if (code != CURLE_OK) {
    answer.failure = FailOfTransfer(transfer, code, details);
  }
}

using UrlHandle = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

std::string PartOf(const UrlHandle& url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, 0) != CURLUE_OK) return "";
  std::string copy(text);
  curl_free(text);
  return copy;
}

}  // namespace

HttpFetcher::HttpFetcher(HttpIdentity identity) : identity_(std::move(identity)) {
  static const CURLcode kInitialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (kInitialized == CURLE_OK) handle_.reset(curl_easy_init());
}

HttpFetcher::~HttpFetcher() = default;

void HttpFetcher::CloseHandle::operator()(void* handle) const { curl_easy_cleanup(handle); }

FetchAnswer HttpFetcher::Get(const FetchRequest& request) {
  CURL* handle = handle_.get();
  Transfer transfer{.request = request, .handle = handle};
  FetchAnswer& answer = transfer.answer;
  if (handle == nullptr) {
    answer.failure = Fail(request, FetchCause::kConnection, "libcurl cannot be initialized");
    return answer;
  }
  curl_easy_reset(handle);
  SetRequest(handle, request, transfer);
  std::string token;
  if (request.url.starts_with("https://")) {
    auto read = ReadToken(identity_);
    if (!read) {
      answer.failure = Fail(request, FetchCause::kCredentials, read.error().message);
      return answer;
    }
    token = *std::move(read);
    SetIdentity(handle, identity_);
  }
  const Headers headers = MakeHeaders(token);
  Set(handle, CURLOPT_HTTPHEADER, headers.get());
  char details[CURL_ERROR_SIZE] = "";
  Set(handle, CURLOPT_ERRORBUFFER, &details[0]);
  Finish(transfer, curl_easy_perform(handle), details);
  curl_easy_reset(handle);  // forgets what lives on this stack
  return std::move(answer);
}

Status CheckUrl(const std::string& text) {
  const UrlHandle url(curl_url(), &curl_url_cleanup);
  const std::string quoted = "\"" + OneLine(text) + "\"";
  const auto is_plain = [](unsigned char c) { return c > ' ' && c < 0x7f; };
  if (!std::all_of(text.begin(), text.end(), is_plain) ||
      curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK || PartOf(url, CURLUPART_HOST).empty()) {
    return MakeError(quoted + " is not a URL (such as https://10.0.0.7:10250)");
  }
  if (!text.starts_with("http://") && !text.starts_with("https://")) {
    return MakeError(quoted + " begins with neither http:// nor https://");
  }
  for (const CURLUPart part : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
    if (!PartOf(url, part).empty()) return MakeError(quoted + " holds more than scheme, host, port and path");
  }
  return {};
}

std::string EscapedForQuery(std::string_view text) {
  std::string escaped;
  for (const unsigned char c : text) {
    if (std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_' || c == '~') {
      escaped += static_cast<char>(c);
    } else {
      constexpr char kDigits[] = "0123456789ABCDEF";
      escaped += {'%', kDigits[c >> 4], kDigits[c & 15]};
    }
  }
  return escaped;
}

std::string OneLine(std::string_view text) {
  constexpr size_t kLongest = 300;
  std::string line(text.substr(0, kLongest));
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
  }
  return text.size() > kLongest ? line + "..." : line;
}

}  // namespace brahe
