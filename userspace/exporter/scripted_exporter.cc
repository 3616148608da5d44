// The real exporter on a play: scripted_exporter SECONDS [plain]. Prints its port. When it has read a line, containers
// of 0.05 to 1.3 s, each with a process, come in turn for SECONDS and draw 2 W each; the names of some come late; pids
// are used again. When the last of them has ended it prints the joules that all have used, and goes on serving until
// its standard input ends. plain: without exporter.prometheus.zeroSamples.
#include <glog/logging.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/values.h"
#include "userspace/exporter/exporter.h"
#include "userspace/http/listen_socket.h"

namespace brahe::exporter {
namespace {

using monitor::WorkloadState;

constexpr Nanoseconds kBetweenBirths = Milliseconds(173);
constexpr Nanoseconds kRetention = Seconds(8);
constexpr Nanoseconds kStaleness = Milliseconds(100);
constexpr uint64_t kPids = 100;  // used again when the one before has long left the list
constexpr uint64_t kNamespaces = 3;
constexpr Microwatts kPower = Watts(2);

// One container with its process.
struct Part {
  uint64_t number = 0;
  Nanoseconds born, named, ends;
  monitor::PackedInstant since = {};  // the begin of the epoch in which it was first met

  [[nodiscard]] Microjoules EnergyAt(Nanoseconds now) const { return EnergyOf(kPower, std::min(now, ends) - born); }
};

class Play final : public monitor::SnapshotSource {
 public:
  void Begin(Nanoseconds length) {
    const std::lock_guard lock(parts_mutex_);
    const Nanoseconds begin = SystemClock().Now();
    for (uint64_t i = 0; kBetweenBirths * i < length; ++i) {
      const Nanoseconds born = begin + kBetweenBirths * i;
      const Nanoseconds ends = born + Milliseconds(50 + i * 370 % 1250);
      parts_.push_back(
          {.number = i, .born = born, .named = i % 3 == 0 ? born + Milliseconds(300) : born, .ends = ends});
    }
  }

  std::shared_ptr<const monitor::Snapshot> Fresh() override {
    const Nanoseconds now = SystemClock().Now();
    if (const auto latest = Latest(); latest && now < latest->time + kStaleness) return latest;
    auto snapshot = std::make_shared<const monitor::Snapshot>(Cut(now));
    const std::lock_guard lock(mutex_);
    latest_ = snapshot;
    return snapshot;
  }
  [[nodiscard]] std::shared_ptr<const monitor::Snapshot> Latest() const override {
    const std::lock_guard lock(mutex_);
    return latest_;
  }
  [[nodiscard]] bool Healthy() const override { return true; }
  std::vector<monitor::EpochTiming> TakeEpochTimings() override { return {}; }

  [[nodiscard]] Nanoseconds end() const { return parts_.back().ends + Seconds(1); }
  [[nodiscard]] Microjoules Total() const {
    Microjoules total;
    for (const Part& part : parts_) total += part.EnergyAt(part.ends);
    return total;
  }

 private:
  template <typename Labels>
  class Lister {
   public:
    void Add(Labels labels, WorkloadState state, monitor::PackedInstant since, uint64_t serial, Microjoules energy) {
      faces_.push_back({std::make_shared<const Labels>(std::move(labels)), state, since, serial});
      chunk_->AddFigures({energy.value * 50}, [&](size_t) { return monitor::EnergyFigure{energy, Microwatts{}}; });
    }
    monitor::WorkloadList<Labels> List() {
      monitor::WorkloadList<Labels> list;
      if (faces_.empty()) return list;
      chunk_->faces = std::make_shared<const typename monitor::WorkloadChunk<Labels>::Faces>(std::move(faces_));
      list.Append(std::move(chunk_));
      return list;
    }

   private:
    std::shared_ptr<monitor::WorkloadChunk<Labels>> chunk_ = std::make_shared<monitor::WorkloadChunk<Labels>>(2);
    typename monitor::WorkloadChunk<Labels>::Faces faces_;
  };

  monitor::Snapshot Cut(Nanoseconds now) {
    monitor::Snapshot snapshot;
    snapshot.epoch = ++epoch_;
    snapshot.time = now;
    snapshot.unix_ms = static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count());
    snapshot.duration = now - last_cut_;
    snapshot.zones = {{"package", "/p", {}}, {"dram", "/d", {}}};
    const std::lock_guard lock(parts_mutex_);
    Lister<monitor::ProcessLabels> processes;
    Lister<monitor::ContainerLabels> containers;
    std::map<uint64_t, Microjoules> namespaces;
    for (Part& part : parts_) {
      if (now <= part.born) continue;
      if (!part.since) part.since = last_cut_;
      const Microjoules energy = part.EnergyAt(now);
      namespaces[part.number % kNamespaces] += energy;
      if (part.ends + kRetention < now) continue;
      const WorkloadState state = now < part.ends ? WorkloadState::kRunning : WorkloadState::kTerminated;
      const bool named = now >= part.named;
      const auto since = part.named == part.born ? part.since : monitor::PackedInstant();
      const std::string id = "c" + std::to_string(part.number);
      containers.Add({.id = id, .name = named ? "name of " + id : "", .runtime = "runc", .pod_id = ""}, state, since,
                     part.number, energy);
      processes.Add({.pid = static_cast<uint32_t>(1000 + part.number % kPids),
                     .comm = "job",
                     .exe = {},
                     .type = "regular",
                     .container_id = {},
                     .vm_id = {}},
                    state, part.since, part.number, energy);
    }
    last_cut_ = now;
    snapshot.processes = processes.List();
    snapshot.containers = containers.List();
    Lister<monitor::GroupLabels> groups;
    for (const auto& [number, energy] : namespaces) {
      const auto first = parts_[number].since;
      groups.Add({{"space" + std::to_string(number)}}, WorkloadState::kRunning, first, number, energy);
    }
    snapshot.groups.push_back({.level = "namespace", .label_names = {"namespace"}, .groups = groups.List()});
    snapshot.cpu_time_source = "bpf";
    return snapshot;
  }

  std::mutex parts_mutex_;
  std::vector<Part> parts_;
  Nanoseconds last_cut_ = SystemClock().Now();  // this and the next: of the thread that calls Fresh
  uint64_t epoch_ = 0;
  mutable std::mutex mutex_;
  std::shared_ptr<const monitor::Snapshot> latest_;
};

int Run(int argc, char** argv) {
  const Result<uint64_t> seconds = ParseUint64(argc > 1 ? argv[1] : "");
  if (!seconds) return 2;
  Play play;
  ExporterOptions options{.choices = {.levels = {"node", "process", "container", "namespace"}},
                          .node_name = "stage",
                          .version = "",
                          .revision = "",
                          .branch = "",
                          .arch = ""};
  if (argc > 2 && argv[2] == std::string("plain")) options.zero_samples = false;
  auto exporter = StartExporter(*http::ListenOn({"127.0.0.1:0"}), options, play);
  CHECK(exporter) << exporter.error().message;
  std::printf("%u\n", (*exporter)->ports().at(0));
  std::fflush(stdout);
  std::string line;
  std::getline(std::cin, line);
  play.Begin(Seconds(*seconds));
  while (SystemClock().Now() < play.end()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  std::printf("%.6f\n", static_cast<double>(play.Total().value) / 1e6);
  std::fflush(stdout);
  while (std::getline(std::cin, line)) {
  }
  return 0;
}

}  // namespace
}  // namespace brahe::exporter

int main(int argc, char** argv) {
  google::InitGoogleLogging(argv[0]);
  return brahe::exporter::Run(argc, argv);
}
