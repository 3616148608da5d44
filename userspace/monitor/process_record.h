#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "userspace/attribution/ledger.h"
#include "userspace/base/process_key.h"
#include "userspace/monitor/container_table.h"
#include "userspace/monitor/group_books.h"
#include "userspace/monitor/listing.h"
#include "userspace/monitor/shared_text.h"
#include "userspace/monitor/snapshot.h"

namespace brahe::monitor {

// In place of a user's id: not known. No user has it.
inline constexpr uint32_t kNoUid = UINT32_MAX;

// A process that was named or has used CPU time.
struct ProcessRecord {
  using Labels = ProcessLabels;

  ProcessKey key;
  attribution::AccountId account = attribution::kNoAccount;  // none before it uses time
  uint32_t uid = kNoUid;                                     // the real one, in the host's user namespace
  bool held = false;                                         // is the twin of one that is running
  bool moved = false;                                        // between containers, in this epoch
  bool has_new_labels = true;  // stands in ProcessLabeler's list, or will when it uses time
  bool has_new_facts = true;   // is new, or may have called exec
  uint8_t facts_tries = 0;     // those in vain
  bool ended = false;
  std::shared_ptr<const ProcessLabels> labels;  // null before it is listed
  std::shared_ptr<const VmLabels> vm;           // the virtual machine that it runs, or ran to its end; null: none
  std::unique_ptr<const std::string> new_comm;  // not in its labels yet; null: those have the last one that is known
  SharedText exec_path;                         // the last one that is known
  ContainerRecord* container = nullptr;         // the latest that it ran in; null after its end
  // The one before that. It still counts as a member there: threads in two containers do not make them end in turns.
  ContainerRecord* previous = nullptr;
  // An ended one that has the same labels: this pid was its pid, and its name, program and container are the same.
  ProcessRecord* twin = nullptr;
  ListingEntry<ProcessRecord> entry;
  GroupMemory groups;
};

}  // namespace brahe::monitor
