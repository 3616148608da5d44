// brahe: configuration -> objects -> run until a signal.
#include <glog/logging.h>
#include <pthread.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "userspace/base/clock.h"
#include "userspace/config/config.h"
#include "userspace/config/version.h"
#include "userspace/cpu/choose_source.h"
#include "userspace/energy/meters.h"
#include "userspace/exporter/exporter.h"
#include "userspace/monitor/host_workload_resolver.h"
#include "userspace/monitor/monitor.h"
#include "userspace/workload/kube/pod_directory.h"

namespace brahe {
namespace {

// What, why and the remedy, in one line.
int Fatal(const Error& error) {
  std::cerr << "brahe: " << error.message << "\n";
  return 1;
}

void SetUpLogging(const Config::Log& log, const char* program) {
  google::InitGoogleLogging(program);
  FLAGS_logtostderr = true;
  FLAGS_log_prefix = true;
  FLAGS_v = log.level == "debug" ? 1 : 0;
  FLAGS_minloglevel = log.level == "warn" ? google::WARNING : log.level == "error" ? google::ERROR : google::INFO;
}

// Signals that end the exporter are taken by Main's sigwait, and by no thread's handler: to be called before there are
// threads.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a client that hangs up is that client's affair
  return signals;
}

std::string NodeName(const Config& config) {
  if (!config.kube.node_name.empty()) return config.kube.node_name;
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  return name;
}

std::string Architecture() {
  utsname name = {};
  uname(&name);
  const std::string machine = name.machine;
  // Kepler's label speaks Go.
  return machine == "x86_64" ? "amd64" : machine == "aarch64" ? "arm64" : machine;
}

std::vector<CpuInfo> CpuInfos(const Config& config) {
  auto cpus = ReadCpuInfo(config.host.procfs);
  if (cpus) return *std::move(cpus);
  LOG(WARNING) << "kepler_node_cpu_info is left out: " << cpus.error().message;
  return {};
}

std::shared_ptr<const std::vector<CpuLabels>> LabelsOf(const std::vector<CpuInfo>& cpus) {
  auto labels = std::make_shared<std::vector<CpuLabels>>();
  for (const CpuInfo& cpu : cpus) {
    labels->push_back({cpu.processor, cpu.vendor_id, cpu.model_name, cpu.physical_id, cpu.core_id});
  }
  return labels;
}

CgroupHierarchy Hierarchy(const Config& config) {
  auto hierarchy = FindCgroupHierarchy(config.host.procfs);
  if (hierarchy) return *std::move(hierarchy);
  LOG(WARNING) << "Processes are not assigned to containers: " << hierarchy.error().message;
  return {.v2 = true, .mount_point = "", .controller = ""};
}

// What `pods` (null: nothing) knows at once of a container.
PodFinder FinderIn(PodDirectory* pods) {
  if (pods == nullptr) return nullptr;
  return [pods](const Container& container) -> std::optional<PodMember> {
    if (auto member = pods->FindContainer(container.id)) return member;
    if (container.pod_uid.empty()) return std::nullopt;
    auto pod = pods->FindPod(container.pod_uid);
    if (!pod) return std::nullopt;
    return PodMember{.pod = *std::move(pod), .container_name = ""};
  };
}

std::function<PodDirectoryFigures()> FiguresOf(const PodDirectory* pods) {
  if (pods == nullptr) return nullptr;
  return [pods] {
    const PodDirectoryStats stats = pods->Stats();
    PodDirectoryFigures figures{.fetches = stats.fetches, .left_out = stats.pods_left_out, .pods = stats.pods};
    for (const FetchCause cause : kAllFetchCauses) {
      const auto count = stats.failures.find(cause);
      figures.failures[NameOf(cause)] = count != stats.failures.end() ? count->second : 0;
    }
    if (stats.last_success) figures.age = SystemClock().Now() - *stats.last_success;
    return figures;
  };
}

Result<MonitorParts> MakeParts(const Config& config, PodDirectory* pods) {
  auto topology = ReadCpuTopology(config.host.sysfs);
  if (!topology) return topology.error();
  const CgroupHierarchy hierarchy = Hierarchy(config);
  auto cpu_time = ChooseCpuTimeSource({.kind = config.cpu.time_source,
                                       .sysfs_root = config.host.sysfs,
                                       .procfs_root = config.host.procfs,
                                       .topology = *topology,
                                       .hierarchy = hierarchy,
                                       .max_processes = static_cast<uint32_t>(config.cpu.max_processes)},
                                      SystemClock());
  if (!cpu_time) return cpu_time.error();
  const std::vector<CpuInfo> cpus = CpuInfos(config);
  auto energy = ChooseMeter({.sysfs_root = config.host.sysfs,
                             .preferred = config.cpu.preferred_meters,
                             .cpu_vendor = cpus.empty() ? "" : cpus.front().vendor_id,
                             .model_idle_per_cpu = config.model.idle_per_cpu,
                             .model_max_per_cpu = config.model.max_per_cpu,
                             .zones = config.rapl.zones},
                            SystemClock());
  if (!energy) return energy.error();
  LOG(INFO) << "CPU time from " << (*cpu_time)->name() << ", energy from " << (*energy)->name();
  return MonitorParts{
      .cpu_time = *std::move(cpu_time),
      .energy = *std::move(energy),
      .workloads = std::make_unique<HostWorkloadResolver>(config.host.procfs, hierarchy.mount_point, FinderIn(pods)),
      .cpus = LabelsOf(cpus)};
}

// None where Kubernetes is not enabled.
Result<std::unique_ptr<PodDirectory>> MakePods(const Config::Kube& kube) {
  if (!kube.enabled) return std::unique_ptr<PodDirectory>();
  return MakePodDirectory({.mode = kube.pod_informer.mode,
                           .node_name = kube.node_name,
                           .kubeconfig = kube.config,
                           .poll_interval = kube.pod_informer.poll_interval,
                           .kubelet_url = kube.kubelet.url,
                           .kubelet_ca_file = kube.kubelet.ca_file,
                           .kubelet_insecure = kube.kubelet.insecure_skip_verify},
                          SystemClock());
}

int Run(const Config& config, const sigset_t& signals) {
  if (!config.exporter.prometheus) {
    return Fatal(MakeError("exporter.prometheus is off, and there is no other exporter yet: turn it on"));
  }
  const auto pods = MakePods(config.kube);
  if (!pods) return Fatal(pods.error());
  auto parts = MakeParts(config, pods->get());
  if (!parts) return Fatal(parts.error());
  Monitor monitor({.interval = config.monitor.interval,
                   .staleness = config.monitor.staleness,
                   .max_terminated = config.monitor.max_terminated,
                   .min_terminated_energy = config.monitor.min_terminated_energy,
                   .terminated_retention = config.monitor.terminated_retention},
                  *std::move(parts));
  auto exporter = StartExporter({.listen_addresses = config.web.listen_addresses,
                                 .levels = config.exporter.metrics_level,
                                 .node_name = NodeName(config),
                                 .version = std::string(kVersion),
                                 .revision = "",
                                 .branch = "",
                                 .arch = Architecture(),
                                 .pods = FiguresOf(pods->get())},
                                monitor);
  if (!exporter) return Fatal(exporter.error());
  for (const uint16_t port : (*exporter)->ports()) LOG(INFO) << "Serving http://localhost:" << port << "/metrics";
  if (const Status started = monitor.Start(); !started) return Fatal(started.error());
  int signal = 0;
  sigwait(&signals, &signal);
  LOG(INFO) << "Stopping on " << strsignal(signal);
  monitor.Stop();  // lets scrapes go that wait for an epoch, so that the exporter can end
  return 0;
}

int Main(int argc, char** argv) {
  auto command_line = ParseCommandLine(argc, argv);
  if (!command_line) return Fatal(command_line.error());
  if (command_line->action == CommandLine::Action::kPrintAndExit) {
    std::cout << command_line->text;
    return 0;
  }
  SetUpLogging(command_line->config.log, argv[0]);
  const sigset_t signals = BlockSignals();
  for (const std::string& warning : command_line->warnings) LOG(WARNING) << warning;
  return Run(command_line->config, signals);
}

}  // namespace
}  // namespace brahe

int main(int argc, char** argv) { return brahe::Main(argc, argv); }
