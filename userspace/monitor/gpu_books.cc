#include "userspace/monitor/gpu_books.h"

#include <algorithm>
#include <utility>

namespace brahe::monitor {
namespace {

// How long what a container used waits for it to be listed, once none of its processes is.
constexpr Nanoseconds kWaitForContainer = Seconds(120);

// Calls `take` with each workload of a list: its labels, its state and its serial number.
template <typename Labels>
void ForEach(const WorkloadList<Labels>& list, const auto& take) {
  for (const auto& chunk : list.chunks()) {
    for (const WorkloadFace<Labels>& face : *chunk->faces) take(face);
  }
}

// There may be two of one id, if one has ended and begun again: that which runs counts.
template <typename Labels>
void Meet(const WorkloadFace<Labels>& face, auto& group) {
  if (group.listed && face.state == WorkloadState::kTerminated) return;
  if (group.labels != nullptr && !(*group.labels == *face.labels)) group.since.reset();
  group.labels = face.labels;
  group.state = face.state;
  group.listed = true;
}

}  // namespace

GpuBooks::Account& GpuBooks::Account::operator+=(const Account& other) {
  energy += other.energy;
  power += other.power;
  cards |= other.cards;
  return *this;
}

template <typename Books>
void GpuBooks::ClearPower(Books& books) {
  for (auto& [key, entry] : books) {
    entry.account.power = {};
    entry.listed = false;
  }
}

std::shared_ptr<const GpuFigures> GpuBooks::Post(const std::vector<gpu::CardReading>& readings, const Snapshot& lists) {
  if (readings.empty() && cards_.empty()) return nullptr;
  begin_ = lists.time - lists.duration;
  end_ = lists.time;
  ClearPower(processes_);
  ClearPower(containers_);
  ClearPower(pods_);
  for (auto& [id, container] : containers_) container.of_no_pod.power = {};
  unlisted_processes_.power = unlisted_containers_.power = unlisted_pods_.power = {};
  BookCards(readings);
  FindProcesses(lists.processes);
  ChargeProcesses();
  RetireProcesses();
  UpdateContainers(lists.containers);
  UpdatePods(lists.pods);

  auto figures = std::make_shared<GpuFigures>();
  for (const std::string& uuid : order_) figures->cards.push_back(cards_.at(uuid).figures);
  List(processes_, unlisted_processes_, figures->processes);
  List(containers_, unlisted_containers_, figures->containers);
  List(pods_, unlisted_pods_, figures->pods);
  for (const auto& [id, container] : containers_) figures->pods.rest.pending += container.of_no_pod.energy;
  return figures;
}

GpuBooksState GpuBooks::State() const {
  const auto instant = [](const PackedInstant& since) { return since ? std::optional(*since) : std::nullopt; };
  GpuBooksState state;
  for (const std::string& uuid : order_) {
    const auto& [of_card, idle] = cards_.at(uuid);
    state.cards.push_back({.index = of_card.names.index,
                           .uuid = uuid,
                           .name = of_card.names.name,
                           .source = of_card.source,
                           .active = of_card.figures.active.energy,
                           .idle = of_card.figures.idle.energy,
                           .read_errors = of_card.read_errors,
                           .resets = of_card.resets,
                           .idle_power = idle.learnt()});
  }
  for (const auto& [serial, process] : processes_) {
    state.processes.push_back({serial, instant(process.since), process.account.State()});
  }
  for (const auto& [id, container] : containers_) {
    state.containers.push_back({id, instant(container.since), container.account.State(), container.pod_id,
                                container.of_no_pod.State(), container.charged});
  }
  for (const auto& [id, pod] : pods_) state.pods.push_back({id, instant(pod.since), pod.account.State()});
  state.unlisted_processes = unlisted_processes_.energy;
  state.unlisted_containers = unlisted_containers_.energy;
  state.unlisted_pods = unlisted_pods_.energy;
  return state;
}

void GpuBooks::Resume(const GpuBooksState& state, const Snapshot& lists) {
  ResumeCards(state.cards);
  ResumeUsers(state);
  const auto meet = [](auto& books, const auto& key, const auto& face) {
    if (const auto known = books.find(key); known != books.end()) Meet(face, known->second);
  };
  ForEach(lists.processes, [&](const auto& face) { meet(processes_, face.serial, face); });
  ForEach(lists.containers, [&](const auto& face) { meet(containers_, face.labels->id, face); });
  ForEach(lists.pods, [&](const auto& face) { meet(pods_, face.labels->id, face); });
  // Nobody knows who it was; its container and pod have it still.
  std::erase_if(processes_, [this](const auto& entry) {
    if (entry.second.listed) return false;
    unlisted_processes_ += entry.second.account;
    return true;
  });
}

void GpuBooks::ResumeCards(const std::vector<GpuBooksState::Card>& cards) {
  for (const GpuBooksState::Card& before : cards) {
    const auto [card, added] =
        cards_.try_emplace(before.uuid, Card{{}, gpu::IdlePower(idle_power_, before.idle_power)});
    if (!added) continue;
    order_.push_back(before.uuid);
    CardFigures& figures = card->second.figures;
    figures.names.index = before.index;
    figures.names.uuid = before.uuid;
    figures.names.name = before.name;
    figures.source = before.source;
    figures.figures.all.energy = before.active + before.idle;
    figures.figures.active.energy = before.active;
    figures.figures.idle.energy = before.idle;
    figures.read_errors = before.read_errors;
    figures.resets = before.resets;
  }
}

// Without their labels.
void GpuBooks::ResumeUsers(const GpuBooksState& state) {
  for (const GpuBooksState::Process& before : state.processes) {
    Process& process = processes_[before.serial];
    process.since = before.since;
    process.account = AccountOf(before.account);
  }
  for (const GpuBooksState::Container& before : state.containers) {
    Container& container = containers_[before.id];
    container.since = before.since;
    container.account = AccountOf(before.account);
    container.pod_id = before.pod_id;
    container.of_no_pod = AccountOf(before.of_no_pod);
    container.charged = before.charged;
  }
  for (const GpuBooksState::Pod& before : state.pods) {
    Group<PodLabels>& pod = pods_[before.id];
    pod.since = before.since;
    pod.account = AccountOf(before.account);
  }
  unlisted_processes_.energy = state.unlisted_processes;
  unlisted_containers_.energy = state.unlisted_containers;
  unlisted_pods_.energy = state.unlisted_pods;
}

void GpuBooks::BookCards(const std::vector<gpu::CardReading>& readings) {
  charges_.clear();
  unknown_cards_ = UINT64_MAX;  // until they are known; bits of no card stand for nothing
  for (auto& [uuid, card] : cards_) {
    auto& [all, active, idle] = card.figures.figures;
    all.power = active.power = idle.power = std::nullopt;
  }
  for (const gpu::CardReading& reading : readings) {
    auto known = cards_.find(reading.names.uuid);
    if (known == cards_.end()) {
      known = cards_.try_emplace(reading.names.uuid, Card{{}, gpu::IdlePower(idle_power_)}).first;
      order_.push_back(reading.names.uuid);
    }
    const auto place = std::find(order_.begin(), order_.end(), reading.names.uuid) - order_.begin();
    BookCard(reading, known->second, 1ULL << std::min<int64_t>(place, 63));
  }
}

void GpuBooks::BookCard(const gpu::CardReading& reading, Card& card, uint64_t bit) {
  CardFigures& of_card = card.figures;
  of_card.names = reading.names;
  of_card.source = reading.source;
  of_card.read_errors = reading.read_errors;
  of_card.resets = reading.resets;
  if (!reading.used) return;
  unknown_cards_ &= ~bit;
  auto& [all, active, idle] = of_card.figures;
  const auto add = [&](EnergyFigure& figure, Microjoules energy) {
    figure.energy += energy;
    figure.power = MeanPower(energy, reading.time);
  };
  const Microjoules active_energy = card.idle.ActiveOf(reading);
  add(all, *reading.used);
  add(active, active_energy);
  add(idle, *reading.used - active_energy);

  std::vector<uint64_t> weights, shares(reading.users.size());
  for (const gpu::CardUse& use : reading.users) weights.push_back(use.weight);
  apportioner_.Split(active_energy.value, weights, shares);
  uint64_t split = 0;
  for (size_t i = 0; i < shares.size(); ++i) {
    const Microjoules share{shares[i]};
    charges_.push_back({reading.users[i].pid, {share, MeanPower(share, reading.time), bit}});
    split += shares[i];
  }
  // Nobody is known for it.
  const Account rest = {active_energy - Microjoules{split}, {}, 0};
  unlisted_processes_ += rest;
  unlisted_containers_ += rest;
  unlisted_pods_ += rest;
}

void GpuBooks::FindProcesses(const WorkloadList<ProcessLabels>& list) {
  using Face = WorkloadFace<ProcessLabels>;
  serial_of_.clear();
  if (charges_.empty() && processes_.empty()) return;
  std::unordered_map<uint32_t, const Face*> face_of;
  for (const Charge& charge : charges_) face_of[charge.pid] = nullptr;
  ForEach(list, [&](const Face& face) {
    if (const auto known = processes_.find(face.serial); known != processes_.end()) Meet(face, known->second);
    const auto charged = face_of.find(face.labels->pid);
    if (charged == face_of.end()) return;
    // Of those that have or had the pid, the one that has it, else the last that had it.
    const auto rank = [](const Face& of) { return std::pair(of.state == WorkloadState::kRunning, of.serial); };
    if (charged->second == nullptr || rank(*charged->second) < rank(face)) charged->second = &face;
  });
  for (const auto& [pid, face] : face_of) {
    if (face != nullptr) {
      const auto [process, added] = processes_.try_emplace(face->serial);
      Meet(*face, process->second);
      if (added) process->second.since = begin_;
      serial_of_[pid] = face->serial;
      continue;
    }
    // It may have ended in this epoch and not be listed any more.
    for (const auto& [serial, process] : processes_) {
      if (!process.listed && process.labels->pid == pid) serial_of_[pid] = serial;
    }
  }
}

void GpuBooks::ChargeProcesses() {
  for (const Charge& charge : charges_) {
    const auto serial = serial_of_.find(charge.pid);
    if (serial == serial_of_.end()) {
      unlisted_processes_ += charge.account;
      unlisted_containers_ += charge.account;
      unlisted_pods_ += charge.account;
      continue;
    }
    Process& process = processes_.at(serial->second);
    process.account += charge.account;
    const std::string& id = process.labels->container_id;
    if (id.empty()) {
      unlisted_containers_ += charge.account;
      unlisted_pods_ += charge.account;
      continue;
    }
    const auto [known, added] = containers_.try_emplace(id);
    Container& container = known->second;
    if (added) container.since = begin_;
    container.account += charge.account;
    container.of_no_pod += charge.account;
    container.charged = end_;
  }
}

void GpuBooks::RetireProcesses() {
  std::erase_if(processes_, [this](const auto& entry) {
    const auto& [serial, process] = entry;
    if (process.listed) return false;
    // The list may have made one of two that ended with the same labels: its counter does not fall then.
    for (auto& [other_serial, other] : processes_) {
      if (!other.listed || !(*other.labels == *process.labels)) continue;
      other.account += process.account;
      other.since.reset();
      return true;
    }
    unlisted_processes_ += process.account;
    return true;
  });
}

void GpuBooks::UpdateContainers(const WorkloadList<ContainerLabels>& list) {
  if (containers_.empty()) return;
  ForEach(list, [&](const WorkloadFace<ContainerLabels>& face) {
    const auto known = containers_.find(face.labels->id);
    if (known == containers_.end()) return;
    Meet(face, known->second);
    if (!face.labels->pod_id.empty()) known->second.pod_id = face.labels->pod_id;
  });
  for (auto& [id, container] : containers_) {
    if (container.pod_id.empty()) continue;
    const auto [pod, added] = pods_.try_emplace(container.pod_id);
    if (added) pod->second.since = container.since;
    pod->second.account += std::exchange(container.of_no_pod, {});
  }
  std::erase_if(containers_, [&](const auto& entry) {
    const Container& container = entry.second;
    if (container.listed || (container.labels == nullptr && end_ < container.charged + kWaitForContainer)) return false;
    const auto is_in_it = [&](const auto& process) { return process.second.labels->container_id == entry.first; };
    if (std::any_of(processes_.begin(), processes_.end(), is_in_it)) return false;
    unlisted_containers_ += container.account;
    unlisted_pods_ += container.of_no_pod;
    return true;
  });
}

void GpuBooks::UpdatePods(const WorkloadList<PodLabels>& list) {
  if (pods_.empty()) return;
  ForEach(list, [&](const WorkloadFace<PodLabels>& face) {
    if (const auto known = pods_.find(face.labels->id); known != pods_.end()) Meet(face, known->second);
  });
  std::erase_if(pods_, [&](const auto& entry) {
    if (entry.second.listed) return false;
    const auto is_in_it = [&](const auto& container) { return container.second.pod_id == entry.first; };
    if (std::any_of(containers_.begin(), containers_.end(), is_in_it)) return false;
    unlisted_pods_ += entry.second.account;
    return true;
  });
}

template <typename Labels>
void GpuBooks::List(const auto& books, const Account& unlisted, GpuUsers<Labels>& users) const {
  users.rest.unlisted.energy = unlisted.energy;
  Microwatts active, listed;
  for (const auto& [uuid, card] : cards_) active += card.figures.figures.active.power.value_or(Microwatts{});
  for (const auto& [key, entry] : books) {
    if (!entry.listed) {
      users.rest.pending += entry.account.energy;
      continue;
    }
    listed += entry.account.power;
    const bool known = (entry.account.cards & unknown_cards_) == 0;
    const EnergyFigure figure{entry.account.energy, known ? std::optional(entry.account.power) : std::nullopt};
    const bool runs = entry.state == WorkloadState::kRunning;
    users.users.push_back({entry.labels, entry.state, runs ? entry.since : PackedInstant(), figure});
  }
  // Each part was rounded down on its own: together they are no more than the whole.
  const auto is_known = [](const auto& card) { return card.second.figures.figures.active.power.has_value(); };
  if (std::all_of(cards_.begin(), cards_.end(), is_known)) users.rest.unlisted.power = active - listed;
}

}  // namespace brahe::monitor
