#pragma once

#include <vector>

#include "userspace/monitor/container_table.h"
#include "userspace/monitor/process_record.h"

namespace brahe::monitor {

// Which containers the live processes are members of. Not thread-safe.
class ContainerMembers {
 public:
  // `containers` must outlive this object.
  explicit ContainerMembers(ContainerTable& containers) : containers_(containers) {}

  // Tells that a process used time in `container` in this epoch. True if that is another one than before.
  bool Enter(ProcessRecord& process, ContainerRecord& container);
  // Makes a process of earlier books a member of the container that its labels name.
  void Resume(ProcessRecord& process);
  // It has ended, and is a member of none any more. Until EndEpoch it still knows which it was, for its labels.
  void Leave(ProcessRecord& process);
  void EndEpoch();

 private:
  ContainerTable& containers_;
  // Of this epoch.
  std::vector<ProcessRecord*> moved_;
  std::vector<ProcessRecord*> left_;
};

}  // namespace brahe::monitor
