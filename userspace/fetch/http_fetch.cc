#include "userspace/fetch/http_fetch.h"

#include <algorithm>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/base/plain_text.h"
#include "userspace/fetch/tls_faults.h"

namespace brahe::fetch {
namespace {

constexpr size_t kMaxErrorBody = 8192;
constexpr curl_off_t kMaxRetryAfter = 86400;  // seconds
constexpr size_t kMaxToken = 64 << 10;

// A handle of libcurl on which options are set. The setter is variadic: a number must be a long.
class Options {
 public:
  Options(const CurlLibrary& curl, CURL* handle) : curl_(curl), handle_(handle) {}

  template <typename T>
  void Set(CURLoption option, T value) {
    const CURLcode code = curl_.easy_setopt(handle_, option, value);
    if (code != CURLE_OK && refused_.empty()) {
      refused_ = "libcurl refuses option " + std::to_string(option) + ": " + curl_.easy_strerror(code);
    }
  }
  // For what a libcurl without the option does by itself.
  template <typename T>
  void SetWhereKnown(CURLoption option, T value) {
    curl_.easy_setopt(handle_, option, value);
  }
  // The first option that was not taken; empty: all were.
  [[nodiscard]] const std::string& refused() const { return refused_; }

 private:
  const CurlLibrary& curl_;
  CURL* handle_;
  std::string refused_;
};

// One request on its way.
struct Transfer {
  const FetchRequest& request;
  const FetchRemedies& remedies;
  std::string_view method;
  std::string_view body;  // that is posted
  const CurlLibrary& curl;
  CURL* handle;
  const IdentityFiles* files = nullptr;  // of TLS
  FetchAnswer answer = {};
  std::string error_body = {};  // the beginning of an answer that is not 2xx
  size_t taken = 0;             // bytes of a good answer
  bool too_large = false;
  bool enough = false;  // of an error's body

  [[nodiscard]] bool IsGood() {
    curl.easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer.status);
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
  transfer.too_large = piece.size() > transfer.request.limits.max_body - transfer.taken;
  if (transfer.too_large) return kBreakOff;
  transfer.taken += piece.size();
  transfer.answer.broken_off = !transfer.request.on_bytes(piece);
  return transfer.answer.broken_off ? kBreakOff : piece.size();
}

size_t TakeHeader(const char* bytes, size_t size, size_t count, void* to) {
  const std::string_view line(bytes, size * count);
  const size_t colon = line.find(':');
  const auto& request = static_cast<Transfer*>(to)->request;
  if (colon != std::string_view::npos) request.on_header(line.substr(0, colon), Trim(line.substr(colon + 1)));
  return line.size();
}

int AskWhetherCancelled(void* of, curl_off_t /*down*/, curl_off_t /*downloaded*/, curl_off_t /*up*/,
                        curl_off_t /*uploaded*/) {
  auto& transfer = *static_cast<Transfer*>(of);
  if (transfer.request.cancelled()) transfer.answer.broken_off = true;
  return transfer.answer.broken_off ? 1 : 0;
}

void SetIdentity(Options& options, const HttpIdentity& identity, const IdentityFiles& files) {
  if (!files.ca.empty()) {
    // Whom the system trusts has no say then.
    options.Set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    options.Set(CURLOPT_CAINFO, files.ca.path().c_str());
  }
  options.SetWhereKnown(CURLOPT_CA_CACHE_TIMEOUT, 0L);  // a renewed file counts from the next connection on
  // A resumed session shows the certificate that it began with, also after the server has got a better one.
  options.Set(CURLOPT_SSL_SESSIONID_CACHE, 0L);
  options.Set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));  // or newer
  options.Set(CURLOPT_SSL_VERIFYPEER, identity.insecure ? 0L : 1L);
  options.Set(CURLOPT_SSL_VERIFYHOST, identity.insecure ? 0L : 2L);
  if (!files.client_certificate.empty()) {
    options.Set(CURLOPT_SSLCERT, files.client_certificate.path().c_str());
    options.Set(CURLOPT_SSLKEY, files.client_key.path().c_str());
  }
}

long InMilliseconds(Nanoseconds time) { return static_cast<long>(time.value / Milliseconds(1).value); }

void SetMethod(Options& options, std::string_view method, std::string_view body) {
  if (method == "DELETE") options.Set(CURLOPT_CUSTOMREQUEST, "DELETE");
  if (method != "POST") return;
  options.Set(CURLOPT_POST, 1L);
  options.Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  options.Set(CURLOPT_POSTFIELDS, body.data());  // not copied
}

