#include "userspace/serve.h"

#include <glog/logging.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <ctime>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "userspace/attribution/baseline_split.h"
#include "userspace/attribution/split_policy.h"
#include "userspace/base/clock.h"
#include "userspace/base/file.h"
#include "userspace/base/log_format.h"
#include "userspace/base/values.h"
#include "userspace/checkpoint/checkpointer.h"
#include "userspace/config/config.h"
#include "userspace/config/version.h"
#include "userspace/earlier_life.h"
#include "userspace/exporter/exporter.h"
#include "userspace/gpu/nvml_meter.h"
#include "userspace/guests/guest_writer.h"
#include "userspace/http/listen_socket.h"
#include "userspace/http/local_socket.h"
#include "userspace/kube/pod_directory.h"
#include "userspace/monitor/host_workload_resolver.h"
#include "userspace/monitor/monitor.h"
#include "userspace/otlp/push_exporter.h"
#include "userspace/otlp/sender.h"
#include "userspace/platform_power.h"
#include "userspace/privileges.h"
#include "userspace/revision.h"
#include "userspace/service/service_manager.h"
#include "userspace/settings.h"
#include "userspace/sources.h"
#include "userspace/terminal/stdout_exporter.h"

namespace brahe {
namespace {

// What, why and the remedy, in one line.
int Fatal(const Error& error, bool json) {
  if (json) {
    LOG(ERROR) << error.message;
  } else {
    std::cerr << "brahe: " << error.message << "\n";
  }
  return 1;
}

// Signals that end the exporter or make it read its configuration again are taken by WaitForEnd, and by no thread's
// handler: to be called before there are threads.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a client that hangs up is that client's affair
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of who writes it
  return signals;
}

// By default malloc keeps more and more of what is freed once large pieces have come and gone, as those of a scan or a
// scrape do.
void GiveBackFreedMemory() {
  mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  mallopt(M_TRIM_THRESHOLD, 128 * 1024);
}

std::string NodeName(const config::Config& config) {
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

std::optional<workload::PodMember> FindPod(kube::PodDirectory& pods, const workload::Container& container) {
  if (auto member = pods.FindContainer(container.id)) return member;
  if (container.pod_uid.empty()) return std::nullopt;
  auto pod = pods.FindPod(container.pod_uid);
  if (!pod) return std::nullopt;
  return workload::PodMember{.pod = *std::move(pod), .container_name = ""};
}

// What `pods` knows; nullopt where it is null.
std::optional<monitor::PodLookup> LookupIn(kube::PodDirectory* pods) {
  if (pods == nullptr) return std::nullopt;
  return monitor::PodLookup{.find = [pods](const workload::Container& c) { return FindPod(*pods, c); },
                            .take_news = [pods] { return pods->TakeNews(); }};
}

std::function<instruments::PodDirectoryFigures()> FiguresOf(const kube::PodDirectory* pods) {
  if (pods == nullptr) return nullptr;
  return [pods] {
    const kube::PodDirectoryStats stats = pods->Stats();
    instruments::PodDirectoryFigures figures{
        .fetches = stats.fetches, .left_out = stats.pods_left_out, .pods = stats.pods};
    for (const fetch::FetchCause cause : fetch::kAllFetchCauses) {
      const auto count = stats.failures.find(cause);
      figures.failures[fetch::NameOf(cause)] = count != stats.failures.end() ? count->second : 0;
    }
    if (stats.last_success) figures.age = SystemClock().Now() - *stats.last_success;
    return figures;
  };
}

std::function<instruments::PushFigures()> FiguresOf(const otlp::PushExporter* pushes) {
  if (pushes == nullptr) return nullptr;
  return [pushes] {
    const otlp::PushFigures figures = pushes->Figures();
    return instruments::PushFigures{.exports = {{"dropped", figures.dropped},
                                                {"failed", figures.failed},
                                                {"partial", figures.partial},
                                                {"refused", figures.refused},
                                                {"taken", figures.taken},
                                                {"unreadable", figures.unreadable}},
                                    .rejected_points = figures.rejected_points,
                                    .queued_requests = figures.queued_requests,
                                    .queued_bytes = figures.queued_bytes};
  };
}

monitor::MonitorOptions OptionsOf(const config::Config::Monitor& config, const service::ServiceManager& manager,
                                  monitor::StateKeeper* keeper) {
  monitor::MonitorOptions options = {.interval = config.interval,
                                     .staleness = config.staleness,
                                     .max_terminated = config.max_terminated,
                                     .min_terminated_energy = config.min_terminated_energy,
                                     .terminated_retention = config.terminated_retention,
                                     .keeper = keeper};
  if (const auto period = manager.alive_period()) {
    options.alive = [&manager] { manager.Alive(); };
    options.alive_period = *period;
  }
  return options;
}

std::unique_ptr<attribution::SplitPolicy> MakeSplit(const config::Config::Attribution& attribution,
                                                    const EarlierLife& life, const std::vector<energy::Zone>& zones) {
  if (attribution.idle_split == "baseline") return std::make_unique<attribution::BaselineSplit>(LearntOf(life, zones));
  return std::make_unique<attribution::UsageSplit>();
}

// None where they are not asked for. It has threads.
std::unique_ptr<gpu::GpuMeter> MakeGpuMeter(const config::Config::Gpu& config) {
  return config.enabled ? std::make_unique<gpu::NvmlMeter>(gpu::NvmlOptions(), SystemClock()) : nullptr;
}

std::optional<Microwatts> IdlePowerOf(const config::Config::Gpu& config) {
  return config.idle_power.value != 0 ? std::optional(config.idle_power) : std::nullopt;
}

monitor::MonitorParts MakeParts(const config::Config& config, const EarlierLife& life, Sources sources,
                                kube::PodDirectory* pods) {
  auto split = MakeSplit(config.attribution, life, sources.energy->zones());
  return {.cpu_time = std::move(sources.cpu_time),
          .energy = std::move(sources.energy),
          .workloads = std::make_unique<monitor::HostWorkloadResolver>(config.host.procfs,
                                                                       sources.hierarchy.mount_point, LookupIn(pods)),
          .cpus = std::make_shared<const std::vector<cpu::CpuInfo>>(std::move(sources.cpus)),
          .split = std::move(split),
          .gpus = MakeGpuMeter(config.gpu),
          .gpu_idle_power = IdlePowerOf(config.gpu)};
}

Continuation ContinuationOf(const config::Config::State& config, const EarlierLife& life) {
  return {.outlives = life.file && config.keep_counting,
          .resume = life.resumption && life.source ? &*life.source : nullptr};
}

// Whether what was used since is counted depends on the source as well.
void SayGap(const Sources& sources, monitor::Resumption& resumption) {
  resumption.gap_is_counted = resumption.gap_is_counted && sources.cpu_time->resumed();
  if (resumption.gap_is_counted) return;
  LOG(WARNING) << "What was used while no exporter ran is not counted: nobody knows who used it, since CPU time comes "
               << "from " << sources.cpu_time->name() << " and was not counted in the kernel meanwhile";
}

// None where nothing is kept. It has a thread.
std::unique_ptr<checkpoint::Checkpointer> MakeKeeper(EarlierLife& life) {
  if (!life.file) return nullptr;
  return std::make_unique<checkpoint::Checkpointer>(
      *std::move(life.file),
      checkpoint::Checkpoint{.boot_id = life.boot_id, .version = std::string(config::kVersion), .revision = kRevision});
}

// Those that the service manager has passed win over the configuration.
Result<std::vector<http::ListenSocket>> OpenTcpSockets(const config::Config& config, std::vector<UniqueFd> passed) {
  if (passed.empty()) return http::ListenOn(config.web.listen_addresses);
  LOG(INFO) << "The service manager has passed " << passed.size()
            << " sockets to serve on; web.listenAddresses is not used";
  return http::TakeOver(std::move(passed));
}

// None where the exporter for Prometheus is off.
Result<std::vector<http::ListenSocket>> OpenSockets(const config::Config& config, std::vector<UniqueFd> passed) {
  if (!config.exporter.prometheus) return std::vector<http::ListenSocket>();
  auto sockets = OpenTcpSockets(config, std::move(passed));
  if (!sockets || config.web.local_socket.path.empty()) return sockets;
  auto local = http::ListenLocally(config.web.local_socket.path);
  if (!local) return MakeError("web.localSocket.path: " + local.error().message);
  sockets->push_back(*std::move(local));
  return sockets;
}

// None where Kubernetes is not enabled.
Result<std::unique_ptr<kube::PodDirectory>> MakePods(const config::Config::Kube& kube) {
  if (!kube.enabled) return std::unique_ptr<kube::PodDirectory>();
  return kube::MakePodDirectory({.mode = kube.pod_informer.mode,
                                 .node_name = kube.node_name,
                                 .kubeconfig = kube.config,
                                 .poll_interval = kube.pod_informer.poll_interval,
                                 .kubelet_url = kube.kubelet.url,
                                 .kubelet_ca_file = kube.kubelet.ca_file,
                                 .kubelet_insecure = kube.kubelet.insecure_skip_verify},
                                SystemClock());
}

// Each is null where it is off.
struct Exporters {
  std::unique_ptr<exporter::Exporter> prometheus;
  std::unique_ptr<terminal::StdoutExporter> standard_output;
  std::unique_ptr<guests::GuestWriter> guests;
  otlp::PushExporter* pushes = nullptr;  // not owned, as what follows
  PlatformPower* platform = nullptr;
};

exporter::ExporterChoices ChoicesOf(const config::Config::Exporter& config) {
  return {.levels = config.metrics_level,
          .top_processes = config.top_processes,
          .top_groups = config.top_groups,
          .max_series = config.max_series,
          .cpu_info = config.cpu_info,
          .unlisted_as_process = config.unlisted_as_process,
          .created_lines = config.created_timestamps};
}

// Takes over what can change without a restart.
void Reload(Settings& settings, const Exporters& exporters) {
  const auto reread = settings.Renew();
  if (!reread) {
    LOG(ERROR) << "The configuration is not re-read, and all stays as it is: " << reread.error().message;
    return;
  }
  const config::Config& config = reread->config;
  SetLogLevel(config.log.level);
  if (const auto& exporter = exporters.prometheus; exporter != nullptr) {
    exporter->Reconfigure(ChoicesOf(config.exporter));
    const Status local = exporter->AllowLocally(config.web.local_socket.allow);
    if (!local) LOG(ERROR) << "Who may ask at the local socket stays as it is: " << local.error().message;
    const Status web = exporter->ReloadWebConfig();
    if (!web) LOG(ERROR) << "The web configuration stays as it is: " << web.error().message;
  }
  if (exporters.platform != nullptr) {
    const Status platform = exporters.platform->Reload();
    if (!platform) LOG(ERROR) << "The BMC is asked as before: " << platform.error().message;
  }
  if (exporters.standard_output != nullptr) exporters.standard_output->SetLevels(config.exporter.metrics_level);
  if (exporters.pushes != nullptr) exporters.pushes->SetLevels(config.exporter.otlp.metrics_level);
  LOG(INFO) << "Re-read the configuration; changed settings: " << reread->applied.size();
  for (const std::string& line : reread->applied) LOG(INFO) << line;
  LogRemarks(reread->remarks);
  for (const std::string& line : reread->pending) LOG(WARNING) << line;
}

// Whether there are figures, as /readyz means it. Where there are none yet it asks for an epoch, like a first scrape.
bool HasFigures(monitor::Monitor& monitor) {
  return (monitor.Latest() != nullptr || monitor.Fresh() != nullptr) && monitor.Healthy();
}

// Returns the signal that is to end the process. Until there are figures it looks for them once a second, if the
// service manager waits for that.
int WaitForEnd(const sigset_t& signals, Settings& settings, const Exporters& exporters,
               const service::ServiceManager& manager, monitor::Monitor& monitor) {
  constexpr timespec kSecond = {.tv_sec = 1, .tv_nsec = 0};
  for (bool ready = !manager.listens();;) {
    const int signal = ready ? sigwaitinfo(&signals, nullptr) : sigtimedwait(&signals, nullptr, &kSecond);
    if (signal == SIGHUP) {
      if (ready) manager.Reloading();
      Reload(settings, exporters);
      if (ready) manager.Ready();
    } else if (signal > 0) {
      return signal;
    } else if (!ready && HasFigures(monitor)) {
      ready = true;
      manager.Ready();
    }
  }
}

// None where the exporter for Prometheus is off.
Result<std::unique_ptr<exporter::Exporter>> MakeExporter(const config::Config& config,
                                                         std::vector<http::ListenSocket> sockets,
                                                         const Settings& settings, const kube::PodDirectory* pods,
                                                         const otlp::PushExporter* pushes,
                                                         const PlatformPower* platform, monitor::Monitor& monitor) {
  if (!config.exporter.prometheus) return std::unique_ptr<exporter::Exporter>();
  auto exporter = exporter::StartExporter(std::move(sockets),
                                          {.choices = ChoicesOf(config.exporter),
                                           .node_name = NodeName(config),
                                           .version = std::string(config::kVersion),
                                           .revision = kRevision,
                                           .branch = kBranch,
                                           .arch = Architecture(),
                                           .pods = FiguresOf(pods),
                                           .pushes = FiguresOf(pushes),
                                           .platform = platform != nullptr ? platform->Figures() : nullptr,
                                           .zero_samples = config.exporter.zero_samples,
                                           .web_config_file = config.web.config_file,
                                           .probes_without_auth = config.web.probes_without_auth,
                                           .local_allow = config.web.local_socket.allow,
                                           .settings = [&settings] { return settings.Rows(); }},
                                          monitor);
  if (!exporter) return exporter.error();
  const char* const scheme = (*exporter)->UsesTls() ? "https" : "http";
  for (const uint16_t port : (*exporter)->ports()) {
    LOG(INFO) << "Serving " << scheme << "://localhost:" << port << "/metrics";
  }
  if (const auto& local = config.web.local_socket; !local.path.empty()) {
    LOG(INFO) << "Serving unix:" << local.path << " to " << Joined(local.allow);
  }
  return exporter;
}

// None where it is off.
std::unique_ptr<terminal::StdoutExporter> MakeStdoutExporter(const config::Config& config, monitor::Monitor& monitor) {
  if (!config.exporter.standard_output) return nullptr;
  return std::make_unique<terminal::StdoutExporter>(
      monitor, terminal::StdoutOptions{.interval = config.monitor.interval, .levels = config.exporter.metrics_level});
}

// None where it is off.
std::unique_ptr<guests::GuestWriter> MakeGuestWriter(const config::Config& config, monitor::Monitor& monitor) {
  const config::Config::Exporter::Guests& guests = config.exporter.guests;
  if (!guests.enabled) return nullptr;
  LOG(INFO) << "Virtual machines are told of their energy in " << guests.directory;
  return std::make_unique<guests::GuestWriter>(
      monitor, config.monitor.interval,
      guests::GuestTreesOptions{.directory = guests.directory, .retention = guests.retention});
}

// None where nothing is pushed.
Result<std::unique_ptr<otlp::PushExporter>> MakePushExporter(const config::Config::Exporter::Otlp& config,
                                                             monitor::Monitor& monitor) {
  if (config.endpoint.empty()) return std::unique_ptr<otlp::PushExporter>();
  const bool gzip = config.compression == "gzip";
  auto sender = otlp::MakeHttpSender({.endpoint = config.endpoint,
                                      .headers_file = config.headers_file,
                                      .gzip = gzip,
                                      .ca_file = config.tls.ca_file,
                                      .certificate_file = config.tls.cert_file,
                                      .key_file = config.tls.key_file,
                                      .insecure = config.tls.insecure_skip_verify});
  if (!sender) return sender.error();
  LOG(INFO) << "Pushing to " << (*sender)->name() << " every " << config.interval.value / Seconds(1).value << " s";
  return std::make_unique<otlp::PushExporter>(
      otlp::PushOptions{
          .interval = config.interval, .timeout = config.timeout, .levels = config.metrics_level, .gzip = gzip},
      *std::move(sender), monitor);
}

// Whom pushed figures are of. Receivers tell nodes from each other by the instance.
otlp::Origin OriginOf(const config::Config& config, Nanoseconds started) {
  const std::string node = NodeName(config);
  otlp::Origin origin{.resource = {{"service.name", "brahe"},
                                   {"service.version", std::string(config::kVersion)},
                                   {"service.instance.id", node},
                                   {"host.name", node},
                                   {"host.arch", Architecture()}},
                      .host = node,
                      .version = std::string(config::kVersion),
                      .started = started};
  if (config.kube.enabled) origin.resource.emplace_back("k8s.node.name", node);
  return origin;
}

Status Run(const config::Config& config, const sigset_t& signals, Settings& settings) {
  const service::Variables variables = service::FromEnvironment();
  auto manager = service::ServiceManager::Make(variables, getpid());
  if (!manager) return manager.error();
  auto passed = service::TakePassedFiles(variables, getpid());
  if (!passed) return passed.error();
  auto life = OpenEarlierLife(config);
  if (!life) return life.error();
  auto sources = OpenSources(config, cpu::Purpose::kServe, ContinuationOf(config.state, *life));
  if (!sources) return sources.error();
  if (life->resumption && life->same_boot) SayGap(*sources, *life->resumption);
  auto sockets = OpenSockets(config, *std::move(passed));
  if (!sockets) return sockets.error();
  const auto platform = PlatformPower::Make(config, NodeName(config));
  if (!platform) return platform.error();
  // There are no threads yet: each has capabilities of its own.
  const Status dropped = DropPrivileges(
      {.calls_bpf = sources->cpu_time->name() == "bpf", .opens_perf_events = sources->energy->OpensPerfEvents()},
      config.host.procfs);
  if (!dropped) return dropped.error();
  const auto pods = MakePods(config.kube);
  if (!pods) return pods.error();
  const auto keeper = MakeKeeper(*life);
  monitor::Monitor monitor(OptionsOf(config.monitor, *manager, keeper.get()),
                           MakeParts(config, *life, *std::move(sources), pods->get()));
  const auto pushes = MakePushExporter(config.exporter.otlp, monitor);
  if (!pushes) return pushes.error();
  auto exporter =
      MakeExporter(config, *std::move(sockets), settings, pods->get(), pushes->get(), platform->get(), monitor);
  if (!exporter) return exporter.error();
  const Nanoseconds before = SystemClock().Now();
  if (const Status started = monitor.Start(std::move(life->resumption)); !started) return started.error();
  if (*pushes != nullptr) (*pushes)->Start(OriginOf(config, before));
  if (*platform != nullptr) (*platform)->Start();
  const Exporters exporters{.prometheus = *std::move(exporter),
                            .standard_output = MakeStdoutExporter(config, monitor),
                            .guests = MakeGuestWriter(config, monitor),
                            .pushes = pushes->get(),
                            .platform = platform->get()};
  const int signal = WaitForEnd(signals, settings, exporters, *manager, monitor);
  LOG(INFO) << "Stopping on " << strsignal(signal);
  manager->Stopping();
  if (*pushes != nullptr) (*pushes)->Stop();
  if (*platform != nullptr) (*platform)->Stop();
  monitor.Stop();  // lets scrapes go that wait for an epoch, so that the exporter can end
  return {};
}

}  // namespace

int Serve(int argc, char** argv) {
  GiveBackFreedMemory();
  auto line = config::ParseCommandLine(argc, argv);
  if (!line) return Fatal(line.error(), /*json=*/false);
  if (line->action == config::CommandLine::Action::kPrintAndExit) {
    std::cout << line->text;
    return 0;
  }
  const bool json = line->config.log.format == "json";
  StartLogging(argv[0], json);
  SetLogLevel(line->config.log.level);
  const sigset_t signals = BlockSignals();
  LogSettings(*line);
  Settings settings(argc, argv, line->settings);
  if (const Status run = Run(line->config, signals, settings); !run) return Fatal(run.error(), json);
  return 0;
}

}  // namespace brahe
