#pragma once

#include <functional>
#include <memory>
#include <string>

#include "userspace/base/result.h"
#include "userspace/config/config.h"
#include "userspace/instruments/platform_figures.h"
#include "userspace/redfish/redfish_poller.h"

namespace brahe {

// Asks the BMC of this node for the power of the machine, as the configuration says. Makes, starts, reloads and stops:
// one thread.
class PlatformPower {
 public:
  // Reads the file of BMCs; null where that is off. What the file says against itself, and that it does not have this
  // node, is logged. `node_name`: as in the metrics. To be called while all rights are there; starts no thread.
  static Result<std::unique_ptr<PlatformPower>> Make(const config::Config& config, const std::string& node_name);

  void Start() { poller_.Start(); }
  // Logs out, which takes two seconds at most.
  void Stop() { poller_.Stop(); }
  // Reads the file anew. On an Error all stays as it is.
  Status Reload();

  // Any thread, as long as this lives.
  [[nodiscard]] std::function<instruments::PlatformFigures()> Figures() const;

 private:
  PlatformPower(std::string file, std::string node_name, const redfish::PollerOptions& options)
      : file_(std::move(file)), node_name_(std::move(node_name)), poller_(options) {}

  const std::string file_;
  const std::string node_name_;  // as in the file
  redfish::RedfishPoller poller_;
};

}  // namespace brahe
