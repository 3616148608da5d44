// Writes the requests of a small snapshot with something of everything into files 0, 1, ... of a folder, for tests in
// other languages: print_requests FOLDER MAX_BYTES.
#include <cstdlib>
#include <iostream>
#include <string>

#include "userspace/base/file.h"
#include "userspace/exposition/test_snapshot.h"
#include "userspace/otlp/snapshot_encoder.h"

namespace brahe::otlp {
namespace {

using monitor::WorkloadState;

// The same list with instants and serials: the first was there from the start, the second one's labels have changed.
template <typename Labels>
void Number(monitor::WorkloadList<Labels>& list) {
  const auto before = std::exchange(list, {});
  for (const auto& chunk : before.chunks()) {
    auto copy = std::make_shared<monitor::WorkloadChunk<Labels>>(*chunk);
    auto faces = *chunk->faces;
    for (size_t i = 0; i < faces.size(); ++i) {
      faces[i].serial = i + 1;
      faces[i].since = std::nullopt;
      if (i != 1) faces[i].since = Seconds(3'990) + Milliseconds(i * 500);
    }
    copy->faces = std::make_shared<const std::vector<monitor::WorkloadFace<Labels>>>(std::move(faces));
    list.Append(std::move(copy));
  }
  list.SetRest(before.rest());
}

monitor::Snapshot FullSnapshot() {
  monitor::Snapshot snapshot = exposition::SmallSnapshot();
  // A pid that was used twice.
  exposition::AddProcess(snapshot, {1, "systemd", "/usr/lib/systemd/systemd", "regular", "", ""},
                         WorkloadState::kRunning, {7});
  snapshot.processes.SetRest({{{{8'499'992}, Microwatts{3}}, {1'000'000}}, {{{8'499'992}, {}}, {}}});
  const std::vector<monitor::EnergyFigure> figures(2, {{9'000'000}, Microwatts{900'000}});
  monitor::GroupList owners{.level = "owner", .label_names = {"kind", "name", "namespace"}, .groups = {}};
  exposition::AddWorkload(owners.groups, monitor::GroupLabels{{"Deployment", "web", "shop"}}, WorkloadState::kRunning,
                          {450'000'000}, figures);
  monitor::GroupList units{.level = "unit", .label_names = {"unit"}, .groups = {}};
  exposition::AddWorkload(units.groups, monitor::GroupLabels{{"ssh.service"}}, WorkloadState::kRunning, {450'000'000},
                          figures);
  units.groups.SetRest({{{{5}, {}}, {}}, {{{5}, {}}, {}}});
  snapshot.groups = {owners, units};
  Number(snapshot.processes);
  Number(snapshot.containers);
  Number(snapshot.pods);
  for (monitor::GroupList& groups : snapshot.groups) Number(groups.groups);
  return snapshot;
}

int Main(const std::string& folder, size_t max_bytes) {
  SnapshotEncoder encoder({.resource = {{"service.name", "brahe"}, {"host.name", "node-1"}, {"k8s.node.name", ""}},
                           .host = "node-1",
                           .version = "0.1.0",
                           .started = Seconds(3'900)},
                          max_bytes);
  size_t count = 0;
  Status written;
  encoder.Encode(FullSnapshot(), {"node", "process", "container", "vm", "pod", "owner", "unit", "job"},
                 [&](const Request& request) {
                   if (written) written = WriteFile(folder + "/" + std::to_string(count++), request.bytes);
                   std::cout << request.points << "\n";
                 });
  if (!written) std::cerr << written.error().message << "\n";
  return written ? 0 : 1;
}

}  // namespace
}  // namespace brahe::otlp

int main(int argc, char** argv) {
  return argc == 3 ? brahe::otlp::Main(argv[1], static_cast<size_t>(std::atol(argv[2]))) : 2;
}
