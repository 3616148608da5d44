#include "userspace/web/web_access.h"

#include <glog/logging.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "userspace/web/basic_auth.h"
#include "userspace/web/peer_share.h"

namespace brahe::web {
namespace {

constexpr Nanoseconds kBetweenLooks = Seconds(1);
// A password waits behind others for some hashes and the rests between them.
constexpr uint64_t kBusySeconds = 5;

int64_t Count(const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

http::HttpResponse Unauthorized() {
  return {.status = 401,
          .body = "name and password are wanted\n",
          .headers = {{"WWW-Authenticate", "Basic realm=\"brahe\", charset=\"UTF-8\""}}};
}

http::HttpResponse Later(unsigned status, uint64_t seconds) {
  return {.status = status,
          .body = "too many requests; come again later\n",
          .headers = {{"Retry-After", std::to_string(seconds)}}};
}

uint64_t SecondsUntilNext(const RateLimit& limit) {
  constexpr uint64_t kSecond = Seconds(1).value;
  return std::max<uint64_t>(1, (limit.interval.value + kSecond - 1) / kSecond);
}

// Adds `headers`, which `keeper` keeps, to whatever is answered.
http::Responder WithHeaders(std::shared_ptr<const void> keeper,
                            const std::vector<std::pair<std::string, std::string>>& headers,
                            http::Responder responder) {
  if (headers.empty()) return responder;
  auto inner = std::make_shared<http::Responder>(std::move(responder));
  return http::Responder([keeper = std::move(keeper), &headers, inner](http::HttpResponse response) {
    response.headers.insert(response.headers.end(), headers.begin(), headers.end());
    inner->Send(std::move(response));
  });
}

bool SameLimit(const std::optional<RateLimit>& a, const std::optional<RateLimit>& b) {
  return a && b && a->interval.value == b->interval.value && a->burst == b->burst;
}

}  // namespace

Result<std::unique_ptr<WebAccess>> WebAccess::Make(const WebAccessOptions& options, const Clock& clock) {
  std::unique_ptr<WebAccess> access(new WebAccess(options, clock));
  if (options.file.empty()) {
    access->rules_ = std::make_shared<const Rules>();
  } else if (const Status adopted = access->Adopt(); !adopted) {
    return adopted.error();
  }
  access->next_look_ = clock.Now() + kBetweenLooks;
  return access;
}

std::shared_ptr<const http::TlsContext> WebAccess::Tls() { return Current()->tls; }

http::HttpHandler WebAccess::Guard(http::HttpHandler handler, IsProbe is_probe) {
  return [this, handler = std::move(handler), is_probe = std::move(is_probe)](const http::HttpRequest& request,
                                                                              http::Responder responder) {
    Answer(handler, request, is_probe(request), std::move(responder));
  };
}

Status WebAccess::Reload() {
  if (path_.empty()) return {};
  const std::lock_guard lock(reload_);
  Status adopted = Adopt();
  // The caller says it, or that it is over.
  fault_ = adopted ? "" : adopted.error().message;
  return adopted;
}

std::vector<WebAccess::Stamp> WebAccess::StampsOf(const std::vector<std::string>& files) {
  std::vector<Stamp> stamps;
  for (const std::string& file : files) {
    struct stat now {};
    Stamp& stamp = stamps.emplace_back();
    if (stat(file.c_str(), &now) != 0) continue;
    stamp = {now.st_dev, now.st_ino, now.st_size, Count(now.st_mtim), Count(now.st_ctim)};
  }
  return stamps;
}

Result<WebAccess::Rules> WebAccess::Load() const {
  Rules rules;
  std::vector<std::string> files = {path_};
  // Which files there are is known only after they were read, but a change must not slip in between reading and
  // stamping.
  for (int tries = 3; tries > 0; --tries) {
    rules.stamps = StampsOf(files);
    Result<WebConfig> config = LoadWebConfig(path_);
    if (!config) return config.error();
    rules.config = std::move(*config);
    if (rules.config.files == files) break;
    files = rules.config.files;
    rules.stamps.clear();  // unequal to any, if the files change with each try
  }
  if (rules.config.tls) {
    auto tls = http::TlsContext::Make(*rules.config.tls);
    if (!tls) return MakeError(path_ + ": tls_server_config: " + tls.error().message);
    rules.tls = *tls;
    for (const std::string& warning : rules.tls->warnings()) {
      rules.config.warnings.push_back(path_ + ": tls_server_config: " + warning);
    }
    rules.config.tls->key.clear();  // the context has its own
  }
  return rules;
}

Status WebAccess::Adopt() {
  Result<Rules> loaded = Load();
  if (!loaded) return loaded.error();
  const std::shared_ptr<const Rules> old = [this] {
    const std::lock_guard lock(mutex_);
    return rules_;
  }();
  if (old && (old->tls == nullptr) != (loaded->tls == nullptr)) {
    return MakeError(path_ + ": tls_server_config: TLS cannot be turned on or off while the exporter runs; restart it");
  }
  if (old && SameLimit(old->config.rate_limit, loaded->config.rate_limit)) {
    loaded->bucket = old->bucket;
  } else if (loaded->config.rate_limit) {
    loaded->bucket = std::make_shared<TokenBucket>(*loaded->config.rate_limit, clock_);
  }
  for (const std::string& warning : loaded->config.warnings) LOG(WARNING) << warning;
  checker_.SetUsers(loaded->config.users);
  auto rules = std::make_shared<const Rules>(std::move(*loaded));
  const std::lock_guard lock(mutex_);
  rules_ = std::move(rules);
  return {};
}

void WebAccess::LookForChanges() {
  const std::unique_lock lock(reload_, std::try_to_lock);
  // Nobody waits for another's look.
  if (!lock.owns_lock() || clock_.Now() < next_look_) return;
  next_look_ = clock_.Now() + kBetweenLooks;
  // A fault may be in a file that is not known yet, so that all is tried again.
  if (fault_.empty()) {
    const std::lock_guard rules_lock(mutex_);
    if (StampsOf(rules_->config.files) == rules_->stamps) return;
  }
  const Status adopted = Adopt();
  if (adopted) {
    LOG(INFO) << path_ << ": what has changed is in force";
    fault_.clear();
  } else if (fault_ != adopted.error().message) {
    LOG(WARNING) << adopted.error().message << " (what was read before stays in force)";
    fault_ = adopted.error().message;
  }
}

std::shared_ptr<const WebAccess::Rules> WebAccess::Current() {
  if (!path_.empty()) LookForChanges();
  const std::lock_guard lock(mutex_);
  return rules_;
}

void WebAccess::Answer(const http::HttpHandler& handler, const http::HttpRequest& request, bool is_probe,
                       http::Responder plain) {
  const std::shared_ptr<const Rules> rules = Current();
  http::Responder responder = WithHeaders(rules, rules->config.headers, std::move(plain));
  // A node that is scraped too often is not to be restarted for that.
  if (rules->bucket && !is_probe && !rules->bucket->Take()) {
    return responder.Send(Later(429, SecondsUntilNext(*rules->config.rate_limit)));
  }
  const bool is_open = rules->config.users.empty() || (is_probe && probes_without_auth_);
  if (is_open) return handler(request, std::move(responder));
  CheckPassword(handler, request, std::move(responder));
}

void WebAccess::CheckPassword(const http::HttpHandler& handler, const http::HttpRequest& request,
                              http::Responder responder) {
  const auto header = request.headers.find("authorization");
  auto credentials = header == request.headers.end() ? std::nullopt : ParseBasicAuth(header->second);
  if (!credentials) return responder.Send(Unauthorized());
  auto shared = std::make_shared<http::Responder>(std::move(responder));  // std::function wants to be copied
  checker_.Check({.peer = ShareOf(request.peer),
                  .user = std::move(credentials->user),
                  .password = std::move(credentials->password)},
                 [handler, request, shared](PasswordChecker::Verdict verdict) {
                   if (verdict == PasswordChecker::Verdict::kRight) return handler(request, std::move(*shared));
                   const bool busy = verdict == PasswordChecker::Verdict::kBusy;
                   if (!busy) {
                     LOG_EVERY_T(WARNING, 10) << "http: a wrong name or password was given by " << request.peer;
                   }
                   shared->Send(busy ? Later(503, kBusySeconds) : Unauthorized());
                 });
}

}  // namespace brahe::web