void SetRequest(Options& options, Transfer& transfer) {
  const FetchRequest& request = transfer.request;
  const FetchLimits& limits = request.limits;
  SetMethod(options, transfer.method, transfer.body);
  options.Set(CURLOPT_URL, request.url.c_str());
  if (!request.socket.empty()) options.Set(CURLOPT_UNIX_SOCKET_PATH, request.socket.c_str());
  options.Set(CURLOPT_PROTOCOLS_STR, "http,https");
  options.Set(CURLOPT_FOLLOWLOCATION, 0L);
  options.Set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  options.Set(CURLOPT_PROXY, "");
  options.Set(CURLOPT_USERAGENT, "brahe");
  options.Set(CURLOPT_NOSIGNAL, 1L);
  options.Set(CURLOPT_QUICK_EXIT, 1L);  // a resolver that hangs does not hold up our end
  options.Set(CURLOPT_TCP_KEEPALIVE, 1L);
  options.Set(CURLOPT_CONNECTTIMEOUT_MS, InMilliseconds(limits.connect_timeout));
  options.Set(CURLOPT_TIMEOUT_MS, InMilliseconds(limits.total_timeout));
  options.Set(CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(limits.slow_bytes));
  options.Set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(limits.slow_time.value / Seconds(1).value));
  options.Set(CURLOPT_WRITEFUNCTION, &TakeBytes);
  options.Set(CURLOPT_WRITEDATA, &transfer);
  if (request.on_header) {
    options.Set(CURLOPT_HEADERFUNCTION, &TakeHeader);
    options.Set(CURLOPT_HEADERDATA, &transfer);
  }
  options.Set(CURLOPT_NOPROGRESS, 0L);
  options.Set(CURLOPT_XFERINFOFUNCTION, &AskWhetherCancelled);
  options.Set(CURLOPT_XFERINFODATA, &transfer);
}

bool IsPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > ' ' && c < 0x7f; });
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
  if (!IsPlain(token)) {
    return MakeError("the token" + (identity.token_file.empty() ? "" : " in " + identity.token_file) +
                     " holds characters that no token has");
  }
  return token;
}

FetchFailure Fail(const Transfer& transfer, FetchCause cause, const std::string& why) {
  const FetchRequest& request = transfer.request;
  const std::string where = request.socket.empty() ? request.url : "unix:" + request.socket;
  return {cause, std::string(transfer.method) + " " + where + ": " + why};
}

FetchFailure FailOfStatus(Transfer& transfer) {
  const long status = transfer.answer.status;
  FetchCause cause = FetchCause::kStatus;
  std::string why = std::to_string(status);
  for (const StatusRule& rule : transfer.remedies.statuses) {
    if (rule.status != status) continue;
    cause = rule.cause;
    why += " " + std::string(rule.meaning);
  }
  if (status >= 500) why += ": the server has a fault of its own; see its log";
  const char* target = nullptr;
  if (transfer.curl.easy_getinfo(transfer.handle, CURLINFO_REDIRECT_URL, &target) == CURLE_OK && target != nullptr) {
    why += ": it redirects to " + PlainLine(target) + ", where we do not go; give that URL if it is right";
  }
  const std::string message = transfer.remedies.message_of(transfer.error_body);
  const std::string said = PlainLine(Trim(message.empty() ? transfer.error_body : message));
  if (!said.empty()) why += " (it says: " + said + ")";
  transfer.answer.said = said;
  return Fail(transfer, cause, why);
}

// What to do about a transfer that failed.
struct TransferRule {
  CURLcode code;
  FetchCause cause;
  const char* remedy;
};
constexpr const char* kNoHttp = "this is no HTTP; is it the right port?";
constexpr const char* kRefused =
    "it was broken off before the answer began; does the server want a client certificate, or another than ours?";
constexpr const char* kLost = "it was broken off before the answer began; it is asked again";
constexpr const char* kAnswerCut = "the connection was cut in the middle of the answer; it is asked again";
constexpr TransferRule kTransferRules[] = {
    {CURLE_SSL_CONNECT_ERROR, FetchCause::kConnection, "TLS fails; does this port speak TLS?"},
    {CURLE_COULDNT_RESOLVE_HOST, FetchCause::kConnection, "give an address that can be resolved here"},
    {CURLE_COULDNT_CONNECT, FetchCause::kConnection, "is it running, and the address right?"},
    {CURLE_OPERATION_TIMEDOUT, FetchCause::kTimeout, "is the address right, and the server not overloaded?"},
    {CURLE_PARTIAL_FILE, FetchCause::kCut, kAnswerCut},
    {CURLE_RECV_ERROR, FetchCause::kCut, kAnswerCut},
    {CURLE_GOT_NOTHING, FetchCause::kBadAnswer, "is this the port of TLS? Then the URL begins with https"},
    {CURLE_WEIRD_SERVER_REPLY, FetchCause::kBadAnswer, kNoHttp},
    {CURLE_UNSUPPORTED_PROTOCOL, FetchCause::kBadAnswer, kNoHttp},
};

