#include "userspace/exposition/workload_families.h"

#include <optional>
#include <utility>

#include "userspace/exposition/beginning.h"
#include "userspace/exposition/family_parts.h"

namespace brahe::exposition {
namespace {

// Workloads. These make up nearly all of a large exposition: a workload's labels are spelt once for a family and copied
// from zone to zone.

template <auto kList>
size_t Workloads(const RenderInput& input, const Family&) {
  return (input.*kList).workloads.size();
}

// The sum of those of `group`; nullopt if there are none or a reading is not known.
template <typename Labels>
std::optional<uint64_t> SumOf(Reading reading, const RenderList<Labels>& list, std::span<const size_t> group,
                              size_t zone) {
  std::optional<uint64_t> sum;
  for (const size_t item : group) {
    const auto value = reading(list.workloads.At(item, zone));
    if (!value) return std::nullopt;
    sum = sum.value_or(0) + *value;
  }
  return sum;
}

// When the counter of an item that is a series by itself was 0, in Unix time; nullopt where that is not certain.
template <typename Labels>
std::optional<uint64_t> StartAt(const RenderInput& input, const RenderList<Labels>& list, size_t item) {
  const monitor::PackedInstant start = list.labels().Start(item);
  return start ? input.clock.UnixMs(*start) : std::nullopt;
}

// The same of `group`, which is one series.
template <typename Labels>
std::optional<uint64_t> StartOf(const RenderInput& input, const RenderList<Labels>& list,
                                std::span<const size_t> group) {
  return group.size() == 1 ? StartAt(input, list, group[0]) : std::nullopt;
}

template <Reading kReading, typename Labels>
void AppendFigures(const RenderInput& input, const RenderList<Labels>& list, size_t item, SampleWriter& out) {
  const auto group = list.twins.Group(item);
  std::optional<Beginning<Labels>> beginning;
  if (kReading == Energy) beginning = Beginning<Labels>::Of(out.news(), list.workloads, group, input.clock);
  if (group.empty()) return;
  const auto first = list.labels().PlaceOf(group[0]);
  bool begun = false;
  for (size_t zone = 0; zone < input.zone_labels.size(); ++zone) {
    const auto value =
        group.size() == 1 ? kReading(list.workloads.At(first, zone)) : SumOf(kReading, list, group, zone);
    if (!value) continue;
    if (!std::exchange(begun, true)) {
      const bool has_start = kReading == Energy && group.size() == 1;  // power has none
      out.Begin({list.labels().All(item), {}, has_start ? StartAt(input, list, group[0]) : std::nullopt});
    }
    if (beginning) {
      const auto energy = [zone](const auto& before, size_t place) { return before.At(place, zone).energy.value; };
      beginning->Write(input.zone_labels[zone], SampleValue::Unit::kMillionths, energy, out);
    }
    out.Add(input.zone_labels[zone], SampleValue::Millionths(*value));
  }
}

template <auto kList, Reading kReading>
void AppendWorkload(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  AppendFigures<kReading>(input, input.*kList, item, out);
}

// The same for the CPU time of `group`.
template <typename Labels>
std::optional<Nanoseconds> CpuTimeOf(const RenderList<Labels>& list, std::span<const size_t> group) {
  std::optional<Nanoseconds> sum;
  for (const size_t item : group) sum = sum.value_or(Nanoseconds()) + list.workloads[item].cpu_time;
  return sum;
}

// Writes what a series of CPU time began with.
template <typename Labels>
void WriteBeginning(const Beginning<Labels>& beginning, SampleWriter& out) {
  const auto time = [](const auto& before, size_t place) { return before[place].cpu_time.value; };
  beginning.Write({}, SampleValue::Unit::kBillionths, time, out);
}

// Processes, and where it is wanted, one behind them that stands for all that no running one has. The kernel gives its
// pid to no process that uses time.
size_t ProcessesAndRest(const RenderInput& input, const Family& family) {
  return Workloads<&RenderInput::processes>(input, family) + (input.no_running.empty() ? 0 : 1);
}

template <Reading kReading>
void AppendProcess(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  if (item < input.processes.workloads.size()) return AppendFigures<kReading>(input, input.processes, item, out);
  const monitor::ProcessLabels labels = {0, "unlisted", "", "regular", "", ""};
  std::string spelt;
  AppendLabels(labels, input.labels(), spelt);
  out.Begin({spelt, {}, StartOfAll(input)});
  for (size_t zone = 0; zone < input.zone_labels.size(); ++zone) {
    if (const auto value = kReading(input.no_running[zone])) {
      out.Add(input.zone_labels[zone], SampleValue::Millionths(*value));
    }
  }
}

// Kepler's series has no state: a running process and its terminated twins are one sample, so that the series does not
// go down when a pid is used again.
void AppendProcessTime(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  const RenderList<monitor::ProcessLabels>& list = input.processes;
  if (list.twins.HasRunningTwin(item)) return;
  const auto group = list.twins.Group(item);
  if (group.empty()) return;
  std::span<const size_t> items = group;
  std::vector<size_t> with_twins;
  const auto terminated = list.twins.TerminatedTwinsOf(item);
  if (!terminated.empty()) {
    with_twins.assign(group.begin(), group.end());
    with_twins.insert(with_twins.end(), terminated.begin(), terminated.end());
    items = with_twins;
  }
  const bool alone = items.size() == 1;
  out.Begin({list.labels().BeforeState(item), list.labels().BehindState(item),
             alone ? StartAt(input, list, item) : std::nullopt});
  const auto beginning =
      Beginning<monitor::ProcessLabels>::Of(out.news(), list.workloads, items, input.clock, /*with_state=*/false);
  if (beginning) WriteBeginning(*beginning, out);
  const Nanoseconds time = alone ? list.workloads.At(list.labels().PlaceOf(item)).cpu_time : *CpuTimeOf(list, items);
  out.Add({}, SampleValue::Billionths(time.value));
}

template <typename Labels>
void AppendTime(const RenderInput& input, const RenderList<Labels>& list, size_t item, SampleWriter& out) {
  const auto group = list.twins.Group(item);
  const auto time = CpuTimeOf(list, group);
  if (!time) return;
  out.Begin({list.labels().All(item), {}, StartOf(input, list, group)});
  const auto beginning = Beginning<Labels>::Of(out.news(), list.workloads, group, input.clock);
  if (beginning) WriteBeginning(*beginning, out);
  out.Add({}, SampleValue::Billionths(time->value));
}

void AppendContainerTime(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  AppendTime(input, input.containers, item, out);
}

// Groups.

size_t Groups(const RenderInput& input, const Family& family) { return input.groups[family.list].workloads.size(); }

template <Reading kReading>
void AppendGroup(const RenderInput& input, const Family& family, size_t item, SampleWriter& out) {
  AppendFigures<kReading>(input, input.groups[family.list], item, out);
}

void AppendGroupTime(const RenderInput& input, const Family& family, size_t item, SampleWriter& out) {
  AppendTime(input, input.groups[family.list], item, out);
}

// What is in no workload of a list.

size_t RestZones(const RenderInput& input, const Family& family) { return input.rests[family.list].zones.size(); }

template <Reading kReading>
void AppendUnlisted(const RenderInput& input, const Family& family, size_t item, SampleWriter& out) {
  const auto value = kReading(input.rests[family.list].zones[item].unlisted);
  if (!value) return;
  out.Begin({input.node_label, input.zone_labels[item], StartOfAll(input)});
  out.Add({}, SampleValue::Millionths(*value));
}

void AppendPending(const RenderInput& input, const Family& family, size_t item, SampleWriter& out) {
  out.Begin({input.node_label, input.zone_labels[item], {}});
  out.Add({}, SampleValue::Millionths(input.rests[family.list].zones[item].pending.value));
}

// Kepler's names, types and help texts are kept to the letter.
constexpr Family kKeplerFamilies[] = {
    {"kepler_process_cpu_joules_total", kCounter, "Energy consumption of cpu at process level in joules", "process",
     ProcessesAndRest, AppendProcess<Energy>},
    {"kepler_process_cpu_watts", kGauge, "Power consumption of cpu at process level in watts", "process",
     ProcessesAndRest, AppendProcess<Power>},
    {"kepler_process_cpu_seconds_total", kCounter, "Total user and system time of cpu at process level in seconds",
     "process", Workloads<&RenderInput::processes>, AppendProcessTime},
    {"kepler_container_cpu_joules_total", kCounter, "Energy consumption of cpu at container level in joules",
     "container", Workloads<&RenderInput::containers>, AppendWorkload<&RenderInput::containers, Energy>},
    {"kepler_container_cpu_watts", kGauge, "Power consumption of cpu at container level in watts", "container",
     Workloads<&RenderInput::containers>, AppendWorkload<&RenderInput::containers, Power>},
    {"kepler_container_cpu_seconds_total", kCounter, "Total user and system time of cpu at container level in seconds",
     "container", Workloads<&RenderInput::containers>, AppendContainerTime},
    {"kepler_vm_cpu_joules_total", kCounter, "Energy consumption of cpu at vm level in joules", "vm",
     Workloads<&RenderInput::vms>, AppendWorkload<&RenderInput::vms, Energy>},
    {"kepler_vm_cpu_watts", kGauge, "Power consumption of cpu at vm level in watts", "vm", Workloads<&RenderInput::vms>,
     AppendWorkload<&RenderInput::vms, Power>},
    {"kepler_pod_cpu_joules_total", kCounter, "Energy consumption of cpu at pod level in joules", "pod",
     Workloads<&RenderInput::pods>, AppendWorkload<&RenderInput::pods, Energy>},
    {"kepler_pod_cpu_watts", kGauge, "Power consumption of cpu at pod level in watts", "pod",
     Workloads<&RenderInput::pods>, AppendWorkload<&RenderInput::pods, Power>},
};

// Makes the families of the lists that a snapshot happens to have.
class ListFamilyMaker {
 public:
  explicit ListFamilyMaker(std::deque<std::string>& texts) : texts_(texts) {}

