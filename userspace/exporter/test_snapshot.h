#pragma once

#include <memory>
#include <string>

#include "userspace/exporter/families.h"
#include "userspace/monitor/snapshot.h"

namespace brahe {

// Options with all levels and fixed build facts.
RenderOptions TestOptions();

// A small snapshot with something of everything: two sockets, a zone whose power is unknown, running and terminated
// workloads, labels that need escaping.
Snapshot SmallSnapshot();

// A snapshot of `processes` running processes and three zones.
Snapshot LargeSnapshot(uint32_t processes);

// Appends a workload that used `energy` in each zone and 50 ns of CPU time for each microjoule of it. Its power is a
// tenth of its energy, a second.
void AddProcess(Snapshot& snapshot, ProcessLabels labels, WorkloadState state, Microjoules energy);
void AddContainer(Snapshot& snapshot, ContainerLabels labels, WorkloadState state, Microjoules energy);
void AddVm(Snapshot& snapshot, VmLabels labels, WorkloadState state, Microjoules energy);
void AddPod(Snapshot& snapshot, PodLabels labels, WorkloadState state, Microjoules energy);

}  // namespace brahe
