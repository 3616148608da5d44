#pragma once

#include <ctime>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/result.h"
#include "userspace/http/http_message.h"
#include "userspace/http/tls_context.h"
#include "userspace/web/password_checker.h"
#include "userspace/web/token_bucket.h"
#include "userspace/web/web_config.h"

namespace brahe::web {

struct WebAccessOptions {
  std::string file = {};  // the web configuration file; empty: everybody gets in by plain HTTP
  bool probes_without_auth = false;
};

// Who gets in, as the web configuration file says: TLS for each connection; rate limit, passwords and headers for each
// request. Looks whether the file or one that it names has changed when it is used, at most once a second, and keeps
// what is in force while there is a fault in the new, which it logs once. Any thread.
//
// Must outlive the server that it stands before; what guarded handlers use must outlive this, because it calls them
// from a thread of its own too.
class WebAccess {
 public:
  using IsProbe = std::function<bool(const http::HttpRequest&)>;

  // `clock` must outlive the result. The Error names the file, the key and the remedy.
  static Result<std::unique_ptr<WebAccess>> Make(const WebAccessOptions& options, const Clock& clock = SystemClock());

  // For a new connection; null without TLS, which stays so for good.
  std::shared_ptr<const http::TlsContext> Tls();
  // Lets requests through to `handler` that may pass; the others get 401, 429 or 503. For those that `is_probe` there
  // is no rate limit, and with probes_without_auth no password.
  http::HttpHandler Guard(http::HttpHandler handler, IsProbe is_probe);
  // Reads all anew, changed or not. Turning TLS on or off is an Error too: it takes a restart.
  Status Reload();

 private:
  // What a file was when it was looked at, behind symbolic links; the inode is 0 if there is none.
  struct Stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    int64_t modified_ns = 0;
    int64_t changed_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  struct Rules {
    WebConfig config = {};
    std::shared_ptr<const http::TlsContext> tls = {};
    std::shared_ptr<TokenBucket> bucket = {};  // null: no limit
    std::vector<Stamp> stamps = {};            // of the config's files, before they were read
  };

  WebAccess(const WebAccessOptions& options, const Clock& clock)
      : path_(options.file), probes_without_auth_(options.probes_without_auth), clock_(clock) {}
  static std::vector<Stamp> StampsOf(const std::vector<std::string>& files);
  [[nodiscard]] Result<Rules> Load() const;
  Status Adopt();
  void LookForChanges();
  // Those in force; looks for changes first.
  std::shared_ptr<const Rules> Current();
  void Answer(const http::HttpHandler& handler, const http::HttpRequest& request, bool is_probe,
              http::Responder responder);
  void CheckPassword(const http::HttpHandler& handler, const http::HttpRequest& request, http::Responder responder);

  const std::string path_;
  const bool probes_without_auth_;
  const Clock& clock_;
  std::mutex reload_;  // held while files are looked at
  Nanoseconds next_look_{0};
  std::string fault_;  // why the newest files are not in force; empty: they are
  std::mutex mutex_;   // held briefly, the last taken
  std::shared_ptr<const Rules> rules_;
  PasswordChecker checker_;  // the last, because its thread uses the others
};

}  // namespace brahe::web
