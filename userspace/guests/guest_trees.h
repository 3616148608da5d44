#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/fault_log.h"
#include "userspace/base/units.h"
#include "userspace/guests/guest_tree.h"
#include "userspace/monitor/snapshot.h"

namespace brahe::guests {

struct GuestTreesOptions {
  std::string directory;  // is made if it is not there and its parent is
  Nanoseconds retention =
      Seconds(24 * 3600);  // a tree that was made here is removed so long after its VM was last seen running
};

// The trees of all VMs of a node, one folder each in a directory.
//
// A folder is called as its VM (see FolderName), or as the VM's id where it has no name. Where two that run have one
// name, the folder is of the one that had it before, also before a restart; the other's has its id after the name. A VM
// that takes the name of one that has ended takes its folder over, whose counters go on. So they do for a VM that ends
// and comes back. Right after the start, a VM waits for its tree where its folder says that it is of another one, which
// may have used no time yet. A fault is said once, and costs nothing but the tree that has it: its energy is written
// once that can be. At most kMostTrees are kept.
//
// Not thread-safe.
class GuestTrees {
 public:
  static constexpr size_t kMostTrees = 4096;

  // `clock` must outlive it.
  explicit GuestTrees(GuestTreesOptions options, const Clock& clock = SystemClock());

  // Writes what VMs have used up to `snapshot`, which is later than the one before.
  void Update(const monitor::Snapshot& snapshot);

 private:
  using Vms = monitor::WorkloadList<monitor::VmLabels>;

  struct Vm {
    std::unique_ptr<GuestTree> tree;
    std::string wanted;  // its folder, if nobody else has it
    Nanoseconds seen;    // when it ran last
    bool runs = true;
    bool leftover = false;  // nobody's any more, by what is known
  };
  using VmsById = std::map<std::string, Vm>;

  void Update(const monitor::Snapshot& snapshot, const Folder& all);
  // Gives all that run and have none a tree.
  void Admit(const monitor::Snapshot& snapshot, const Folder& all);
  // The key of a tree that is nobody's any more; no VM's id.
  static std::string LeftoverKey(const std::string& folder) { return std::string(1, '\0') + folder; }
  // The VM with the folder `name`; end() if there is none.
  [[nodiscard]] VmsById::iterator OwnerOf(const std::string& name);
  // A tree in the folder `name`, which may be that of a VM that has ended; null: one that runs has it.
  [[nodiscard]] std::unique_ptr<GuestTree> Claim(const std::string& name);
  void AddEnergy(const monitor::Snapshot& snapshot);
  void RemoveEnded(Nanoseconds now, const Folder& all);
  // Trees in the directory that an earlier run of the exporter made count as those of VMs that end now.
  void AdoptLeftovers(Nanoseconds now, const Folder& all);
  void Say(const std::string& folder, const Status& status);

  const GuestTreesOptions options_;
  FaultLog faults_;
  VmsById vms_;
  std::map<uint64_t, std::map<std::string, Microjoules>> counted_;  // by serial and zone: what is in the trees
  bool adopted_ = false;
};

}  // namespace brahe::guests
