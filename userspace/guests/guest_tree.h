#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "userspace/base/result.h"
#include "userspace/base/units.h"
#include "userspace/guests/guest_zones.h"
#include "userspace/guests/tree_files.h"

namespace brahe::guests {

// Whose a tree is.
struct TreeMark {
  std::string id;     // of the VM, as MarkId makes it
  bool made = false;  // by the exporter, which then removes it some time after the VM's end

  bool operator==(const TreeMark&) const = default;
};
// A VM's id as it stands in a mark: on one line.
std::string MarkId(std::string_view id);
// That of a tree; nullopt: it has none.
Result<std::optional<TreeMark>> ReadMark(const Folder& tree);

// The powercap tree of one VM: a folder with those of its zones, laid out as in /sys/class/powercap, each with `name`,
// `energy_uj`, `max_energy_range_uj` and `enabled`, and `source` and `measured` for a Brahe in the guest. What is lost
// of it is made again. Counters go on from what their files say when they are first met, so that they never fall, also
// over a restart of the exporter; of all other files nothing is read. Not thread-safe.
class GuestTree {
 public:
  // `folder`: its name in the folder of all trees.
  explicit GuestTree(std::string folder) : folder_(std::move(folder)) {}

  [[nodiscard]] const std::string& folder() const { return folder_; }
  // Whose it is from the next Write on.
  void SetOwner(std::string_view id);

  // Energy that the VM has used since the last time. Written by the next Write that succeeds.
  void Add(const GuestZone& zone, Microjoules energy);
  // Writes all counters. One zone's failure does not keep others from being written; the first one's Error is returned.
  Status Write(const Folder& all);
  // Removes the tree if it was made by a GuestTree. What others have put there stays, and so does the folder then.
  Status Remove(const Folder& all) const;

 private:
  struct Counter {
    GuestZone zone;
    std::optional<uint64_t> written;  // uJ; nullopt: its file has not been read yet
    uint64_t pending = 0;             // uJ
    std::optional<HostMeter> told;    // what the files beside it say
  };

  Status Mark(const Folder& tree, bool made);
  static Status WriteZone(const Folder& tree, Counter& counter);

  const std::string folder_;
  std::string owner_;
  std::optional<TreeMark> marked_;
  std::map<std::string, Counter> counters_;  // by the zone's name
};

}  // namespace brahe::guests
