#include "userspace/exposition/test_snapshot.h"

#include <memory>
#include <utility>

#include "userspace/monitor/gpu_figures.h"

namespace brahe::exposition {
namespace {

template <typename Labels>
void Add(monitor::Snapshot& snapshot, monitor::WorkloadList<Labels>& list, Labels labels, monitor::WorkloadState state,
         Microjoules energy) {
  const std::vector<monitor::EnergyFigure> figures(snapshot.zones.size(), {energy, Microwatts{energy.value / 10}});
  AddWorkload(list, std::move(labels), state, Nanoseconds{energy.value * 50}, figures, snapshot.begin + Seconds(1));
}

// A level with one group that used `energy`, of which little is in no group.
monitor::GroupList Group(const monitor::Snapshot& snapshot, std::string_view level,
                         std::vector<std::string_view> label_names, std::vector<std::string> values,
                         Microjoules energy) {
  monitor::GroupList list = {.level = level, .label_names = std::move(label_names), .groups = {}};
  const std::vector<monitor::EnergyFigure> figures(snapshot.zones.size(), {energy, Microwatts{energy.value / 10}});
  AddWorkload(list.groups, monitor::GroupLabels{std::move(values)}, monitor::WorkloadState::kRunning,
              Nanoseconds{energy.value * 50}, figures, snapshot.begin + Seconds(1));
  list.groups.SetRest({{{{7}, Microwatts{1}}, {3}}, {{{8}, {}}, {}}});
  return list;
}

void AddGroups(monitor::Snapshot& snapshot) {
  snapshot.groups = {
      Group(snapshot, "namespace", {"namespace"}, {"shop"}, {20'000'000}),
      Group(snapshot, "owner", {"kind", "name", "namespace"}, {"Deployment", "web", "shop"}, {20'000'000}),
      Group(snapshot, "program", {"program"}, {"/opt/caf\xC3"}, {1'500'000}),
      Group(snapshot, "unit", {"unit"}, {"ssh\\x2d.service"}, {1'500'000}),
      Group(snapshot, "user", {"uid", "user"}, {"1000", "ada"}, {1'500'000}),
      Group(snapshot, "job", {"job", "scheduler", "user"}, {"42", "slurm", "ada"}, {1'500'000}),
  };
  for (size_t list = 2; list < snapshot.groups.size(); ++list) {  // none of them waits for a name
    std::vector<monitor::ListRest> rest = snapshot.groups[list].groups.rest();
    rest[0].pending = {};
    snapshot.groups[list].groups.SetRest(std::move(rest));
  }
}

monitor::ZoneFigures Figures(Microjoules active, Microjoules idle) {
  const auto figure = [](Microjoules energy) { return monitor::EnergyFigure{energy, Microwatts{energy.value / 10}}; };
  return {figure(active + idle), figure(active), figure(idle)};
}

}  // namespace

RenderOptions TestOptions() {
  return {
      .levels = {"node", "process", "container", "vm", "pod", "namespace", "owner", "program", "unit", "user", "job"},
      .node_name = "node-1",
      .version = "0.1.0",
      .revision = "abc123",
      .branch = "main",
      .arch = "amd64"};
}

void AddProcess(monitor::Snapshot& snapshot, monitor::ProcessLabels labels, monitor::WorkloadState state,
                Microjoules energy) {
  Add(snapshot, snapshot.processes, std::move(labels), state, energy);
}

void AddContainer(monitor::Snapshot& snapshot, monitor::ContainerLabels labels, monitor::WorkloadState state,
                  Microjoules energy) {
  Add(snapshot, snapshot.containers, std::move(labels), state, energy);
}

void AddVm(monitor::Snapshot& snapshot, monitor::VmLabels labels, monitor::WorkloadState state, Microjoules energy) {
  Add(snapshot, snapshot.vms, std::move(labels), state, energy);
}

void AddPod(monitor::Snapshot& snapshot, monitor::PodLabels labels, monitor::WorkloadState state, Microjoules energy) {
  Add(snapshot, snapshot.pods, std::move(labels), state, energy);
}

void AddGpus(monitor::Snapshot& snapshot) {
  auto gpus = std::make_shared<monitor::GpuFigures>();
  monitor::CardFigures card = {.names = {.index = 0, .uuid = "GPU-1234", .name = "NVIDIA A100", .vendor = "nvidia"},
                               .source = gpu::CardSource::kCounter,
                               .figures = Figures({40'000'000}, {15'000'000}),
                               .read_errors = 2,
                               .resets = 1};
  gpus->cards.push_back(card);
  card = {.names = {.index = 1, .uuid = "GPU-5678", .name = "Tesla P4", .vendor = "nvidia"},
          .source = gpu::CardSource::kPower,
          .figures = {{{3'000'000}, {}}, {{1'000'000}, {}}, {{2'000'000}, {}}}};
  gpus->cards.push_back(card);
  const auto use = [&](const auto& list, size_t item, uint64_t energy, auto& level) {
    level.users.push_back({list[item].labels, list[item].state, list[item].since, {{energy}, Microwatts{energy / 10}}});
  };
  use(snapshot.processes, 0, 500'000, gpus->processes);
  use(snapshot.processes, 1, 39'000'000, gpus->processes);
  use(snapshot.containers, 0, 39'000'000, gpus->containers);
  use(snapshot.pods, 0, 39'000'000, gpus->pods);
  gpus->processes.rest = {{{1'500'000}, {}}, {}};
  gpus->containers.rest = {{{1'900'000}, {}}, {100'000}};
  gpus->pods.rest = {{{1'800'000}, {}}, {200'000}};
  snapshot.gpus = std::move(gpus);
}

monitor::Snapshot SmallSnapshot() {
  monitor::Snapshot snapshot;
  snapshot.epoch = 7;
  snapshot.time = Seconds(4'000);
  snapshot.unix_ms = 1'700'000'000'123;
  snapshot.duration = Milliseconds(5'000);
  snapshot.begin = Seconds(3'965);
  const energy::ZoneState rapl{.source = "rapl", .measured = true};
  snapshot.zones = {{"package", "aggregated-package", Figures({30'000'001}, {12'345'677}), rapl},
                    {"dram", "/sys/class/powercap/intel-rapl:0:1", Figures({30'000'001}, {5}), rapl}};
  snapshot.zones[1].state.uncertainty_ppm = 365'000;
  snapshot.zones[1].figures.all.power.reset();
  snapshot.zones[1].figures.active.power.reset();
  snapshot.zones[1].figures.idle.power.reset();
  snapshot.socket_zones = {
      {"package", "/sys/class/powercap/intel-rapl:0", 0, Figures({20'000'000}, {12'000'000}), rapl},
      {"package", "/sys/class/powercap/intel-rapl:1", 1, Figures({10'000'001}, {345'677}), rapl},
      {"dram", "/sys/class/powercap/intel-rapl:0:1", {}, Figures({30'000'001}, {5}), rapl}};
  snapshot.socket_zones[0].state.resets = 1;
  snapshot.socket_zones[1].state.read_errors = 3;
  snapshot.socket_zones[1].state.still = true;
  snapshot.socket_zones[1].idle_power = Microwatts{34'567};
  snapshot.socket_zones[2].state.read_errors = 12;
  snapshot.usage_ppm = 250'000;
  AddProcess(snapshot, {1, "systemd", "/usr/lib/systemd/systemd", "regular", "", ""}, monitor::WorkloadState::kRunning,
             {1'500'000});
  AddProcess(snapshot, {4711, "we\\ird\"\n\xFF", "/opt/caf\xC3\xA9", "container", "0123456789abcdef", ""},
             monitor::WorkloadState::kRunning, {20'000'000});
  AddProcess(snapshot, {99, "qemu", "/usr/bin/qemu", "vm", "", "vm-1"}, monitor::WorkloadState::kTerminated, {2});
  SetFigure(snapshot.processes, 0, 1, {{1'500'000}, std::nullopt});
  AddContainer(snapshot, {"0123456789abcdef", "web", "containerd", "pod-1"}, monitor::WorkloadState::kRunning,
               {20'000'000});
  AddVm(snapshot, {"vm-1", "guest \"1\"", "kvm"}, monitor::WorkloadState::kTerminated, {2});
  AddPod(snapshot, {"pod-1", "web-7f", "shop"}, monitor::WorkloadState::kRunning, {20'000'000});
  AddPod(snapshot, {"pod-2", "", ""}, monitor::WorkloadState::kTerminated, {1'000'000});
  snapshot.processes.SetRest({{{{8'499'999}, Microwatts{849'999}}, {}}, {{{8'499'999}, {}}, {}}});
  snapshot.containers.SetRest({{{{9'000'001}, Microwatts{1'000'000}}, {1'000'000}}, {{{10'000'001}, {}}, {}}});
  snapshot.vms.SetRest({{{{29'999'999}, Microwatts{3'000'000}}, {}}, {{{29'999'999}, {}}, {}}});
  snapshot.pods.SetRest({{{{9'000'001}, Microwatts{900'000}}, {}}, {{{9'000'001}, {}}, {}}});
  AddGroups(snapshot);
  snapshot.unassigned_time = {1'234'567'890};
  snapshot.cpu_time_source = "bpf";
  snapshot.kernel = {11,
                     4096,
                     1,
                     512,
                     987654321,
                     2,
                     3,
                     {5},
                     {6},
                     4,
                     {{"switch", true}, {"exec", false}},
                     {{"on_switch", 987654300, {123'456'789'012}, 1}, {"on_exec", 42, {43'000}, std::nullopt}}};
  snapshot.cpus = std::make_shared<const std::vector<cpu::CpuInfo>>(std::vector<cpu::CpuInfo>{
      {"0", "GenuineIntel", "A \"fast\" CPU", "0", "0"}, {"1", "GenuineIntel", "", "1", "0"}});
  return snapshot;
}

monitor::Snapshot LargeSnapshot(uint32_t processes) {
  monitor::Snapshot snapshot;
  snapshot.time = Seconds(4'000);
  snapshot.unix_ms = 1'700'000'000'123;
  snapshot.begin = Seconds(3'000);
  const energy::ZoneState rapl{.source = "rapl", .measured = true};
  snapshot.zones = {{"package", "/sys/class/powercap/intel-rapl:0", {}, rapl},
                    {"core", "/sys/class/powercap/intel-rapl:0:0", {}, rapl},
                    {"dram", "/sys/class/powercap/intel-rapl:0:1", {}, rapl}};
  for (uint32_t i = 0; i < processes; ++i) {
    monitor::ProcessLabels labels{1000 + i, "worker-" + std::to_string(i % 100), "/usr/local/bin/worker", "regular", "",
                                  ""};
    if (i % 2 != 0) {
      labels.type = "container";
      labels.container_id = std::string(60, 'a') + std::to_string(1000 + i % 50);
    }
    AddProcess(snapshot, std::move(labels), monitor::WorkloadState::kRunning, {123'456'789ULL + i * 1'000'003ULL});
  }
  return snapshot;
}

}  // namespace brahe::exposition
