#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/attribution/ledger.h"
#include "userspace/base/protobuf_writer.h"
#include "userspace/base/result.h"
#include "userspace/base/units.h"
#include "userspace/monitor/snapshot.h"
#include "userspace/monitor/workload_list.h"
#include "userspace/workload/workload.h"

namespace brahe::monitor {

// What an account had after an epoch.
struct AccountState {
  Nanoseconds time;
  std::vector<Microjoules> energy;  // by series of BooksState
};

// A workload or a group of the books.
template <typename LabelsOfLevel>
struct WorkloadBooks {
  std::shared_ptr<const LabelsOfLevel> labels;  // never null
  bool ended = false;
  bool listed = true;  // false while it awaits its names
  PackedInstant since = {};
  uint64_t serial = 0;
  AccountState account = {};
};

struct ProcessState : WorkloadBooks<ProcessLabels> {
  uint64_t start_ns = 0;  // of its ProcessKey
};

struct ContainerState : WorkloadBooks<ContainerLabels> {
  workload::Container container = {};
  uint64_t cgroup_id = 0;
  bool pod_was_asked = false, named_by_pod = false;  // as in ContainerRecord
};

struct VmState : WorkloadBooks<VmLabels> {};

struct PodState : WorkloadBooks<PodLabels> {
  workload::Pod facts = {};
  uint64_t cgroup_id = 0;
};

struct GroupState : WorkloadBooks<GroupLabels> {
  std::string level;
};

// A zone of the meter.
struct ZoneBooks {
  std::string name, path;
  std::optional<uint32_t> socket;
  Microjoules active, idle;
  Nanoseconds known_until;  // up to where its energy is booked
};

// A series: what nobody who is listed has for good.
struct SeriesBooks {
  std::string name;
  Microjoules unassigned;  // of leaves without a process
  Microjoules closed;      // of processes that are listed no more
};

// All that the books of a node hold after an epoch, as values. Books that resume it go on where these were: every
// counter stands where it was published, and each sum is what it was.
struct BooksState {
  std::string cpu_time_source;  // of whose processes' keys they are
  Nanoseconds begin;            // when all books were at 0, on CLOCK_MONOTONIC
  Nanoseconds end;              // the cut that ended the epoch
  Nanoseconds unassigned_time;
  std::vector<SeriesBooks> series;
  std::vector<ZoneBooks> zones;
  std::vector<ProcessState> processes;
  std::vector<ContainerState> containers;
  std::vector<VmState> vms;
  std::vector<PodState> pods;
  std::vector<GroupState> groups;
};

// What an account of the ledger has.
AccountState AccountIn(const attribution::Ledger& ledger, attribution::AccountId account);

// Adds what the snapshot of the same epoch tells: its instants, processes and groups, of which there may be many, so
// that this is for another thread than the one of epochs.
void AddListed(const Snapshot& snapshot, BooksState& state);

// About 50 bytes for each process.
void WriteBooks(const BooksState& state, ProtobufWriter& writer);
// An Error for what no WriteBooks has written. What is bigger than a node can be is one.
Result<BooksState> ReadBooks(std::string_view message);

}  // namespace brahe::monitor
