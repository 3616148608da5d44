#include "userspace/web/local_access.h"

#include <glog/logging.h>
#include <unistd.h>

#include <utility>

namespace brahe::web {
namespace {

constexpr char kSetting[] = "web.localSocket.allow";

http::HttpResponse Forbidden(const std::string& who) {
  return {.status = 403, .body = who + " may not ask here: " + kSetting + " does not name it\n"};
}

}  // namespace

Result<std::unique_ptr<LocalAccess>> LocalAccess::Make(const std::vector<std::string>& allow) {
  std::unique_ptr<LocalAccess> access(new LocalAccess());
  if (const Status allowed = access->Allow(allow); !allowed) return allowed.error();
  return access;
}

Status LocalAccess::Allow(const std::vector<std::string>& allow) {
  auto guests = GuestsOf(kSetting, allow);
  if (!guests) return guests.error();
  guests->users.insert(geteuid());
  const std::lock_guard lock(mutex_);
  guests_ = std::make_shared<const LocalGuests>(*std::move(guests));
  return {};
}

http::HttpHandler LocalAccess::Guard(http::HttpHandler handler) {
  return [this, handler = std::move(handler)](const http::HttpRequest& request, http::Responder responder) {
    if (!request.local) return responder.Send(Forbidden("an unknown user"));
    if (Current()->Have(*request.local)) return handler(request, std::move(responder));
    LOG_EVERY_T(WARNING, 60) << "http: " << request.peer << " was refused at the local socket (" << kSetting << ")";
    responder.Send(Forbidden(request.peer));
  };
}

std::shared_ptr<const LocalGuests> LocalAccess::Current() {
  const std::lock_guard lock(mutex_);
  return guests_;
}

}  // namespace brahe::web
