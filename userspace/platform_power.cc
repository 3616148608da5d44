#include "userspace/platform_power.h"

#include <glog/logging.h>

#include <utility>

#include "userspace/redfish/bmc_config.h"

namespace brahe {

Result<std::unique_ptr<PlatformPower>> PlatformPower::Make(const config::Config& config, const std::string& node_name) {
  const config::Config::Redfish& redfish = config.redfish;
  if (!redfish.enabled) return std::unique_ptr<PlatformPower>();
  if (!config.exporter.prometheus) {
    LOG(WARNING) << "experimental.platform.redfish.enabled has no effect, as the exporter for Prometheus is off, which "
                    "alone tells of the platform (exporter.prometheus.enabled)";
    return std::unique_ptr<PlatformPower>();
  }
  std::unique_ptr<PlatformPower> platform(
      new PlatformPower(redfish.config_file, redfish.node_name.empty() ? node_name : redfish.node_name,
                        {.pace = {.interval = redfish.poll_interval}, .timeout = redfish.http_timeout}));
  if (const Status read = platform->Reload(); !read) return read.error();
  return platform;
}

Status PlatformPower::Reload() {
  auto config = redfish::ReadBmcConfig(file_, node_name_);
  if (!config) return MakeError("experimental.platform.redfish.configFile: " + config.error().message);
  for (const std::string& warning : config->warnings) LOG(WARNING) << "Redfish: " << warning;
  if (config->bmc) {
    LOG(INFO) << "Platform power of " << node_name_ << " from its BMC " << config->bmc->id << " at "
              << config->bmc->endpoint;
  } else {
    LOG(WARNING) << "Redfish: kepler_platform_watts is left out, as " << file_ << " has no BMC for the node "
                 << node_name_ << "; add it to nodes there, or give the name that it has there as "
                 << "experimental.platform.redfish.nodeName";
  }
  poller_.Ask(std::move(config->bmc));
  return {};
}

std::function<instruments::PlatformFigures()> PlatformPower::Figures() const {
  return [this] {
    const redfish::PollerFigures figures = poller_.Figures();
    instruments::PlatformFigures platform{.source = "redfish",
                                          .node_name = node_name_,
                                          .bmc_id = figures.bmc_id,
                                          .reads = figures.rounds,
                                          .age = figures.age};
    for (const redfish::PowerReading& reading : figures.readings) {
      platform.powers.push_back({reading.chassis_id, reading.source_id, reading.source_name,
                                 std::string(reading.source_type), reading.power});
    }
    for (const auto& [cause, count] : figures.failures) platform.failures[fetch::NameOf(cause)] = count;
    return platform;
  };
}

}  // namespace brahe
