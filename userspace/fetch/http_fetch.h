#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/base/units.h"
#include "userspace/fetch/curl_library.h"
#include "userspace/fetch/fetch_failure.h"
#include "userspace/fetch/pem.h"

namespace brahe::fetch {

// Who we are and whom we trust.
struct HttpIdentity {
  Pem ca = {};                  // empty: whom the system trusts
  Pem client_certificate = {};  // with its key, or both empty
  Pem client_key = {};
  std::string token_file = {};  // bearer token, read for each request, so that it may be rotated; wins over `token`
  std::string token = {};
  bool insecure = false;  // takes any certificate
};

// What of it libcurl reads from files.
struct IdentityFiles {
  PemFile ca;
  PemFile client_certificate;
  PemFile client_key;
};
Result<IdentityFiles> MakeFiles(const HttpIdentity& identity);

struct FetchLimits {
  Nanoseconds connect_timeout = Seconds(5);
  Nanoseconds total_timeout = Seconds(30);
  // An answer that brings less than `slow_bytes` a second for `slow_time` is given up; 0: any pace is good.
  size_t slow_bytes = 100;
  Nanoseconds slow_time = Seconds(10);
  size_t max_body = 64 << 20;  // bytes of a good answer
};

struct FetchRequest {
  std::string url;          // http or https, without a name or password in it
  std::string socket = {};  // path of the Unix socket where it is asked, whatever host `url` names; empty: by TCP
  std::vector<std::string> headers = {"Accept: application/json"};  // "Name: value"
  FetchLimits limits = {};
  // Asked at least every second; true breaks the request off.
  std::function<bool()> cancelled = [] { return false; };
  // Takes the headers of the answer, whatever its status. Names as they are written.
  std::function<void(std::string_view name, std::string_view value)> on_header = nullptr;
  // Takes the body of a good answer piece by piece; false breaks the request off.
  std::function<bool(std::string_view)> on_bytes = [](std::string_view) { return true; };
};

struct FetchAnswer {
  long status = 0;                              // 0: none came
  std::optional<FetchFailure> failure;          // nullopt: a 2xx answer came to its end
  std::optional<Nanoseconds> retry_after = {};  // how long we are asked to wait
  bool broken_off = false;                      // by `cancelled` or on_bytes; `failure` is not set then
  std::string said = {};  // by an answer that is not 2xx: a line for people, which `failure` has too
};

// What to do about an answer that is not 2xx.
struct StatusRule {
  long status;
  FetchCause cause;
  const char* meaning;
};

// What a client's user is told to do, in the words of its settings. All are literals and end a line.
struct FetchRemedies {
  const char* trust;            // about a server that is not trusted
  const char* no_trust;         // where whom the system trusts cannot be read
  const char* own_trust;        // about authorities that we name and that cannot be read
  const char* own_certificate;  // about a client's certificate and key that cannot be used
  std::span<const StatusRule> statuses;
  // What the body of an answer that is not 2xx says, for people; empty where it is not of the form that it should have.
  std::string (*message_of)(std::string_view body);
};

// Gets URLs, posts to them and deletes them over HTTP/1.1, with libcurl. Certificates are verified unless the identity
// says otherwise; TLS is 1.2 or newer; a redirect is a failure, as the token and the headers would go along; a token or
// a client's key never goes over plain http, and proxies of the environment are not used. One connection is kept
// between requests. Not thread-safe.
class HttpFetcher {
 public:
  // Without libcurl each request fails. Who starts anything asks Curl() before.
  HttpFetcher(HttpIdentity identity, const FetchRemedies& remedies);
  HttpFetcher(const HttpFetcher&) = delete;
  HttpFetcher& operator=(const HttpFetcher&) = delete;
  ~HttpFetcher();

  FetchAnswer Get(const FetchRequest& request) { return Fetch(request, "GET", {}); }
  FetchAnswer Post(const FetchRequest& request, std::string_view body) { return Fetch(request, kPost, body); }
  FetchAnswer Delete(const FetchRequest& request) { return Fetch(request, "DELETE", {}); }

 private:
  struct CloseHandle {
    void operator()(CURL* handle) const;
  };

  static constexpr char kPost[] = "POST";

  // `body`: of a POST.
  FetchAnswer Fetch(const FetchRequest& request, std::string_view method, std::string_view body);

  const HttpIdentity identity_;
  const FetchRemedies remedies_;
  // Kept as long as the connection, which libcurl takes again only for the same paths.
  std::optional<IdentityFiles> files_;
  std::unique_ptr<CURL, CloseHandle> handle_;
};

// An Error unless `url` is one that HttpFetcher takes: http or https, with a host, and no name, password, query or
// fragment. Needs libcurl.
Status CheckUrl(const std::string& url);

// `text` with what a URL's query may not hold escaped. Needs libcurl.
std::string EscapedForQuery(const std::string& text);

}  // namespace brahe::fetch
