#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/units.h"
#include "userspace/fetch/http_fetch.h"
#include "userspace/redfish/bmc_config.h"
#include "userspace/redfish/resources.h"

namespace brahe::redfish {

inline constexpr char kServiceRoot[] = "/redfish/v1/";

// Asks a BMC over HTTP. It logs in for a session, and once more when the session has ended; where the BMC gives none,
// it sends name and password with each request. A wrong password is sent once for each Get, as BMCs lock out those who
// try often; twice if the BMC shows nobody its root, so that it is not known whether it has sessions. No failure has
// the password or the session's token in it. One thread.
class RedfishClient final : public Resources {
 public:
  // `timeout`: of one request. `cancelled`: see FetchRequest.
  RedfishClient(BmcAccess bmc, Nanoseconds timeout, std::function<bool()> cancelled);
  // Logs out, which takes two seconds at most.
  ~RedfishClient() override;

  ResourceAnswer Get(const std::string& path) override;

 private:
  struct Reply {
    fetch::FetchAnswer answer;
    std::string body = {};  // of a good answer
    std::string token = {};
    std::string location = {};
  };

  [[nodiscard]] fetch::FetchRequest RequestOf(const std::string& path, Reply& reply) const;
  [[nodiscard]] std::vector<std::string> Headers() const;
  ResourceAnswer Ask(const std::string& path, long& status);
  // nullopt: the requests to come have what they need.
  std::optional<ResourceAnswer> LogIn();
  void LogOut();
  // An answer that is a failure, without secrets.
  [[nodiscard]] ResourceAnswer FailureOf(const fetch::FetchAnswer& answer) const;

  const BmcAccess bmc_;
  const Nanoseconds timeout_;
  const std::function<bool()> cancelled_;
  fetch::HttpFetcher fetcher_;
  std::string token_;    // of the session; empty: there is none
  std::string session_;  // its path
  bool basic_ = false;   // the BMC gives no sessions
};

}  // namespace brahe::redfish
