// The real exporter on a made-up node, for the page's test: page_exporter PORT PROCESSES [plain]. Prints its port (0:
// any that is free) and serves until its standard input ends. The node has two sockets, the zones package and dram, and
// at each level workloads whose power goes up and down; some have names that a careless page would run or break at. Its
// books balance. plain: no Kubernetes.
#include <glog/logging.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/values.h"
#include "userspace/exporter/exporter.h"
#include "userspace/http/listen_socket.h"

namespace brahe::page {
namespace {

using monitor::WorkloadState;

constexpr size_t kZones = 2;
constexpr Nanoseconds kInterval = Seconds(1);
constexpr Nanoseconds kStaleness = Milliseconds(100);
constexpr size_t kContainers = 30;
constexpr size_t kPods = 20;  // the first of the containers are in them
constexpr size_t kVms = 2;    // the first processes run them
constexpr size_t kOwners = 8;

// What somebody used: energy since the start, and the last epoch's power, by zone.
struct Use {
  std::array<Microjoules, kZones> energy = {};
  std::array<Microwatts, kZones> power = {};

  Use& operator+=(const Use& other) {
    for (size_t zone = 0; zone < kZones; ++zone) {
      energy[zone] += other.energy[zone];
      power[zone] += other.power[zone];
    }
    return *this;
  }
  Use& operator-=(const Use& other) {
    for (size_t zone = 0; zone < kZones; ++zone) {
      energy[zone] -= other.energy[zone];
      power[zone] -= other.power[zone];
    }
    return *this;
  }
  // An epoch goes by in which it draws `drawn`.
  void Draw(const std::array<Microwatts, kZones>& drawn, Nanoseconds duration) {
    power = drawn;
    for (size_t zone = 0; zone < kZones; ++zone) {
      energy[zone] += {ScaleDown(drawn[zone].value, duration.value, Seconds(1).value)};
    }
  }
};

template <typename Labels>
class Lister {
 public:
  void Add(Labels labels, const Use& use, WorkloadState state = WorkloadState::kRunning) {
    faces_.push_back({.labels = std::make_shared<const Labels>(std::move(labels)),
                      .state = state,
                      .since = {},
                      .serial = faces_.size() + 1});
    chunk_->AddFigures({use.energy[0].value * 50}, [&](size_t zone) {
      return monitor::EnergyFigure{use.energy[zone], use.power[zone]};
    });
    listed_ += use;
  }
  // `pending` is of workloads that are not listed yet.
  monitor::WorkloadList<Labels> List(const Use& active, const Use& pending = {}) {
    monitor::WorkloadList<Labels> list;
    Use rest = active;
    rest -= listed_;
    std::vector<monitor::ListRest> rests;
    for (size_t zone = 0; zone < kZones; ++zone) {
      rests.push_back({{rest.energy[zone] - pending.energy[zone], rest.power[zone]}, pending.energy[zone]});
    }
    if (!faces_.empty()) {
      chunk_->faces = std::make_shared<const typename monitor::WorkloadChunk<Labels>::Faces>(std::move(faces_));
      list.Append(std::move(chunk_));
    }
    list.SetRest(std::move(rests));
    return list;
  }

 private:
  std::shared_ptr<monitor::WorkloadChunk<Labels>> chunk_ = std::make_shared<monitor::WorkloadChunk<Labels>>(kZones);
  typename monitor::WorkloadChunk<Labels>::Faces faces_;
  Use listed_;
};

std::string NamespaceOf(size_t pod) {
  static const std::array<std::string, 5> names = {"shop", "monitoring", "<img src=x onerror=alert(1)>", "größe-日本語",
                                                   "kube-system"};
  return names[pod % names.size()];
}

std::string PodName(size_t pod) {
  if (pod == 1) return "a-pod-whose-name-does-not-end-" + std::string(200, 'x');
  if (pod == 2) return "<script>alert(2)</script>";
  return "web-" + std::to_string(pod);
}

std::string ProgramOf(size_t process) {
  switch (process % 14) {
    case 0:
      return "/usr/bin/qemu-system-x86_64";
    case 1:
      return "/opt/" + std::string(300, 'l') + "/long";
    case 2:
      return "/opt/\"><img src=x onerror=alert(3)>";
    case 3:
      return "/opt/caf\xC3";  // no UTF-8
    case 4:
      return "/srv/Überwachung/計測";
    default:
      return "/usr/bin/worker-" + std::to_string(process % 14);
  }
}

class Node final : public monitor::SnapshotSource {
 public:
  Node(size_t processes, bool kubernetes) : kubernetes_(kubernetes), processes_(processes) {
    for (size_t cpu = 0; cpu < 8; ++cpu) {
      cpus_.push_back({std::to_string(cpu), "GenuineIntel", "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz",
                       std::to_string(cpu / 4), std::to_string(cpu % 4)});
    }
  }

