#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "userspace/attribution/apportion.h"
#include "userspace/base/units.h"
#include "userspace/gpu/gpu_meter.h"
#include "userspace/gpu/idle_power.h"
#include "userspace/monitor/gpu_books_state.h"
#include "userspace/monitor/gpu_figures.h"
#include "userspace/monitor/snapshot.h"

namespace brahe::monitor {

// Keeps what each card has used and for whom. A card's active energy is split among the processes that used it; a
// process' is its container's as well, and a container's its pod's.
//
// Who a process is, and how long it and its container and pod stay listed, is taken from the lists of the snapshot: so
// only those who ever used a card have a place here, and none for longer than there. What is listed no more leaves what
// it used to its level's unlisted energy; its container and pod keep it. Not thread-safe.
class GpuBooks {
 public:
  // `idle_power` of each card; nullopt: learnt.
  explicit GpuBooks(std::optional<Microwatts> idle_power) : idle_power_(idle_power) {}

  // After Post: all that the books of another process need to go on.
  [[nodiscard]] GpuBooksState State() const;
  // Before the first Post: goes on from the books that were there when the lists were those of `lists`, which has whom
  // they name by the same serials, ids and uids. What a process used that is not there is unlisted for good.
  void Resume(const GpuBooksState& state, const Snapshot& lists);

  // Books an epoch whose workloads are those that `lists` has. Null as long as there is no card.
  std::shared_ptr<const GpuFigures> Post(const std::vector<gpu::CardReading>& readings, const Snapshot& lists);

 private:
  // What somebody used of all cards.
  struct Account {
    Microjoules energy;
    Microwatts power;    // in this epoch
    uint64_t cards = 0;  // a bit for each that it used

    Account& operator+=(const Account& other);
    [[nodiscard]] GpuBooksState::Account State() const { return {energy, cards}; }
  };
  struct Card {
    CardFigures figures;
    gpu::IdlePower idle;
  };
  struct Process {
    std::shared_ptr<const ProcessLabels> labels;
    WorkloadState state = WorkloadState::kRunning;
    bool listed = false;
    PackedInstant since;  // see GpuUser
    Account account;
  };
  template <typename Labels>
  struct Group {
    std::shared_ptr<const Labels> labels;  // null before it is listed
    WorkloadState state = WorkloadState::kRunning;
    bool listed = false;
    PackedInstant since;
    Account account;
  };
  struct Container : Group<ContainerLabels> {
    std::string pod_id;  // empty: not known, or none
    Account of_no_pod;   // the part of its account that no pod has
    Nanoseconds charged;
  };
  // Energy of a process in this epoch.
  struct Charge {
    uint32_t pid;
    Account account;
  };

  static Account AccountOf(const GpuBooksState::Account& state) { return {state.energy, {}, state.cards}; }
  void ResumeCards(const std::vector<GpuBooksState::Card>& cards);
  void ResumeUsers(const GpuBooksState& state);

  void BookCards(const std::vector<gpu::CardReading>& readings);
  void BookCard(const gpu::CardReading& reading, Card& card, uint64_t bit);
  void FindProcesses(const WorkloadList<ProcessLabels>& list);
  void ChargeProcesses();
  void RetireProcesses();
  void UpdateContainers(const WorkloadList<ContainerLabels>& list);
  void UpdatePods(const WorkloadList<PodLabels>& list);
  template <typename Books>
  void ClearPower(Books& books);
  template <typename Labels>
  void List(const auto& books, const Account& unlisted, GpuUsers<Labels>& users) const;

  const std::optional<Microwatts> idle_power_;
  attribution::Apportioner apportioner_;
  std::vector<std::string> order_;  // the cards' uuids, as they were found
  std::unordered_map<std::string, Card> cards_;
  std::map<uint64_t, Process> processes_;  // by serial
  std::map<std::string, Container> containers_;
  std::map<std::string, Group<PodLabels>> pods_;
  Account unlisted_processes_, unlisted_containers_, unlisted_pods_;  // for good

  // Of this epoch.
  Nanoseconds begin_, end_;
  std::vector<Charge> charges_;
  std::unordered_map<uint32_t, uint64_t> serial_of_;  // of the pids that are charged and known
  uint64_t unknown_cards_ = 0;                        // has the bit of each whose energy is not known
};

}  // namespace brahe::monitor
