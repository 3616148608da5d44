#include "userspace/base/fuzz_input.h"
#include "userspace/redfish/bmc_config.h"

namespace {

void CheckMessage(const std::string& message) {
  brahe::Require(message.starts_with("r.yaml") && message.size() < 10'000, "a message names the file: " + message);
  brahe::RequireOneLine(message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto config = brahe::redfish::ParseBmcConfig("r.yaml", brahe::TextOf(data, size), "n1");
  if (!config) {
    CheckMessage(config.error().message);
    return 0;
  }
  brahe::Require(config->warnings.size() <= 21, "warnings keep their bound");
  for (const std::string& warning : config->warnings) CheckMessage(warning);
  if (!config->bmc) return 0;
  brahe::Require(config->bmc->endpoint.starts_with("http"), "a BMC is asked by HTTP");
  brahe::Require(config->bmc->endpoint.find('@') == std::string::npos, "a URL holds no name");
  brahe::Require(config->bmc->username.empty() == config->bmc->password.empty(), "a name has a password");
  return 0;
}
