#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/protobuf_writer.h"
#include "userspace/base/result.h"
#include "userspace/base/units.h"
#include "userspace/gpu/gpu_meter.h"
#include "userspace/gpu/idle_power.h"

namespace brahe::monitor {

// What GpuBooks know and those of another process need to go on. A value. Instants are of this boot.
struct GpuBooksState {
  // What somebody used of all cards.
  struct Account {
    Microjoules energy;
    uint64_t cards = 0;  // a bit for each that it used, by its place in `cards`

    bool operator==(const Account&) const = default;
  };
  struct Card {
    uint32_t index = 0;
    std::string uuid, name;
    gpu::CardSource source = gpu::CardSource::kNone;
    Microjoules active, idle;
    uint64_t read_errors = 0, resets = 0;
    gpu::IdlePower::Values idle_power = {};

    bool operator==(const Card&) const = default;
  };
  // Its labels are those that the snapshot has of it.
  struct Process {
    uint64_t serial = 0;
    std::optional<Nanoseconds> since = {};  // see GpuUser
    Account account = {};

    bool operator==(const Process&) const = default;
  };
  struct Container {
    std::string id;
    std::optional<Nanoseconds> since = {};
    Account account = {};
    std::string pod_id = {};   // empty: not known, or none
    Account of_no_pod = {};    // the part of its account that no pod has
    Nanoseconds charged = {};  // the end of the last epoch in which it used a card

    bool operator==(const Container&) const = default;
  };
  struct Pod {
    std::string id;  // its uid
    std::optional<Nanoseconds> since = {};
    Account account = {};

    bool operator==(const Pod&) const = default;
  };

  std::vector<Card> cards = {};  // as they were found
  std::vector<Process> processes = {};
  std::vector<Container> containers = {};
  std::vector<Pod> pods = {};
  Microjoules unlisted_processes = {}, unlisted_containers = {}, unlisted_pods = {};  // for good

  bool operator==(const GpuBooksState&) const = default;
};

// Appends the fields of the state.
void WriteGpuBooksState(const GpuBooksState& state, ProtobufWriter& writer);
// Takes any bytes. An Error that names the field where they are no such state.
Result<GpuBooksState> ReadGpuBooksState(std::string_view message);

}  // namespace brahe::monitor
