#include "userspace/monitor/container_members.h"

#include <utility>

namespace brahe::monitor {

bool ContainerMembers::Enter(ProcessRecord& process, ContainerRecord& container) {
  // Of two containers in one epoch the latest is the one that it was not in before.
  if (process.ended || process.moved || process.container == &container) return false;
  if (process.previous == &container) {
    std::swap(process.container, process.previous);
  } else {
    if (process.previous != nullptr) containers_.Leave(*process.previous);
    process.previous = process.container;
    process.container = &container;
    containers_.Join(container);
  }
  process.moved = true;
  moved_.push_back(&process);
  return true;
}

void ContainerMembers::Resume(ProcessRecord& process) {
  const SharedText& id = process.labels->container_id;
  process.container = id.empty() ? nullptr : containers_.WithPrintedId(id);
  if (process.container != nullptr) containers_.Join(*process.container);
}

void ContainerMembers::Leave(ProcessRecord& process) {
  for (ContainerRecord* container : {process.container, process.previous}) {
    if (container != nullptr) containers_.Leave(*container);
  }
  left_.push_back(&process);
}

void ContainerMembers::EndEpoch() {
  for (ProcessRecord* process : moved_) process->moved = false;
  // Containers outlive their live members only.
  for (ProcessRecord* process : left_) process->container = process->previous = nullptr;
  moved_.clear();
  left_.clear();
}

}  // namespace brahe::monitor
