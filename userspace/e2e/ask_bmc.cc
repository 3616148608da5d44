// ask_bmc FILE NODE MILLISECONDS: a poller that asks the BMC of this node in a file of BMCs, with a round every so many
// milliseconds. Answers each line of its standard input in one line: "figures", or "wait N": until there were N rounds
// more. Ends with its input.
#include <glog/logging.h>

#include <chrono>
#include <csignal>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>

#include "userspace/redfish/bmc_config.h"
#include "userspace/redfish/redfish_poller.h"

namespace brahe::e2e {
namespace {

std::string LineOf(const redfish::PollerFigures& figures) {
  std::ostringstream line;
  line << "rounds=" << figures.rounds;
  for (const auto& [cause, count] : figures.failures) {
    if (count > 0) line << " " << fetch::NameOf(cause) << "=" << count;
  }
  for (const redfish::PowerReading& reading : figures.readings) {
    line << ";" << reading.chassis_id << "|" << reading.source_type << "|" << reading.source_id << "|"
         << reading.source_name << "|" << reading.power.value;
  }
  return line.str();
}

void WaitForRounds(const redfish::RedfishPoller& poller, uint64_t more) {
  const uint64_t until = poller.Figures().rounds + more;
  while (poller.Figures().rounds < until) std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

int Main(int argc, char** argv) {
  google::InitGoogleLogging(argv[0]);
  FLAGS_logtostderr = true;
  std::signal(SIGPIPE, SIG_IGN);
  if (argc != 4) return 2;
  const auto config = redfish::ReadBmcConfig(argv[1], argv[2]);
  if (!config) {
    std::cerr << config.error().message << "\n";
    return 1;
  }
  const Nanoseconds interval = Milliseconds(std::stoull(argv[3]));
  redfish::RedfishPoller poller(
      {.pace = {.interval = interval, .backoff = {.first = interval, .longest = interval}, .after_refusal = interval},
       .timeout = Seconds(1)});
  poller.Ask(config->bmc);
  poller.Start();
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string what;
    uint64_t rounds = 0;
    words >> what >> rounds;
    if (what == "wait") WaitForRounds(poller, rounds);
    std::cout << LineOf(poller.Figures()) << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace brahe::e2e

int main(int argc, char** argv) { return brahe::e2e::Main(argc, argv); }
