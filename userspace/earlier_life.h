#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "userspace/attribution/baseline_split.h"
#include "userspace/checkpoint/checkpoint.h"
#include "userspace/checkpoint/checkpoint_file.h"
#include "userspace/config/config.h"
#include "userspace/cpu/source_state.h"
#include "userspace/energy/zone.h"
#include "userspace/monitor/epoch_runner.h"

namespace brahe {

// Where an exporter keeps what it leaves, and what an earlier one has left there to go on from.
struct EarlierLife {
  std::optional<checkpoint::CheckpointFile> file;  // nullopt: nothing is kept
  std::string boot_id;
  bool same_boot = false;
  checkpoint::Checkpoint checkpoint = {};
  std::optional<monitor::Resumption> resumption = {};  // nullopt: all begins at 0
  std::optional<cpu::SourceState> source = {};         // of the CPU time source, where it may have gone on counting
};

// Opens the state folder that `config` names, and reads it. What there is to say of it is logged, in one line each:
// figures are served whatever becomes of it. An Error if another exporter has the folder and keeps it.
Result<EarlierLife> OpenEarlierLife(const config::Config& config);

// What the policy of splitting idle energy has learnt of `zones`, in their order.
std::vector<attribution::ZoneBaseline> LearntOf(const EarlierLife& life, const std::vector<energy::Zone>& zones);

}  // namespace brahe
