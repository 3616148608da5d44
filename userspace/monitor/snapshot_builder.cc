#include "userspace/monitor/snapshot_builder.h"

#include <algorithm>
#include <string>
#include <utility>

#include "userspace/monitor/figure_of.h"

namespace brahe::monitor {
namespace {

ZoneFigures FiguresOf(const attribution::ZoneBalance& balance, std::optional<Nanoseconds> time) {
  return {FigureOf(balance.all, time), FigureOf(balance.active, time), FigureOf(balance.idle, time)};
}

void Add(attribution::Balance& sum, const attribution::Balance& part) {
  sum.total += part.total;
  sum.last += part.last;
}

std::vector<ZoneSeries> SeriesOf(const Attributor& attributor, const std::vector<energy::ZoneState>& zone_states) {
  const SeriesPlan& plan = attributor.plan();
  std::vector<attribution::ZoneBalance> sums(plan.series.size());
  std::vector<std::optional<energy::ZoneState>> states(plan.series.size());
  for (size_t z = 0; z < plan.series_of_zone.size(); ++z) {
    attribution::ZoneBalance& sum = sums[plan.series_of_zone[z]];
    const attribution::ZoneBalance& zone = attributor.ledger().zones()[z];
    Add(sum.all, zone.all);
    Add(sum.active, zone.active);
    Add(sum.idle, zone.idle);
    std::optional<energy::ZoneState>& state = states[plan.series_of_zone[z]];
    state = state ? Together(*state, zone_states[z]) : zone_states[z];
  }
  std::vector<ZoneSeries> series;
  for (size_t s = 0; s < sums.size(); ++s) {
    series.push_back(
        {plan.series[s].name, plan.series[s].path, FiguresOf(sums[s], attributor.series_time()[s]), *states[s]});
  }
  return series;
}

// `energy_of`: the unlisted and the pending energy in a series, where the active and the listed one are such.
template <typename Labels>
void SetRest(const std::vector<ZoneSeries>& zones, const auto& energy_of, WorkloadList<Labels>& list) {
  std::vector<ListRest> rest;
  for (size_t s = 0; s < zones.size(); ++s) {
    const EnergyFigure& active = zones[s].figures.active;
    const auto [unlisted, pending] = energy_of(s, active.energy, list.Sum(s));
    ListRest& of_series = rest.emplace_back();
    of_series.unlisted.energy = unlisted;
    of_series.pending = pending;
    // Each of those listed is rounded down on its own: together they are no more than the whole.
    const std::optional<Microwatts> listed_power = list.PowerSum(s);
    if (active.power && listed_power) of_series.unlisted.power = *active.power - *listed_power;
  }
  list.SetRest(std::move(rest));
}

void ListWorkloads(Attributor& attributor, Snapshot& snapshot) {
  using Energies = std::pair<Microjoules, Microjoules>;
  // Of processes it is known by itself, so that the sum is a check of the books.
  const auto of_processes = [&](size_t series, Microjoules, Microjoules) {
    return Energies(attributor.Unlisted(series), {});
  };
  const auto of_containers = [&](size_t series, Microjoules active, Microjoules listed) {
    const Microjoules pending = attributor.PendingContainers(series);
    return Energies(active - listed - pending, pending);
  };
  const auto of_pods = [&](size_t series, Microjoules active, Microjoules listed) {
    const Microjoules pending = attributor.PendingPods(series);
    return Energies(active - listed - pending, pending);
  };
  const auto of_others = [&](size_t, Microjoules active, Microjoules listed) { return Energies(active - listed, {}); };
  snapshot.processes = attributor.ListProcesses();
  snapshot.containers = attributor.ListContainers();
  snapshot.vms = attributor.ListVms();
  snapshot.pods = attributor.ListPods();
  snapshot.groups = attributor.ListGroups();
  SetRest(snapshot.zones, of_processes, snapshot.processes);
  SetRest(snapshot.zones, of_containers, snapshot.containers);
  SetRest(snapshot.zones, of_others, snapshot.vms);
  SetRest(snapshot.zones, of_pods, snapshot.pods);
  for (GroupList& list : snapshot.groups) {
    if (list.by_pod) {
      SetRest(snapshot.zones, of_pods, list.groups);
    } else {
      SetRest(snapshot.zones, of_others, list.groups);
    }
  }
}

}  // namespace

void FillFrom(Attributor& attributor, const std::vector<energy::Zone>& zones,
              const std::vector<energy::ZoneState>& states, Snapshot& snapshot) {
  snapshot.zones = SeriesOf(attributor, states);
  snapshot.primary_zone = attributor.PrimarySeries();
  for (size_t z = 0; z < zones.size(); ++z) {
    snapshot.socket_zones.push_back({.name = zones[z].name,
                                     .path = zones[z].path,
                                     .socket = zones[z].socket,
                                     .figures = FiguresOf(attributor.ledger().zones()[z], attributor.zone_time()[z]),
                                     .state = states[z],
                                     .idle_power = attributor.ledger().IdlePower(z)});
  }
  ListWorkloads(attributor, snapshot);
  snapshot.unassigned_time = attributor.ledger().unassigned_time();
}

energy::MeterEpoch MeterEpochOf(const cpu::CpuTimeEpoch& epoch) {
  energy::MeterEpoch result{.begin = epoch.begin, .end = epoch.end};
  for (const cpu::SocketTime& socket : epoch.sockets) {
    const Nanoseconds busy = socket.capacity > socket.idle ? socket.capacity - socket.idle : Nanoseconds{};
    result.sockets.push_back({socket.socket, {.capacity = socket.capacity, .busy = busy}});
    result.load.capacity += socket.capacity;
    result.load.busy += busy;
  }
  return result;
}

uint64_t UsagePpm(const energy::CpuLoad& load) { return ScaleDown(1'000'000, load.busy.value, load.capacity.value); }

Status CheckBalance(const Snapshot& snapshot) {
  for (size_t s = 0; s < snapshot.zones.size(); ++s) {
    const ZoneFigures& zone = snapshot.zones[s].figures;
    const auto differ = [&](const char* left, Microjoules a, const char* right, Microjoules b) {
      return MakeError("zone " + snapshot.zones[s].name + ": " + left + " is " + std::to_string(a.value) + " uJ, " +
                       right + " is " + std::to_string(b.value) + " uJ");
    };
    if (const Microjoules both = zone.active.energy + zone.idle.energy; zone.all.energy != both) {
      return differ("energy", zone.all.energy, "active + idle", both);
    }
    const ListRest& rest = snapshot.processes.rest()[s];
    const Microjoules sum = snapshot.processes.Sum(s) + rest.unlisted.energy + rest.pending;
    if (zone.active.energy != sum) return differ("active", zone.active.energy, "listed + unlisted", sum);
    // What is unlisted at the other levels is what is left: more than there is would be less than nothing.
    const auto most = [&](const char* level, const auto& list) -> Status {
      if (list.rest().empty() || list.rest()[s].unlisted.energy <= zone.active.energy) return {};
      return differ("active", zone.active.energy, level, list.Sum(s));
    };
    if (const Status status = most("sum of containers", snapshot.containers); !status) return status;
    if (const Status status = most("sum of virtual machines", snapshot.vms); !status) return status;
    if (const Status status = most("sum of pods", snapshot.pods); !status) return status;
    for (const GroupList& list : snapshot.groups) {
      if (const Status status = most("sum of groups", list.groups); !status) return status;
    }
  }
  return {};
}

}  // namespace brahe::monitor
