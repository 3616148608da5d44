#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "userspace/exposition/families.h"
#include "userspace/monitor/snapshot.h"

namespace brahe::exposition {

// Appends a workload to a list, in chunks of kTestChunk.
inline constexpr size_t kTestChunk = 64;
template <typename Labels>
void AddWorkload(monitor::WorkloadList<Labels>& list, Labels labels, monitor::WorkloadState state, Nanoseconds cpu_time,
                 const std::vector<monitor::EnergyFigure>& figures, monitor::PackedInstant since = {}) {
  using Chunk = monitor::WorkloadChunk<Labels>;
  auto chunks = list.chunks();
  auto chunk = std::make_shared<Chunk>(figures.size());
  typename Chunk::Faces faces;
  if (!chunks.empty() && chunks.back()->faces->size() < kTestChunk) {
    *chunk = *chunks.back();
    faces = *chunk->faces;
    chunks.pop_back();
  }
  faces.push_back({.labels = std::make_shared<const Labels>(std::move(labels)),
                   .state = state,
                   .since = since,
                   .serial = list.size()});
  chunk->faces = std::make_shared<const typename Chunk::Faces>(std::move(faces));
  chunk->AddFigures(cpu_time, [&](size_t zone) { return figures[zone]; });
  chunks.push_back(std::move(chunk));
  const std::vector<monitor::ListRest> rest = list.rest();
  list = {};
  for (const auto& each : chunks) list.Append(each);
  list.SetRest(rest);
}

// Puts another figure in the place of a list's.
template <typename Labels>
void SetFigure(monitor::WorkloadList<Labels>& list, size_t item, size_t zone, monitor::EnergyFigure figure) {
  const monitor::WorkloadList<Labels> before = std::exchange(list, {});
  list.SetRest(before.rest());
  for (size_t i = 0; i < before.size(); ++i) {
    std::vector<monitor::EnergyFigure> figures;
    for (size_t z = 0; z < before.chunks()[0]->sums.size(); ++z) figures.push_back(before.At(i, z));
    if (i == item) figures[zone] = figure;
    AddWorkload(list, *before[i].labels, before[i].state, before[i].cpu_time, figures, before[i].since);
  }
}

// Options with all levels and fixed build facts.
RenderOptions TestOptions();

// A small snapshot with something of everything: two sockets, a zone whose power is unknown, running and terminated
// workloads, labels that need escaping.
monitor::Snapshot SmallSnapshot();

// Gives a small snapshot two GPUs, of which the second cannot be read at the moment, and some who used them.
void AddGpus(monitor::Snapshot& snapshot);

// A snapshot of `processes` running processes and three zones.
monitor::Snapshot LargeSnapshot(uint32_t processes);

// Appends a workload that used `energy` in each zone and 50 ns of CPU time for each microjoule of it. Its power is a
// tenth of its energy, a second. It is counted from a second after the first epoch began.
void AddProcess(monitor::Snapshot& snapshot, monitor::ProcessLabels labels, monitor::WorkloadState state,
                Microjoules energy);
void AddContainer(monitor::Snapshot& snapshot, monitor::ContainerLabels labels, monitor::WorkloadState state,
                  Microjoules energy);
void AddVm(monitor::Snapshot& snapshot, monitor::VmLabels labels, monitor::WorkloadState state, Microjoules energy);
void AddPod(monitor::Snapshot& snapshot, monitor::PodLabels labels, monitor::WorkloadState state, Microjoules energy);

}  // namespace brahe::exposition
