#include "userspace/config/options.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/base/nearest_name.h"
#include "userspace/base/values.h"

namespace brahe::config {
namespace {

using Texts = std::vector<std::string>;

// Kepler's switch for its development meter: the same as choosing the fake meter and no other.
Binding FakeMeter() {
  return {
      .kind = OptionKind::kSwitch,
      .set = [](const Texts& texts, Config& config) -> Status {
        const auto enabled = ParseBoolean(texts.front());
        if (!enabled) return enabled.error();
        if (*enabled) config.cpu.preferred_meters = {"fake"};
        return {};
      },
  };
}

constexpr char kAll[] = "all";

// Levels of metrics, or kAll.
Binding LevelsAt(Field<Texts> field) {
  const Texts levels = Config::Exporter().metrics_level;  // all there are
  Texts words = levels;
  words.insert(words.begin(), kAll);
  Binding binding = WordsAt(field, std::move(words), "LEVEL");
  binding.set = [field, levels, set = binding.set](const Texts& texts, Config& config) -> Status {
    const Status status = set(texts, config);
    Texts& given = field(config);
    if (std::find(given.begin(), given.end(), kAll) != given.end()) given = levels;
    return status;
  };
  binding.show = [field, levels, show = binding.show](Config config) -> std::string {
    return field(config) == levels ? kAll : show(config);
  };
  binding.fallback = kAll;
  return binding;
}

std::vector<Option> MakeOptions() {
  const Texts meters = {"guest", "rapl", "perf", "hwmon", "model", "fake", "msr"};
  const Texts levels = Config::Exporter().metrics_level;  // all there are
  const std::string log = "Log", host = "Host", monitor = "Monitor", cpu = "CPU time and energy",
                    platform = "Power of the platform", state = "What is kept over a restart",
                    exporter = "Exporter and web", otlp = "Push by OTLP", guests = "Virtual machines",
                    kube = "Kubernetes", kepler = kWithoutEffectSection;
  constexpr auto kSwitch = OptionKind::kSwitch;
  constexpr auto kValue = OptionKind::kValue;
  constexpr auto kList = OptionKind::kList;
  constexpr bool kReloadable = true;
  return {
      {log, "log.level", "log.level", "the least severity that is logged",
       WordAt([](Config & c) -> auto& { return c.log.level; }, {"debug", "info", "warn", "error"}), kReloadable},
      {log, "log.format", "log.format", "how log lines are written",
       WordAt([](Config & c) -> auto& { return c.log.format; }, {"text", "json"})},

      {host, "host.sysfs", "host.sysfs", "where the host's sysfs is mounted",
       PathAt([](Config & c) -> auto& { return c.host.sysfs; })},
      {host, "host.procfs", "host.procfs", "where the host's procfs is mounted",
       PathAt([](Config & c) -> auto& { return c.host.procfs; })},

      {monitor, "monitor.interval", "monitor.interval", "time between two measurements; 0: only when scraped",
       DurationAt([](Config & c) -> auto& { return c.monitor.interval; })},
      {monitor, "monitor.staleness", "monitor.staleness", "a scrape measures anew if the latest one is older",
       DurationAt([](Config & c) -> auto& { return c.monitor.staleness; })},
      {monitor, "monitor.maxTerminated", "monitor.max-terminated",
       "how many terminated workloads are listed; negative: all",
       IntegerAt([](Config & c) -> auto& { return c.monitor.max_terminated; })},
      {monitor, "monitor.minTerminatedEnergyThreshold", "monitor.min-terminated-energy-threshold",
       "terminated workloads that used less are not listed",
       EnergyAt([](Config & c) -> auto& { return c.monitor.min_terminated_energy; })},
      {monitor, "monitor.terminatedRetention", "monitor.terminated-retention",
       "how long a terminated workload stays listed",
       DurationAt([](Config & c) -> auto& { return c.monitor.terminated_retention; })},

      {cpu, "cpu.timeSource", "cpu.time-source", "what counts CPU time; auto: bpf, else procfs",
       WordAt([](Config & c) -> auto& { return c.cpu.time_source; }, {"auto", "bpf", "procfs"})},
      {cpu, "cpu.maxProcesses", "cpu.max-processes", "records for processes in the kernel; 0: by the machine",
       CountAt(
           [](Config & c) -> auto& { return c.cpu.max_processes; }, std::numeric_limits<uint32_t>::max())},
      {cpu, "cpu.meters", "", "another name of cpu.preferredMeters, which wins where both are given",
       AnotherNameOf(WordsAt(
           [](Config & c) -> auto& { return c.cpu.preferred_meters; }, meters, "METER"))},
      {cpu, "cpu.preferredMeters", "cpu.preferred-meters", "each zone is of the first with it",
       WordsAt(
           [](Config & c) -> auto& { return c.cpu.preferred_meters; }, meters, "METER")},
      {cpu, "dev.fake-cpu-meter.enabled", "", "the same as choosing the fake meter and no other", FakeMeter()},
      {cpu, "rapl.zones", "rapl.zones", "RAPL zones that are read, such as package or dram; none: all",
       TextsAt(
           [](Config & c) -> auto& { return c.rapl.zones; }, "ZONE")},
      {cpu, "guest.path", "guest.path", "where the host's tree for this virtual machine is mounted",
       TextAt(
           [](Config & c) -> auto& { return c.guest.path; }, "PATH")},
      {cpu, "experimental.hwmon.forceEnabled", "experimental.hwmon.force-enabled",
       "try hwmon before all other meters, and take unknown chips",
       SwitchAt([](Config & c) -> auto& { return c.hwmon.force_enabled; })},
      {cpu, "experimental.hwmon.zones", "experimental.hwmon.zones",
       "hwmon zones or sensors that are read, such as package or power1",
       TextsAt(
           [](Config & c) -> auto& { return c.hwmon.zones; }, "ZONE")},
      {cpu, "experimental.hwmon.chipRules", "",
       "chips that are taken, and which of their voltages and currents belong together",
       ChipRulesAt([](Config & c) -> auto& { return c.hwmon.chip_rules; })},
      {cpu, "attribution.idleSplit", "attribution.idle-split", "what parts active from idle energy",
       WordAt([](Config & c) -> auto& { return c.attribution.idle_split; }, {"usage", "baseline"})},
      {cpu, "experimental.gpu.enabled", "experimental.gpu.enabled", "read NVIDIA's GPUs, where there are any",
       SwitchAt([](Config & c) -> auto& { return c.gpu.enabled; })},
      {cpu, "experimental.gpu.idlePower", "experimental.gpu.idle-power",
       "power of each GPU at rest; 0: the lowest that was seen",
       PowerAt([](Config & c) -> auto& { return c.gpu.idle_power; })},
      {cpu, "model.idleWattsPerCpu", "model.idle-watts-per-cpu",
       "power of an idle CPU in the model; 0: its generation's",
       PowerAt([](Config & c) -> auto& { return c.model.idle_per_cpu; })},
      {cpu, "model.maxWattsPerCpu", "model.max-watts-per-cpu", "power of a busy CPU in the model; 0: its generation's",
       PowerAt([](Config & c) -> auto& { return c.model.max_per_cpu; })},
      {cpu, "model.dramWattsPerGib", "model.dram-watts-per-gib",
       "power of a GiB of memory where nothing measures it; 0: none",
       PowerAt([](Config & c) -> auto& { return c.model.dram_per_gib; })},

      {platform, "experimental.platform.redfish.enabled", "experimental.platform.redfish.enabled",
       "ask the BMC for the power of the machine", SwitchAt([](Config & c) -> auto& { return c.redfish.enabled; })},
      {platform, "experimental.platform.redfish.nodeName", "experimental.platform.redfish.node-name",
       "name of this node in the file of BMCs; empty: as in the metrics",
       TextAt(
           [](Config & c) -> auto& { return c.redfish.node_name; }, "NAME")},
      {platform, "experimental.platform.redfish.cfgFile", "",
       "another name of experimental.platform.redfish.configFile, which wins where both are given",
       AnotherNameOf(TextAt(
           [](Config & c) -> auto& { return c.redfish.config_file; }, "FILE"))},
      {platform, "experimental.platform.redfish.configFile", "experimental.platform.redfish.config-file",
       "which BMC each node has, and how it is asked, in Kepler's schema",
       TextAt(
           [](Config & c) -> auto& { return c.redfish.config_file; }, "FILE")},
      {platform, "experimental.platform.redfish.httpTimeout", "experimental.platform.redfish.http-timeout",
       "how long a request to the BMC may take",
       DurationAt([](Config & c) -> auto& { return c.redfish.http_timeout; })},
      {platform, "experimental.platform.redfish.pollInterval", "experimental.platform.redfish.poll-interval",
       "time between two rounds of requests to the BMC",
       DurationAt([](Config & c) -> auto& { return c.redfish.poll_interval; })},

      {state, "state.dir", "state.dir", "folder that keeps counters over a restart; none: no folder",
       TextAt(
           [](Config & c) -> auto& { return c.state.dir; }, "PATH")},
      {state, "state.keepCounting", "state.keep-counting",
       "count in the kernel while it is away, if it has a state.dir",
       SwitchAt([](Config & c) -> auto& { return c.state.keep_counting; })},
      {state, "state.otherBoot", "state.other-boot", "what goes on over a reboot: nothing, or totals of nodes",
       WordAt([](Config & c) -> auto& { return c.state.other_boot; }, {"reset", "nodes"})},

      {exporter, "exporter.prometheus.enabled", "exporter.prometheus", "serve Prometheus metrics",
       SwitchAt([](Config & c) -> auto& { return c.exporter.prometheus; })},
      {exporter, "exporter.prometheus.metricsLevel", "metrics", "levels that have metrics",
       LevelsAt([](Config & c) -> auto& { return c.exporter.metrics_level; }), kReloadable},
      {exporter, "exporter.prometheus.topProcesses", "exporter.prometheus.top-processes",
       "list only the N processes with the most energy; 0: all",
       CountAt(
           [](Config & c) -> auto& { return c.exporter.top_processes; }, std::numeric_limits<uint32_t>::max()),
       kReloadable},
      {exporter, "exporter.prometheus.topGroups", "exporter.prometheus.top-groups",
       "list only the N groups of a level with the most energy; 0: all",
       CountAt(
           [](Config & c) -> auto& { return c.exporter.top_groups; }, std::numeric_limits<uint32_t>::max()),
       kReloadable},
      {exporter, "exporter.prometheus.maxSeries", "exporter.prometheus.max-series",
       "most series of an answer; the least are left out; 0: no limit",
       CountAt(
           [](Config & c) -> auto& { return c.exporter.max_series; }, std::numeric_limits<uint32_t>::max()),
       kReloadable},
      {exporter, "exporter.prometheus.cpuInfo", "exporter.prometheus.cpu-info", "a series for each CPU with its model",
       SwitchAt([](Config & c) -> auto& { return c.exporter.cpu_info; }), kReloadable},
      {exporter, "exporter.prometheus.unlistedAsProcess", "exporter.prometheus.unlisted-as-process",
       "list what is in no process as one of its own",
       SwitchAt([](Config & c) -> auto& { return c.exporter.unlisted_as_process; }), kReloadable},
      {exporter, "exporter.prometheus.zeroSamples", "exporter.prometheus.zero-samples",
       "tell a Prometheus what each new series began with",
       SwitchAt([](Config & c) -> auto& { return c.exporter.zero_samples; })},
      {exporter, "exporter.prometheus.createdTimestamps", "exporter.prometheus.created-timestamps",
       "tell in OpenMetrics when each counter was 0 (_created)",
       SwitchAt([](Config & c) -> auto& { return c.exporter.created_timestamps; }), kReloadable},
      {exporter, "exporter.stdout.enabled", "exporter.stdout", "write figures to standard output",
       SwitchAt([](Config & c) -> auto& { return c.exporter.standard_output; })},
      {exporter, "web.listenAddresses", "web.listen-address", "address to serve on (host:port, :port or [v6]:port)",
       AddressesAt([](Config & c) -> auto& { return c.web.listen_addresses; })},
      {exporter, "web.configFile", "web.config-file", "TLS, users and headers, in the exporter toolkit's schema",
       TextAt(
           [](Config & c) -> auto& { return c.web.config_file; }, "FILE")},
      {exporter, "web.probesWithoutAuth", "web.probes-without-auth",
       "let /healthz and /readyz be asked without a password",
       SwitchAt([](Config & c) -> auto& { return c.web.probes_without_auth; })},
      {exporter, "web.localSocket.path", "web.local-socket.path", "Unix socket to serve on as well; empty: none",
       TextAt(
           [](Config & c) -> auto& { return c.web.local_socket.path; }, "PATH")},
      {exporter, "web.localSocket.allow", "web.local-socket.allow",
       "who may ask there: root, everyone, user:NAME or group:NAME",
       LocalRulesAt([](Config & c) -> auto& { return c.web.local_socket.allow; }), kReloadable},

      {otlp, "exporter.otlp.endpoint", "exporter.otlp.endpoint",
       "URL to push to, /v1/metrics unless it has a path; empty: off",
       UrlAt([](Config & c) -> auto& { return c.exporter.otlp.endpoint; })},
      {otlp, "exporter.otlp.interval", "exporter.otlp.interval", "time between two pushes",
       DurationAt([](Config & c) -> auto& { return c.exporter.otlp.interval; })},
      {otlp, "exporter.otlp.timeout", "exporter.otlp.timeout", "how long a push may take before it is tried again",
       DurationAt([](Config & c) -> auto& { return c.exporter.otlp.timeout; })},
      {otlp, "exporter.otlp.headersFile", "exporter.otlp.headers-file",
       "headers to send, lines of Name: value; read for each push",
       TextAt(
           [](Config & c) -> auto& { return c.exporter.otlp.headers_file; }, "FILE")},
      {otlp, "exporter.otlp.compression", "exporter.otlp.compression", "how pushes are compressed",
       WordAt([](Config & c) -> auto& { return c.exporter.otlp.compression; }, {"gzip", "none"})},
      {otlp, "exporter.otlp.metricsLevel", "exporter.otlp.metrics-level", "levels",
       WordsAt(
           [](Config & c) -> auto& { return c.exporter.otlp.metrics_level; }, levels, "LEVEL"),
       kReloadable},
      {otlp, "exporter.otlp.tls.caFile", "exporter.otlp.tls.ca-file",
       "who signed the receiver's certificate; empty: as the system",
       TextAt(
           [](Config & c) -> auto& { return c.exporter.otlp.tls.ca_file; }, "FILE")},
      {otlp, "exporter.otlp.tls.certFile", "exporter.otlp.tls.cert-file", "our own certificate; empty: none",
       TextAt(
           [](Config & c) -> auto& { return c.exporter.otlp.tls.cert_file; }, "FILE")},
      {otlp, "exporter.otlp.tls.keyFile", "exporter.otlp.tls.key-file", "its key",
       TextAt(
           [](Config & c) -> auto& { return c.exporter.otlp.tls.key_file; }, "FILE")},
      {otlp, "exporter.otlp.tls.insecureSkipVerify", "exporter.otlp.tls.insecure-skip-verify",
       "take any certificate of the receiver",
       SwitchAt([](Config & c) -> auto& { return c.exporter.otlp.tls.insecure_skip_verify; })},

      {guests, "exporter.guests.enabled", "exporter.guests", "tell each virtual machine of its energy",
       SwitchAt([](Config & c) -> auto& { return c.exporter.guests.enabled; })},
      {guests, "exporter.guests.directory", "exporter.guests.directory", "folder of their powercap trees",
       PathAt([](Config & c) -> auto& { return c.exporter.guests.directory; })},
      {guests, "exporter.guests.retention", "exporter.guests.retention",
       "how long a tree stays after its machine's end",
       DurationAt([](Config & c) -> auto& { return c.exporter.guests.retention; })},

      {kube, "kube.nodeName", "kube.node-name", "name of this node in the metrics; empty: the host's name",
       TextAt(
           [](Config & c) -> auto& { return c.kube.node_name; }, "NAME")},
      {kube, "kube.enabled", "kube.enable", "learn the names of pods and containers",
       SwitchAt([](Config & c) -> auto& { return c.kube.enabled; })},
      {kube, "kube.config", "kube.config", "kubeconfig file; empty: credentials of the pod it runs in",
       TextAt(
           [](Config & c) -> auto& { return c.kube.config; }, "FILE")},
      {kube, "kube.podInformer.mode", "kube.pod-informer.mode", "whom to ask for the pods of this node",
       WordAt([](Config & c) -> auto& { return c.kube.pod_informer.mode; }, {"kubelet", "apiserver"})},
      {kube, "kube.podInformer.pollInterval", "kube.pod-informer.poll-interval",
       "time between two requests to the kubelet",
       DurationAt([](Config & c) -> auto& { return c.kube.pod_informer.poll_interval; })},
      {kube, "kube.kubelet.url", "kube.kubelet.url", "the kubelet; empty: https at port 10250 of the node name",
       UrlAt([](Config & c) -> auto& { return c.kube.kubelet.url; })},
      {kube, "kube.kubelet.caFile", "kube.kubelet.ca-file", "who signed its certificate; empty: as for the API server",
       TextAt(
           [](Config & c) -> auto& { return c.kube.kubelet.ca_file; }, "FILE")},
      {kube, "kube.kubelet.insecureSkipVerify", "kube.kubelet.insecure-skip-verify",
       "take any certificate of the kubelet",
       SwitchAt([](Config & c) -> auto& { return c.kube.kubelet.insecure_skip_verify; })},

      {kepler, "debug.pprof.enabled", "debug.pprof", "profiles of the exporter itself", WithoutEffect(kSwitch)},
      {kepler, "exporter.prometheus.debugCollectors", "", "", WithoutEffect(kList)},
      {kepler, "dev.fake-cpu-meter.zones", "", "", WithoutEffect(kList)},
      {kepler, "experimental.gpu.dcgmEndpoint", "experimental.gpu.dcgm-endpoint", "", WithoutEffect(kValue)},
  };
}

// The texts as a setter wants them: trimmed, and those of a list taken apart at the commas.
Texts Prepared(const Given& given) {
  Texts prepared;
  for (std::string_view text : given.texts) {
    if (given.option->binding.kind != OptionKind::kList) {
      prepared.emplace_back(Trim(text));
      continue;
    }
    if (Trim(text).empty()) continue;
    for (size_t comma = text.find(','); comma != std::string_view::npos; comma = text.find(',')) {
      prepared.emplace_back(Trim(text.substr(0, comma)));
      text.remove_prefix(comma + 1);
    }
    prepared.emplace_back(Trim(text));
  }
  return prepared;
}

Status CheckKube(const Config::Kube& kube) {
  const bool needs_name = kube.pod_informer.mode == "apiserver" || kube.kubelet.url.empty();
  if (kube.enabled && needs_name && kube.node_name.empty()) {
    return MakeError(
        "kube.enabled: kube.nodeName is missing, the name of this node in Kubernetes (in a pod, take it from "
        "spec.nodeName)");
  }
  if (kube.pod_informer.poll_interval < Seconds(1)) {
    return MakeError("kube.podInformer.pollInterval: less than 1s");
  }
  return {};
}

Status CheckOtlp(const Config::Exporter::Otlp& otlp) {
  const auto is_url = [&](const char* scheme) { return otlp.endpoint.starts_with(scheme); };
  if (!otlp.endpoint.empty() && !is_url("http://") && !is_url("https://")) {
    return MakeError("exporter.otlp.endpoint: a URL that begins with http:// or https:// is expected");
  }
  if (otlp.interval < Seconds(1)) return MakeError("exporter.otlp.interval: less than 1s");
  if (otlp.timeout < Milliseconds(100)) return MakeError("exporter.otlp.timeout: less than 100ms");
  return {};
}

Status CheckRedfish(const Config::Redfish& redfish) {
  if (redfish.enabled && redfish.config_file.empty()) {
    return MakeError(
        "experimental.platform.redfish.enabled: experimental.platform.redfish.configFile is missing, the file that "
        "says "
        "which BMC this node has");
  }
  if (redfish.http_timeout < Milliseconds(100)) {
    return MakeError("experimental.platform.redfish.httpTimeout: less than 100ms");
  }
  if (redfish.poll_interval < Seconds(1)) {
    return MakeError("experimental.platform.redfish.pollInterval: less than 1s");
  }
  return {};
}

// Renews the settings after `given` was applied: its own comes from there, and so does any other that it changed.
void NoteOrigin(const Given& given, CommandLine& line) {
  auto settings = SettingsOf(line.config, given.place);
  for (size_t i = 0; i < settings.size(); ++i) {
    const bool its_own = settings[i].key == given.option->key;
    if (!its_own && settings[i].value == line.settings[i].value) settings[i].origin = line.settings[i].origin;
  }
  line.settings = std::move(settings);
}

}  // namespace

const std::vector<Option>& Options() {
  static const std::vector<Option> options = MakeOptions();
  return options;
}

std::vector<Setting> SettingsOf(const Config& config, const std::string& origin) {
  std::vector<Setting> settings;
  for (const Option& option : Options()) {
    if (!option.binding.show) continue;
    std::string value = option.binding.show(config);
    std::replace_if(
        value.begin(), value.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
    settings.push_back({option.key, std::move(value), origin, option.reloadable});
  }
  return settings;
}

Status Apply(std::vector<Given> given, CommandLine& line) {
  if (line.settings.empty()) line.settings = SettingsOf(line.config, kDefaultOrigin);
  std::stable_sort(given.begin(), given.end(), [](const Given& a, const Given& b) { return a.option < b.option; });
  for (const Given& one : given) {
    const Binding& binding = one.option->binding;
    const Texts texts = Prepared(one);
    if (const Status set = binding.set(texts, line.config); !set) {
      return MakeError(one.origin + ": " + set.error().message);
    }
    if (binding.without_effect && binding.without_effect(texts)) {
      line.remarks.without_effect.push_back(one.option->key + " (" + one.place + ")");
    }
    NoteOrigin(one, line);
  }
  return {};
}

Status CheckTogether(const Config& config) {
  const Microwatts idle = config.model.idle_per_cpu, max = config.model.max_per_cpu;
  if (idle.value > 0 && max.value > 0 && max < idle) {
    return MakeError("model.maxWattsPerCpu: " + FormatMillionths(max.value) + " is less than model.idleWattsPerCpu, " +
                     FormatMillionths(idle.value));
  }
  const Config::Exporter& exporter = config.exporter;
  if (!exporter.prometheus && !exporter.standard_output && exporter.otlp.endpoint.empty()) {
    return MakeError(
        "exporter.prometheus.enabled and exporter.stdout.enabled: both are off, and exporter.otlp.endpoint is empty; "
        "turn one of them on");
  }
  if (const Status checked = CheckOtlp(exporter.otlp); !checked) return checked;
  if (const Status checked = CheckRedfish(config.redfish); !checked) return checked;
  return CheckKube(config.kube);
}

std::string StateFolder(const Config::State& state, const char* state_directory) {
  if (state.dir == "none") return "";
  if (!state.dir.empty() || state_directory == nullptr) return state.dir;
  const std::string_view folders = state_directory;
  return std::string(folders.substr(0, folders.find(':')));
}

std::string Hint(std::string_view name, const std::vector<std::string>& names) {
  const auto nearest = NearestName(name, names);
  return nearest ? "; did you mean " + *nearest + "?" : "; see --help";
}

}  // namespace brahe::config
