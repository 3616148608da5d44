#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "userspace/base/fault_log.h"
#include "userspace/base/units.h"
#include "userspace/monitor/snapshot_source.h"
#include "userspace/terminal/stoppable_writer.h"

namespace brahe::terminal {

struct StdoutOptions {
  Nanoseconds interval;             // between two looks at the source; 0: each second, with a fresh snapshot
  std::vector<std::string> levels;  // node, process, container, vm, pod, or of groups
  int fd = 1;                       // borrowed
};

// Prints a summary of each new snapshot that it finds, in a thread of its own: a table that is redrawn in place on a
// terminal, else lines. A reader that does not read holds up this thread and nothing else, not even the destructor.
// What cannot be written is said once in the log; once the reader is gone, nothing more is printed.
class StdoutExporter {
 public:
  // `source` must outlive it, and let go of whom waits in Fresh before the destructor can end.
  StdoutExporter(monitor::SnapshotSource& source, StdoutOptions options);
  ~StdoutExporter();

  // Of the snapshots to come. Any thread.
  void SetLevels(std::vector<std::string> levels);

 private:
  void Run();
  [[nodiscard]] std::string TextOf(const monitor::Snapshot& snapshot) const;
  // False when there is nothing more to do: stopped, or nobody reads.
  bool Print(const monitor::Snapshot& snapshot);

  monitor::SnapshotSource& source_;
  const Nanoseconds interval_;
  const bool is_terminal_;
  mutable std::mutex mutex_;  // of levels_
  std::vector<std::string> levels_;
  StoppableWriter writer_;
  FaultLog faults_;     // the thread's
  std::thread thread_;  // the last, because it uses the others
};

}  // namespace brahe::terminal