// What failed, in the best words that anybody has for it.
std::string WhatFailed(const Transfer& transfer, CURLcode code, const char* details) {
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    long status = 0;
    transfer.curl.easy_getinfo(transfer.handle, CURLINFO_SSL_VERIFYRESULT, &status);
    const std::string why = WhyNotTrusted(status);
    if (!why.empty()) return why;
  }
  return PlainLine(*details != '\0' ? details : transfer.curl.easy_strerror(code));
}

FetchFailure FailOfTransfer(const Transfer& transfer, CURLcode code, const char* details) {
  const std::string what = WhatFailed(transfer, code, details);
  const bool tls = transfer.request.url.starts_with("https://");
  // Over plain HTTP, a port of TLS answers with nothing.
  const bool lost = code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR || (code == CURLE_GOT_NOTHING && tls);
  if (lost && transfer.answer.status == 0) {
    return Fail(transfer, FetchCause::kConnection, what + "; " + (tls ? kRefused : kLost));
  }
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    return Fail(transfer, FetchCause::kCertificate, what + "; " + transfer.remedies.trust);
  }
  for (const TransferRule& rule : kTransferRules) {
    if (rule.code == code) return Fail(transfer, rule.cause, what + "; " + rule.remedy);
  }
  return Fail(transfer, FetchCause::kConnection, what);
}

// A failure that our own certificates are the reason of, which libcurl tells from others only in part.
std::optional<FetchFailure> FailOfIdentity(const Transfer& transfer, CURLcode code) {
  if (transfer.files == nullptr) return std::nullopt;
  const IdentityFiles& files = *transfer.files;
  std::string why;
  if (code == CURLE_SSL_CACERT_BADFILE || code == CURLE_PEER_FAILED_VERIFICATION) {
    if (!files.ca.empty()) why = FaultOfAuthorities(files.ca.path());
    if (!why.empty()) why = files.ca.name() + ": " + why + "; " + transfer.remedies.own_trust;
    if (why.empty() && code == CURLE_SSL_CACERT_BADFILE) why = transfer.remedies.no_trust;
  }
  if (code == CURLE_SSL_CONNECT_ERROR && !files.client_certificate.empty()) {
    why = FaultOfKeyPair(files.client_certificate.path(), files.client_key.path());
    if (!why.empty()) why += "; " + std::string(transfer.remedies.own_certificate);
  }
  if (why.empty()) return std::nullopt;
  return Fail(transfer, FetchCause::kCredentials, why);
}

// The header lines of one request.
using Headers = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

Headers MakeHeaders(const CurlLibrary& curl, const FetchRequest& request, const std::string& token) {
  curl_slist* list = curl.slist_append(nullptr, "Expect:");  // a large body does not wait to be asked for
  for (const std::string& header : request.headers) list = curl.slist_append(list, header.c_str());
  if (!token.empty()) list = curl.slist_append(list, ("Authorization: Bearer " + token).c_str());
  return {list, curl.slist_free_all};
}

void Finish(Transfer& transfer, CURLcode code, const char* details) {
  FetchAnswer& answer = transfer.answer;
  const bool good = transfer.IsGood();
  curl_off_t seconds = 0;
  if (transfer.curl.easy_getinfo(transfer.handle, CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK && seconds > 0) {
    answer.retry_after = Seconds(static_cast<uint64_t>(std::min<curl_off_t>(seconds, kMaxRetryAfter)));
  }
  if (answer.broken_off) return;
  if (transfer.too_large) {
    const size_t kib = transfer.request.limits.max_body >> 10;
    const std::string size = kib < 1024 ? std::to_string(kib) + " KiB" : std::to_string(kib >> 10) + " MiB";
    answer.failure =
        Fail(transfer, FetchCause::kTooLarge, "the answer is larger than " + size + "; is this the right server?");
  } else if (answer.status != 0 && !good && (code == CURLE_OK || transfer.enough)) {
    answer.failure = FailOfStatus(transfer);
  } else if (code != CURLE_OK) {
    answer.failure = FailOfIdentity(transfer, code);
    if (!answer.failure) answer.failure = FailOfTransfer(transfer, code, details);
  }
}

using UrlHandle = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

// A text that libcurl gives away; null is none.
std::string Taken(const CurlLibrary& curl, char* text) {
  const std::unique_ptr<char, decltype(&curl_free)> owned(text, curl.free);
  return text == nullptr ? "" : text;
}

std::string PartOf(const CurlLibrary& curl, const UrlHandle& url, CURLUPart part) {
  char* text = nullptr;
  return curl.url_get(url.get(), part, &text, 0) == CURLUE_OK ? Taken(curl, text) : "";
}

}  // namespace