  void AddRest(const RenderRest& rest, size_t list) {
    const std::string level(rest.level);
    const auto* const parts = rest.can_pend ? "listed, unlisted and pending" : "listed and unlisted";
    Add(level, "unlisted_joules_total", kCounter,
        "Active energy that is in no listed " + level + ", in joules; " + parts + " add up to the node's active energy",
        RestZones, AppendUnlisted<Energy>, rest.level, list);
    Add(level, "unlisted_watts", kGauge,
        "Active power that is in no listed " + level +
            ", in watts; listed and unlisted add up to the node's active power",
        RestZones, AppendUnlisted<Power>, rest.level, list);
    if (!rest.can_pend) return;
    Add(level, "pending_joules", kGauge,
        "Active energy at " + level +
            " level whose names are not known yet, in joules; it is listed as soon as they are",
        RestZones, AppendPending, rest.level, list);
  }

  void AddGroups(std::string_view level_name, size_t list) {
    const std::string level(level_name);
    Add(level, "cpu_joules_total", kCounter, "Energy consumption of cpu at " + level + " level in joules", Groups,
        AppendGroup<Energy>, level_name, list);
    Add(level, "cpu_watts", kGauge, "Power consumption of cpu at " + level + " level in watts", Groups,
        AppendGroup<Power>, level_name, list);
    Add(level, "cpu_seconds_total", kCounter, "Total user and system time of cpu at " + level + " level in seconds",
        Groups, AppendGroupTime, level_name, list);
  }

  std::vector<Family> Take() { return std::move(families_); }

 private:
  void Add(const std::string& level, const std::string& figure, FamilyType type, std::string help,
           decltype(Family::count) count, decltype(Family::append) append, std::string_view chosen_by, size_t list) {
    const std::string& name = texts_.emplace_back("brahe_" + level + "_" + figure);
    families_.push_back({name, type, texts_.emplace_back(std::move(help)), chosen_by, count, append, list});
  }

  std::deque<std::string>& texts_;
  std::vector<Family> families_;
};

}  // namespace

std::span<const Family> KeplerWorkloadFamilies() { return kKeplerFamilies; }

std::vector<Family> ListFamilies(const RenderInput& input, std::deque<std::string>& texts) {
  ListFamilyMaker lists(texts);
  for (size_t list = 0; list < input.rests.size(); ++list) lists.AddRest(input.rests[list], list);
  for (size_t list = 0; list < input.groups.size(); ++list) lists.AddGroups(input.snapshot.groups[list].level, list);
  return lists.Take();
}

}  // namespace brahe::exposition