  std::shared_ptr<const monitor::Snapshot> Fresh() override { return NoOlderThan(kStaleness); }
  // Nobody cuts epochs by the clock: whoever looks does.
  [[nodiscard]] std::shared_ptr<const monitor::Snapshot> Latest() const override { return NoOlderThan(kInterval); }
  [[nodiscard]] bool Healthy() const override { return true; }
  std::vector<monitor::EpochTiming> TakeEpochTimings() override { return {}; }

 private:
  std::shared_ptr<const monitor::Snapshot> NoOlderThan(Nanoseconds age) const {
    const std::lock_guard lock(mutex_);
    const Nanoseconds now = SystemClock().Now();
    if (!latest_ || latest_->time + age < now) latest_ = std::make_shared<const monitor::Snapshot>(Cut(now));
    return latest_;
  }

  // Between 0.5 and 1.5 of its mean, over and again in `period`.
  static uint64_t Wave(uint64_t mean, Nanoseconds now, uint64_t period_s) {
    const uint64_t period = Seconds(period_s).value;
    const uint64_t place = now.value % period;
    return mean / 2 + ScaleDown(mean * 2, std::min(place, period - place), period);
  }

  void Draw(Nanoseconds now, Nanoseconds duration) const {
    const uint64_t mean = Watts(90).value / processes_.size();
    for (size_t i = 0; i < processes_.size(); ++i) {
      const uint64_t power = Wave(mean * (1 + i % 7) / 3, now, 60 + i % 14 * 40);
      processes_[i].Draw({{{power}, {power / 9}}}, duration);
    }
    // The last ended, and draws no more.
    processes_.back().power = {};
    unlisted_.Draw({{Watts(3), Microwatts{200'000}}}, duration);
    pending_.Draw({{Microwatts{700'000}, Microwatts{50'000}}}, duration);
    for (size_t socket = 0; socket < idle_.size(); ++socket) {
      idle_[socket].Draw({{Watts(20 + socket), Watts(2)}}, duration);
    }
  }

  monitor::Snapshot Cut(Nanoseconds now) const {
    const Nanoseconds duration = now - last_cut_;
    last_cut_ = now;
    Draw(now, duration);
    monitor::Snapshot snapshot;
    snapshot.epoch = ++epoch_;
    snapshot.time = now;
    snapshot.unix_ms = static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count());
    snapshot.duration = duration;
    snapshot.usage_ppm = 412'345;
    snapshot.cpu_time_source = "bpf";
    snapshot.cpus = std::make_shared<const std::vector<cpu::CpuInfo>>(cpus_);
    snapshot.kernel.map_entries = processes_.size();
    snapshot.kernel.map_capacity = 65536;
    snapshot.kernel.overflow_capacity = 16384;
    snapshot.kernel.switches = epoch_ * 123'456;
    snapshot.kernel.features = {{"switch", true}, {"exec", true}, {"batch", false}};
    snapshot.kernel.programs = {{"on_switch", epoch_ * 123'456, {epoch_ * 45'678'901}, 1},
                                {"on_exec", 42, {43'000}, std::nullopt}};
    AddWorkloads(snapshot);
    return snapshot;
  }

  void AddWorkloads(monitor::Snapshot& snapshot) const {
    Use active = unlisted_;
    active += pending_;
    for (const Use& process : processes_) active += process;
    AddZones(active, snapshot);
    Lister<monitor::ProcessLabels> processes;
    std::map<size_t, Use> containers, vms, pods;
    std::map<std::vector<std::string>, Use> namespaces, owners, programs, units, users, jobs;
    for (size_t i = 0; i < processes_.size(); ++i) {
      const Use& use = processes_[i];
      const bool vm = i < kVms;
      const bool contained = !vm && i % 3 != 0;
      const size_t container = i % kContainers;
      const std::string program = vm ? ProgramOf(0) : ProgramOf(i);
      processes.Add({.pid = static_cast<uint32_t>(1000 + i),
                     .comm = i == 5 ? "<b>bold</b>" : "worker-" + std::to_string(i % 14),
                     .exe = program,
                     .type = vm          ? "vm"
                             : contained ? "container"
                                         : "regular",
                     .container_id = contained ? ContainerId(container) : "",
                     .vm_id = vm ? VmId(i) : ""},
                    use, i + 1 == processes_.size() ? WorkloadState::kTerminated : WorkloadState::kRunning);
      programs[{program}] += use;
      users[{std::to_string(1000 + i % 3), i % 3 == 0 ? "ada" : i % 3 == 1 ? "grace" : "<i>eve</i>"}] += use;
      if (vm) vms[i] += use;
      if (!contained) units[{"unit-" + std::to_string(i % 9) + ".service"}] += use;
      if (i % 50 == 3) jobs[{std::to_string(4000 + i % 4), "slurm", "ada"}] += use;
      if (!contained) continue;
      containers[container] += use;
      if (!kubernetes_ || container >= kPods) continue;
      pods[container] += use;
      namespaces[{NamespaceOf(container)}] += use;
      owners[{"Deployment", "web-" + std::to_string(container % kOwners), NamespaceOf(container)}] += use;
    }
    snapshot.processes = processes.List(active);
    AddListed(active, containers, vms, pods, snapshot);
    AddGroups(active, "namespace", {"namespace"}, namespaces, snapshot);
    AddGroups(active, "owner", {"kind", "name", "namespace"}, owners, snapshot);
    AddGroups(active, "program", {"program"}, programs, snapshot);
    AddGroups(active, "unit", {"unit"}, units, snapshot);
    AddGroups(active, "user", {"uid", "user"}, users, snapshot);
    AddGroups(active, "job", {"job", "scheduler", "user"}, jobs, snapshot);
  }

  static std::string ContainerId(size_t container) { return std::string(60, 'c') + std::to_string(1000 + container); }
  static std::string VmId(size_t vm) { return "5f0c9a1e-0000-4000-8000-00000000000" + std::to_string(vm); }
  static std::string PodId(size_t pod) { return "9d1b6f3a-0000-4000-8000-0000000000" + std::to_string(10 + pod); }

  void AddListed(const Use& active, const std::map<size_t, Use>& containers, const std::map<size_t, Use>& vms,
                 const std::map<size_t, Use>& pods, monitor::Snapshot& snapshot) const {
    Lister<monitor::ContainerLabels> container_list;
    for (const auto& [container, use] : containers) {
      const bool in_pod = kubernetes_ && container < kPods;
      container_list.Add({.id = ContainerId(container),
                          .name = container == 4 ? "<svg onload=alert(4)>" : "main",
                          .runtime = in_pod ? "containerd" : "docker",
                          .pod_id = in_pod ? PodId(container) : ""},
                         use);
    }
    snapshot.containers = container_list.List(active, pending_);
    Lister<monitor::VmLabels> vm_list;
    for (const auto& [vm, use] : vms) vm_list.Add({VmId(vm), "guest-" + std::to_string(vm), "kvm"}, use);
    snapshot.vms = vm_list.List(active);
    Lister<monitor::PodLabels> pod_list;
    for (const auto& [pod, use] : pods) pod_list.Add({PodId(pod), PodName(pod), NamespaceOf(pod)}, use);
    snapshot.pods = pod_list.List(active, pending_);
  }

  void AddGroups(const Use& active, std::string_view level, std::vector<std::string_view> label_names,
                 const std::map<std::vector<std::string>, Use>& groups, monitor::Snapshot& snapshot) const {
    if (groups.empty()) return;
    Lister<monitor::GroupLabels> list;
    for (const auto& [values, use] : groups) list.Add({values}, use);
    const bool by_pod = level == "namespace" || level == "owner";
    snapshot.groups.push_back({.level = level,
                               .label_names = std::move(label_names),
                               .groups = list.List(active, by_pod ? pending_ : Use()),
                               .by_pod = by_pod});
  }

  static monitor::ZoneFigures FiguresOf(const Use& active, const Use& idle, size_t zone) {
    return {.all = {active.energy[zone] + idle.energy[zone], active.power[zone] + idle.power[zone]},
            .active = {active.energy[zone], active.power[zone]},
            .idle = {idle.energy[zone], idle.power[zone]}};
  }

  // The first socket has a third of the active energy.
  void AddZones(const Use& active, monitor::Snapshot& snapshot) const {
    std::array<Use, 2> by_socket;
    for (size_t zone = 0; zone < kZones; ++zone) {
      by_socket[0].energy[zone] = active.energy[zone] / 3;
      by_socket[0].power[zone] = active.power[zone] / 3;
    }
    by_socket[1] = active;
    by_socket[1] -= by_socket[0];
    Use idle = idle_[0];
    idle += idle_[1];
    const std::array<std::string, kZones> names = {"package", "dram"};
    for (size_t zone = 0; zone < kZones; ++zone) {
      snapshot.zones.push_back({names[zone],
                                "aggregated-" + names[zone],
                                FiguresOf(active, idle, zone),
                                {.source = "rapl", .measured = true}});
      for (uint32_t socket = 0; socket < 2; ++socket) {
        const std::string path = "/sys/class/powercap/intel-rapl:" + std::to_string(socket) + (zone == 0 ? "" : ":0");
        snapshot.socket_zones.push_back(
            {.name = names[zone],
             .path = path,
             .socket = socket,
             .figures = FiguresOf(by_socket[socket], idle_[socket], zone),
             .state = {.source = "rapl", .measured = true, .read_errors = zone * 2, .resets = socket}});
      }
    }
  }

  const bool kubernetes_;
  std::vector<cpu::CpuInfo> cpus_;
  mutable std::mutex mutex_;  // of all below
  mutable std::vector<Use> processes_;
  mutable Use unlisted_, pending_;
  mutable std::array<Use, 2> idle_;  // by socket
  mutable Nanoseconds last_cut_ = SystemClock().Now() - kInterval;
  mutable uint64_t epoch_ = 0;
  mutable std::shared_ptr<const monitor::Snapshot> latest_;
};

int Run(int argc, char** argv) {
  if (argc < 3) return 2;
  const Result<uint64_t> processes = ParseUint64(argv[2]);
  if (!processes || *processes <= kVms) return 2;
  Node node(*processes, argc == 3);
  const exporter::ExporterOptions options{.choices = {.levels = {"node"}},
                                          .node_name = "node-1.example",
                                          .version = "0.1.0",
                                          .revision = "abc123",
                                          .branch = "",
                                          .arch = "",
                                          .settings = [] {
                                            return std::vector<exporter::SettingRow>{
                                                {"monitor.interval", "5s", "default"},
                                                {"web.configFile", "/etc/<web>.yaml", "brahe.yaml:3"}};
                                          }};
  auto exporter = exporter::StartExporter(*http::ListenOn({std::string("127.0.0.1:") + argv[1]}), options, node);
  CHECK(exporter) << exporter.error().message;
  std::printf("%u\n", (*exporter)->ports().at(0));
  std::fflush(stdout);
  std::string line;
  while (std::getline(std::cin, line)) {
  }
  return 0;
}

}  // namespace
}  // namespace brahe::page

int main(int argc, char** argv) {
  google::InitGoogleLogging(argv[0]);
  return brahe::page::Run(argc, argv);
}
