#include "userspace/check_command.h"

#include <glog/logging.h>
#include <sys/capability.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "userspace/base/capabilities.h"
#include "userspace/base/clock.h"
#include "userspace/base/log_format.h"
#include "userspace/base/plain_text.h"
#include "userspace/check/judge.h"
#include "userspace/check/observe.h"
#include "userspace/check/report.h"
#include "userspace/command_error.h"
#include "userspace/config/check_line.h"
#include "userspace/config/version.h"
#include "userspace/log_keeper.h"
#include "userspace/monitor/host_workload_resolver.h"
#include "userspace/revision.h"
#include "userspace/sources.h"

namespace brahe {
namespace {

constexpr int kNotKnown = 2;

int Fatal(const std::string& message) { return FailCommand("check", message, kNotKnown); }

// Those of docs/security.md that this process has not. CAP_SYS_ADMIN is as good as the first two.
std::vector<std::string> MissingRights() {
  std::vector<std::string> missing;
  const bool admin = HasCapability(CAP_SYS_ADMIN);
  for (const cap_value_t capability : {CAP_BPF, CAP_PERFMON, CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE}) {
    const bool for_bpf = capability == CAP_BPF || capability == CAP_PERFMON;
    if (HasCapability(capability) || (for_bpf && admin)) continue;
    missing.push_back(NamesOf({capability}));
  }
  return missing;
}

std::string Kernel() {
  utsname name = {};
  uname(&name);
  return std::string(name.sysname) + " " + name.release + " " + name.machine;
}

std::string Processor(const Sources& sources) {
  const auto online = std::to_string(sysconf(_SC_NPROCESSORS_ONLN));
  return online + " CPUs" + (sources.cpus.empty() ? "" : ", " + sources.cpus.front().model_name);
}

}  // namespace

int CheckCommand(int count, char** arguments) {
  auto line = config::ParseCheckLine(config::Arguments(arguments, arguments + count));
  if (!line) return Fatal(line.error().message);
  if (!line->text.empty()) {
    std::cout << line->text;
    return 0;
  }
  const config::Config& config = line->config;
  StartLogging("brahe", config.log.format == "json");
  SetLogLevel(config.log.level);
  // All that is of interest stands in the report.
  if (config.log.level == "warn") FLAGS_logtostderr = false;
  LogKeeper log;
  const std::vector<std::string> lacks = MissingRights();
  auto sources = OpenSources(config, cpu::Purpose::kWatch);
  if (!sources) return Fatal(sources.error().message);
  check::Report report;
  report.facts = {{"brahe", std::string(config::kVersion) + " (" + kRevision + ")"},
                  {"kernel", Kernel()},
                  {"processor", Processor(*sources)}};
  const std::string mount_point = sources->hierarchy.mount_point;
  auto seen =
      check::Observe({.cpu_time = std::move(sources->cpu_time),
                      .energy = std::move(sources->energy),
                      .workloads = std::make_unique<monitor::HostWorkloadResolver>(config.host.procfs, mount_point),
                      .cpus = nullptr},
                     {.epochs = config.check.seconds, .procfs_root = config.host.procfs}, SystemClock());
  if (!seen) {
    // The reason may be among what was logged, which is nowhere else.
    for (const std::string& said : log.Take()) std::cerr << PlainText(said) << "\n";
    return Fatal(seen.error().message);
  }
  seen->cgroup_hierarchy = mount_point;
  seen->lacks = lacks;
  report.time = seen->time;
  report.verdicts = check::Judge(*seen);
  report.log = log.Take();
  std::cout << (config.check.json ? check::AsJson(report) : check::AsText(report));
  return check::Worst(report.verdicts) == check::Outcome::kFaulty ? 1 : 0;
}

}  // namespace brahe