Result<IdentityFiles> MakeFiles(const HttpIdentity& identity) {
  auto ca = PemFile::Make(identity.ca, "certificate-authority-data");
  if (!ca) return ca.error();
  auto certificate = PemFile::Make(identity.client_certificate, "client-certificate-data");
  if (!certificate) return certificate.error();
  auto key = PemFile::Make(identity.client_key, "client-key-data");
  if (!key) return key.error();
  return IdentityFiles{*std::move(ca), *std::move(certificate), *std::move(key)};
}

HttpFetcher::HttpFetcher(HttpIdentity identity, const FetchRemedies& remedies)
    : identity_(std::move(identity)), remedies_(remedies) {
  if (Curl()) handle_.reset(Curl()->easy_init());
}

HttpFetcher::~HttpFetcher() = default;

void HttpFetcher::CloseHandle::operator()(CURL* handle) const { Curl()->easy_cleanup(handle); }

FetchAnswer HttpFetcher::Fetch(const FetchRequest& request, std::string_view method, std::string_view body) {
  if (!handle_) {
    const std::string why = Curl() ? "libcurl gives no handle" : Curl().error().message;
    return {.failure = FetchFailure{FetchCause::kConnection, request.url + ": " + why}};
  }
  const CurlLibrary& curl = *Curl();
  CURL* handle = handle_.get();
  Transfer transfer{
      .request = request, .remedies = remedies_, .method = method, .body = body, .curl = curl, .handle = handle};
  FetchAnswer& answer = transfer.answer;
  curl.easy_reset(handle);
  Options options(curl, handle);
  SetRequest(options, transfer);
  std::string token;
  if (request.url.starts_with("https://")) {
    auto read = ReadToken(identity_);
    if (read && !files_) {
      auto files = MakeFiles(identity_);
      if (files) files_ = *std::move(files);
      if (!files) read = files.error();
    }
    if (!read) {
      answer.failure = Fail(transfer, FetchCause::kCredentials, read.error().message);
      return answer;
    }
    token = *std::move(read);
    transfer.files = &*files_;
    SetIdentity(options, identity_, *files_);
  }
  const Headers headers = MakeHeaders(curl, request, token);
  options.Set(CURLOPT_HTTPHEADER, headers.get());
  char details[CURL_ERROR_SIZE] = "";
  options.Set(CURLOPT_ERRORBUFFER, &details[0]);
  if (options.refused().empty()) {
    Finish(transfer, curl.easy_perform(handle), details);
  } else {
    answer.failure = Fail(transfer, FetchCause::kConnection, options.refused());
  }
  curl.easy_reset(handle);  // forgets what lives on this stack
  return std::move(answer);
}

Status CheckUrl(const std::string& text) {
  if (!Curl()) return Curl().error();
  const CurlLibrary& curl = *Curl();
  const UrlHandle url(curl.url(), curl.url_cleanup);
  const std::string quoted = "\"" + PlainLine(text) + "\"";
  if (!IsPlain(text) || curl.url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK ||
      PartOf(curl, url, CURLUPART_HOST).empty()) {
    return MakeError(quoted + " is not a URL (such as https://10.0.0.7:10250)");
  }
  if (!text.starts_with("http://") && !text.starts_with("https://")) {
    return MakeError(quoted + " begins with neither http:// nor https://");
  }
  for (const CURLUPart part : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
    if (!PartOf(curl, url, part).empty()) return MakeError(quoted + " holds more than scheme, host, port and path");
  }
  return {};
}

std::string EscapedForQuery(const std::string& text) {
  const CurlLibrary& curl = *Curl();
  return Taken(curl, curl.easy_escape(nullptr, text.c_str(), static_cast<int>(text.size())));
}

}  // namespace brahe::fetch
