#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "userspace/attribution/ledger.h"
#include "userspace/attribution/split_policy.h"
#include "userspace/cpu/cpu_time_source.h"
#include "userspace/energy/energy_meter.h"
#include "userspace/monitor/books_state.h"
#include "userspace/monitor/container_table.h"
#include "userspace/monitor/ended_list.h"
#include "userspace/monitor/group_books.h"
#include "userspace/monitor/groupings.h"
#include "userspace/monitor/pod_table.h"
#include "userspace/monitor/process_table.h"
#include "userspace/monitor/snapshot.h"
#include "userspace/monitor/vm_table.h"
#include "userspace/monitor/workload_resolver.h"
#include "userspace/monitor/zone_series.h"

namespace brahe::monitor {

// Attributes the energy of each epoch to those who used it: the ledger, and who its accounts belong to. Not
// thread-safe.
class Attributor {
 public:
  // `resolver` and `groupings` must outlive this object. `split` null: by usage.
  Attributor(const std::vector<energy::Zone>& zones, EndedPolicy policy, WorkloadResolver& resolver,
             std::span<const Grouping> groupings, std::unique_ptr<attribution::SplitPolicy> split = nullptr);

  // Begins at the end of an epoch whose energy is not known: its names and ends are learnt, its times are not booked.
  void Begin(const cpu::CpuTimeEpoch& epoch);
  // Attributes the energy of an epoch: `energy` is what was used from its begin to its end.
  void Attribute(const cpu::CpuTimeEpoch& epoch, const energy::EnergyEpoch& energy);

  // What the books hold after an epoch but for what its snapshot tells: AddListed adds that.
  [[nodiscard]] BooksState State() const;
  // Goes on from earlier books, before anything else: each account stands where it stood. A series whose zones are
  // others now begins at 0. What processes of another CPU time source than `source` used counts as unlisted: they are
  // known by other keys.
  //
  // Where CPU time since then is known (`gap_is_counted`), the next epoch begins where the books ended, and the source
  // tells who has ended. Else Begin says where it begins, and who is not there any more has ended.
  void Resume(BooksState state, const std::string& source, bool gap_is_counted);

  [[nodiscard]] const SeriesPlan& plan() const { return plan_; }
  [[nodiscard]] const attribution::Ledger& ledger() const { return ledger_; }
  // The workloads after the last epoch.
  [[nodiscard]] WorkloadList<ProcessLabels> ListProcesses() { return processes_.List(series_time_); }
  [[nodiscard]] WorkloadList<ContainerLabels> ListContainers() { return containers_.List(series_time_); }
  [[nodiscard]] WorkloadList<VmLabels> ListVms() { return vms_.List(series_time_); }
  [[nodiscard]] WorkloadList<PodLabels> ListPods() { return pods_.List(series_time_); }
  [[nodiscard]] std::vector<GroupList> ListGroups() { return groups_.List(series_time_); }
  // What containers have used that are not listed yet, and what containers that may be in a pod, or pods, have used
  // that pods and what is decided by them do not list yet.
  [[nodiscard]] Microjoules PendingContainers(size_t series) const { return containers_.Pending(series); }
  [[nodiscard]] Microjoules PendingPods(size_t series) const {
    return pods_.Pending(series) + containers_.PendingForPods(series);
  }
  // How long the last epoch's energy took to be used, by zone and by series: the epoch's duration and how long the
  // machine was suspended in it, and the gap as well where a zone has come back. nullopt: its energy is not known.
  [[nodiscard]] const std::vector<std::optional<Nanoseconds>>& zone_time() const { return zone_time_; }
  [[nodiscard]] const std::vector<std::optional<Nanoseconds>>& series_time() const { return series_time_; }
  // The series that workloads are ranked by, after what the zones have used so far.
  [[nodiscard]] size_t PrimarySeries() const;
  // Energy of leaves that no listed process has.
  [[nodiscard]] Microjoules Unlisted(size_t series) const {
    return processes_.closed_energy()[series] + ledger_.unassigned()[series].total;
  }

 private:
  // Who a leaf's time belongs to. Null: nobody who is known.
  struct Owners {
    ProcessRecord* process;
    ContainerRecord* container;
  };

  [[nodiscard]] GroupFacts FactsOf(const ProcessRecord* process, uint64_t cgroup_id, const PodRecord* pod);

  void Learn(const cpu::CpuTimeEpoch& epoch);
  void DeclareGroups();
  void AddLeaf(const cpu::TaskTime& task);
  void AddLeaf(const cpu::UnassignedTime& unassigned);
  ContainerRecord* UseContainer(uint64_t cgroup_id, const ProcessKey& process);
  void SetAccounts();
  void FindGroups();
  attribution::AccountId ChargeGroups(const Owners& owners, uint64_t cgroup_id);
  void TimeZones(const cpu::CpuTimeEpoch& epoch, const energy::EnergyEpoch& energy);

  const std::vector<energy::Zone> zones_;
  SeriesPlan plan_;
  attribution::Ledger ledger_;
  WorkloadResolver& resolver_;
  PodTable pods_;
  VmTable vms_;
  ContainerTable containers_;
  ProcessTable processes_;
  GroupBooks groups_;
  std::vector<Nanoseconds> known_until_;  // by zone: up to where its energy is booked
  std::vector<Nanoseconds> suspended_;    // by zone: how long the machine was suspended since
  std::vector<std::optional<Nanoseconds>> zone_time_;
  std::vector<std::optional<Nanoseconds>> series_time_;

  // Scratch of Attribute.
  std::vector<attribution::LeafTime> leaves_;
  std::vector<Owners> owners_;  // by leaf
  std::vector<attribution::LedgerSocket> sockets_;
  std::vector<Nanoseconds> energy_times_;  // by zone, as in LedgerEpoch
};

}  // namespace brahe::monitor
