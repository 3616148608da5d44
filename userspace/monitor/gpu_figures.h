#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "userspace/gpu/gpu_meter.h"
#include "userspace/monitor/snapshot.h"

namespace brahe::monitor {

// One card. Its active energy is that of all who used it and what nobody is known for.
struct CardFigures {
  gpu::CardNames names;
  gpu::CardSource source = gpu::CardSource::kNone;
  ZoneFigures figures;
  uint64_t read_errors = 0;
  uint64_t resets = 0;
};

// What a workload that is listed has used of all cards.
template <typename Labels>
struct GpuUser {
  std::shared_ptr<const Labels> labels;
  WorkloadState state = WorkloadState::kRunning;
  PackedInstant since;  // as WorkloadFace's, of these figures
  EnergyFigure figure;
};

// The workloads of a level that ever used a card and are listed, and what of the cards' active energy they have not.
template <typename Labels>
struct GpuUsers {
  std::vector<GpuUser<Labels>> users;
  ListRest rest;
};

// The books of the GPUs after one epoch. Immutable once published; any thread may read it.
struct GpuFigures {
  std::vector<CardFigures> cards;  // not empty
  GpuUsers<ProcessLabels> processes;
  GpuUsers<ContainerLabels> containers;
  GpuUsers<PodLabels> pods;
};

}  // namespace brahe::monitor
