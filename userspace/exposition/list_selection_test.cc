#include "userspace/exposition/list_selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <set>
#include <string>

#include "userspace/exposition/test_snapshot.h"

namespace brahe::exposition {
namespace {

using monitor::ProcessLabels;
using monitor::WorkloadState;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr size_t kZones = 2;
using Energies = std::array<Microjoules, kZones>;

struct Process {
  uint64_t serial = 0;
  uint32_t pid = 0;
  Energies energy = {};
  std::array<Microwatts, kZones> power = {};
  WorkloadState state = WorkloadState::kRunning;
  std::optional<Nanoseconds> since = Nanoseconds{1};
  std::string comm = "a";
  [[nodiscard]] Nanoseconds cpu_time() const { return {energy[0].value * 7 + energy[1].value}; }
};

// A machine's processes, as their books go on.
struct Machine {
  uint64_t epoch = 0;
  std::vector<Process> processes;
  std::array<monitor::ListRest, kZones> rest = {};
  uint64_t next_serial = 100;

  [[nodiscard]] SelectionScene Scene() const {
    return {.epoch = epoch, .time = Seconds(1000 + epoch), .zones = kZones, .primary_zone = 1};
  }
  [[nodiscard]] monitor::WorkloadList<ProcessLabels> List() const {
    using Chunk = monitor::WorkloadChunk<ProcessLabels>;
    monitor::WorkloadList<ProcessLabels> list(epoch, {});
    for (size_t first = 0; first < processes.size(); first += 3) {
      auto chunk = std::make_shared<Chunk>(kZones);
      chunk->epoch = epoch;
      Chunk::Faces faces;
      for (size_t i = first; i < std::min(first + 3, processes.size()); ++i) {
        const Process& p = processes[i];
        const ProcessLabels labels = {p.pid, p.comm, "", "regular", "", ""};
        faces.push_back({std::make_shared<const ProcessLabels>(labels), p.state, p.since, p.serial});
        chunk->AddFigures(p.cpu_time(), [&](size_t zone) {
          return monitor::EnergyFigure{p.energy[zone], p.power[zone]};
        });
      }
      chunk->faces = std::make_shared<const Chunk::Faces>(std::move(faces));
      list.Append(std::move(chunk));
    }
    list.SetRest({rest.begin(), rest.end()});
    return list;
  }
  Process& Add(uint32_t pid, uint64_t energy) {
    processes.push_back({.serial = next_serial++, .pid = pid, .energy = {Microjoules{energy}, Microjoules{energy}}});
    return processes.back();
  }
};

using Selection = ListSelection<ProcessLabels>;

// pid=energy of each that is listed.
std::vector<std::string> Shown(const monitor::WorkloadList<ProcessLabels>& list) {
  std::vector<std::string> shown;
  for (size_t i = 0; i < list.size(); ++i) {
    shown.push_back(std::to_string(list[i].labels->pid) + "=" + std::to_string(list.At(i, 1).energy.value));
  }
  return shown;
}

uint64_t Unlisted(const monitor::WorkloadList<ProcessLabels>& list) { return list.rest()[1].unlisted.energy.value; }

TEST(ListSelection, WithoutABoundTheListIsGivenBackAndNothingRemembered) {
  Machine machine;
  machine.Add(1, 5);
  Selection selection;
  const auto list = machine.List();
  const auto shown = selection.Show(list, kAllListed, machine.Scene());
  EXPECT_EQ(shown.chunks(), list.chunks());
  EXPECT_EQ(selection.size(), 0U);
}

TEST(ListSelection, AtFirstSightTheLargestShowAllTheirEnergyAndTheOthersAreInTheRest) {
  Machine machine;
  machine.rest[1].unlisted.energy = {1000};
  for (const uint64_t energy : {5, 9, 7, 7, 1}) machine.Add(static_cast<uint32_t>(energy), energy);
  Selection selection;
  const auto shown = selection.Show(machine.List(), 2, machine.Scene());
  EXPECT_THAT(Shown(shown), ElementsAre("9=9", "7=7"));
  EXPECT_EQ(shown[1].serial, 102U) << "of equals the older";
  EXPECT_EQ(shown[1].since, Nanoseconds{1});
  EXPECT_EQ(Unlisted(shown), 1013U);
}

TEST(ListSelection, OneThatOvertakesByAnEighthStartsAtZeroThenAndItsPastStaysInTheRest) {
  Machine machine;
  machine.Add(1, 80);
  machine.Add(2, 50);
  Selection selection;
  EXPECT_THAT(Shown(selection.Show(machine.List(), 1, machine.Scene())), ElementsAre("1=80"));
  ++machine.epoch;
  machine.processes[1].energy = {Microjoules{90}, Microjoules{90}};
  EXPECT_THAT(Shown(selection.Show(machine.List(), 1, machine.Scene())), ElementsAre("1=80")) << "an eighth is 10";
  ++machine.epoch;
  machine.processes[1].energy[1] = {91};
  const auto shown = selection.Show(machine.List(), 1, machine.Scene());
  EXPECT_THAT(Shown(shown), ElementsAre("2=0"));
  EXPECT_EQ(shown[0].since, Seconds(1002));
  EXPECT_EQ(Unlisted(shown), 171U);
  EXPECT_EQ(shown[0].cpu_time, Nanoseconds{});
  ++machine.epoch;
  machine.processes[1].energy[1] = {100};
  const auto later = selection.Show(machine.List(), 1, machine.Scene());
  EXPECT_THAT(Shown(later), ElementsAre("2=9"));
  EXPECT_EQ(later[0].since, Seconds(1002));
  EXPECT_EQ(Unlisted(later), 171U);
}

TEST(ListSelection, OneThatComesBackStartsAtZeroAgain) {
  Machine machine;
  machine.Add(1, 80);
  machine.Add(2, 100);
  Selection selection;
  EXPECT_THAT(Shown(selection.Show(machine.List(), 2, machine.Scene())), ElementsAre("1=80", "2=100"));
  EXPECT_THAT(Shown(selection.Show(machine.List(), 1, machine.Scene())), ElementsAre("2=100"));
  machine.processes[0].energy[1] = {85};
  const auto shown = selection.Show(machine.List(), 2, machine.Scene());
  EXPECT_THAT(Shown(shown), ElementsAre("1=0", "2=100"));
  EXPECT_EQ(Unlisted(shown), 85U);
}

TEST(ListSelection, WhatWasLeftOutStaysSoWhenTheBoundGoesAndIsForgottenWithTheProcess) {
  Machine machine;
  machine.Add(1, 80);
  machine.Add(2, 100);
  Selection selection;
  selection.Show(machine.List(), 1, machine.Scene());
  machine.Add(3, 4);
  const auto shown = selection.Show(machine.List(), kAllListed, machine.Scene());
  EXPECT_THAT(Shown(shown), ElementsAre("1=0", "2=100", "3=4"));
  EXPECT_EQ(Unlisted(shown), 80U);
  EXPECT_EQ(selection.size(), 1U);
  machine.rest[1].unlisted.energy = machine.processes[0].energy[1];
  machine.processes.erase(machine.processes.begin());
  EXPECT_EQ(Unlisted(selection.Show(machine.List(), kAllListed, machine.Scene())), 80U);
  EXPECT_EQ(selection.size(), 0U);
}

TEST(ListSelection, AnEndedOneIsNotPromoted) {
  Machine machine;
  machine.Add(1, 80);
  machine.Add(2, 100);
  Selection selection;
  selection.Show(machine.List(), 1, machine.Scene());
  machine.processes[0].state = WorkloadState::kTerminated;
  EXPECT_THAT(Shown(selection.Show(machine.List(), 2, machine.Scene())), ElementsAre("2=100"));
}

TEST(ListSelection, NewLabelsOfAPromotedOneAreNotSaidToHaveBegunAtZero) {
  Machine machine;
  machine.Add(1, 80);
  Selection selection;
  selection.Show(machine.List(), 0, machine.Scene());
  EXPECT_EQ(selection.Show(machine.List(), 1, machine.Scene())[0].since, Seconds(1000));
  machine.processes[0].comm = "b";
  EXPECT_EQ(selection.Show(machine.List(), 1, machine.Scene())[0].since, std::nullopt);
}

TEST(ListSelection, WhatIsPrintedAlikeIsDemotedTogether) {
  Machine machine;
  machine.Add(1, 10).state = WorkloadState::kTerminated;
  machine.Add(1, 80);  // the same pid again
  machine.Add(2, 100);
  Selection selection;
  EXPECT_THAT(Shown(selection.Show(machine.List(), 3, machine.Scene())), ElementsAre("1=10", "1=80", "2=100"));
  EXPECT_THAT(Shown(selection.Show(machine.List(), 2, machine.Scene())), ElementsAre("2=100"));
}

TEST(ListSelection, WhatWasLeftOutOfOneStaysSoWhenItIsMergedIntoAnother) {
  Machine machine;
  machine.Add(8, 1000);
  machine.Add(9, 1);
  Selection selection;
  selection.Show(machine.List(), 1, machine.Scene());
  ++machine.epoch;
  machine.Add(1, 10).state = WorkloadState::kTerminated;
  machine.Add(1, 80);  // the same pid again
  const auto before = selection.Show(machine.List(), 2, machine.Scene());
  EXPECT_THAT(Shown(before), ElementsAre("8=1000", "1=80"));
  ++machine.epoch;
  machine.processes.erase(machine.processes.begin() + 2);
  machine.processes[2].energy[1] += Microjoules{10};
  machine.processes[2].state = WorkloadState::kTerminated;
  const auto shown = selection.Show(machine.List(), 2, machine.Scene());
  EXPECT_THAT(Shown(shown), ElementsAre("8=1000", "1=80"));
  EXPECT_EQ(Unlisted(shown), Unlisted(before));
}

TEST(ListSelection, AListWithoutARestGetsOneOfWhatTheBoundLeavesOut) {
  using Pods = monitor::WorkloadList<monitor::PodLabels>;
  const auto list_of = [](const std::vector<uint64_t>& energies) {
    Pods list;
    for (const uint64_t energy : energies) {
      AddWorkload(list, monitor::PodLabels{std::to_string(energy), "", ""}, WorkloadState::kRunning, {},
                  {{{energy}, Microwatts{energy}}});
    }
    return list;
  };
  const SelectionScene scene = {.epoch = 0, .time = {}, .zones = 1, .primary_zone = 0};
  ListSelection<monitor::PodLabels> selection;
  Pods shown = selection.Show(list_of({9, 3, 2}), 1, scene);
  EXPECT_EQ(shown.size(), 1U);
  EXPECT_EQ(shown.rest()[0].unlisted.energy, Microjoules{5});
  EXPECT_EQ(shown.rest()[0].unlisted.power, Microwatts{5});
  shown = selection.Show(list_of({9}), 1, scene);
  EXPECT_EQ(shown.rest()[0].unlisted.energy, Microjoules{5}) << "it never falls";
  EXPECT_EQ(shown.rest()[0].unlisted.power, Microwatts{0});
}

// A series that a Prometheus sees, and of whom.
struct Series {
  uint64_t value = 0;
  std::set<uint64_t> serials;

  void Add(uint64_t more, uint64_t serial) {
    value += more;
    serials.insert(serial);
  }
  [[nodiscard]] bool GoesOn(const Series& before) const {
    return std::any_of(serials.begin(), serials.end(), [&](uint64_t s) { return before.serials.contains(s); });
  }
};

// By labels.
std::map<std::string, Series> SeriesOf(const monitor::WorkloadList<ProcessLabels>& list) {
  std::map<std::string, Series> series;
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string labels = std::to_string(list[i].labels->pid) + list[i].labels->comm;
    const std::string state = list[i].state == WorkloadState::kRunning ? "+" : "-";
    for (size_t zone = 0; zone < kZones; ++zone) {
      series[labels + state + std::to_string(zone)].Add(list.At(i, zone).energy.value, list[i].serial);
    }
    series[labels].Add(list[i].cpu_time.value, list[i].serial);  // has no state
  }
  return series;
}

// Lets an epoch pass as the books of processes do: some work, come, end, end for good, are renamed; a pid comes again,
// and then the older process is held while the younger one runs and merged into it when that ends.
void Step(Machine& machine, std::mt19937& random) {
  ++machine.epoch;
  for (Process& process : machine.processes) process.power = {};
  for (int i = 0; i < 3; ++i) {
    if (random() % 3 == 0 && machine.processes.size() < 40) machine.Add(random() % 30, random() % 50);
  }
  std::set<uint32_t> running;
  std::erase_if(machine.processes,
                [&](const Process& p) { return p.state == WorkloadState::kRunning && !running.insert(p.pid).second; });
  const auto twin_of = [&](const Process& p) {
    return std::find_if(machine.processes.begin(), machine.processes.end(),
                        [&](const Process& q) { return q.serial != p.serial && q.pid == p.pid && q.comm == p.comm; });
  };
  for (size_t i = 0; i < machine.processes.size(); ++i) {
    Process& process = machine.processes[i];
    const bool runs = process.state == WorkloadState::kRunning;
    if (runs && random() % 2 == 0) {
      for (size_t zone = 0; zone < kZones; ++zone) {
        process.energy[zone] += Microjoules{random() % (zone == 0 ? 30 : 100)};
        process.power[zone] = {random() % 1000};
      }
    }
    if (runs && random() % 100 == 0 && twin_of(process) == machine.processes.end()) {
      process.comm += "x";
      process.since.reset();
    }
    if (runs && random() % 20 == 0) {
      process.state = WorkloadState::kTerminated;
      if (const auto twin = twin_of(process); twin != machine.processes.end()) {
        for (size_t zone = 0; zone < kZones; ++zone) process.energy[zone] += twin->energy[zone];
        machine.processes.erase(twin);
        break;
      }
    } else if (!runs && random() % 10 == 0 && twin_of(process) == machine.processes.end()) {
      for (size_t zone = 0; zone < kZones; ++zone) machine.rest[zone].unlisted.energy += process.energy[zone];
      machine.processes.erase(machine.processes.begin() + static_cast<ptrdiff_t>(i));
    }
  }
  for (monitor::ListRest& rest : machine.rest) {
    rest.pending = {random() % 5};
    rest.unlisted.energy += Microjoules{random() % 20};
    rest.unlisted.power = Microwatts{random() % 100};
  }
}

void ExpectExact(const Machine& machine, const monitor::WorkloadList<ProcessLabels>& shown) {
  const auto list = machine.List();
  for (size_t zone = 0; zone < kZones; ++zone) {
    const monitor::ListRest& rest = shown.rest()[zone];
    EXPECT_EQ(shown.Sum(zone) + rest.unlisted.energy, list.Sum(zone) + machine.rest[zone].unlisted.energy);
    EXPECT_EQ(rest.pending, machine.rest[zone].pending);
    EXPECT_EQ(*shown.PowerSum(zone) + *rest.unlisted.power, *list.PowerSum(zone) + *machine.rest[zone].unlisted.power);
  }
}

TEST(ListSelectionProperty, SumsAreExactAndNothingFallsWhateverTheBoundAndWhicheverSnapshotsAreMissed) {
  std::mt19937 random(14);
  for (int run = 0; run < 20; ++run) {
    Machine machine;
    Selection selection;
    std::map<std::string, Series> before;
    std::array<Microjoules, kZones> unlisted_before = {};
    uint64_t most = kAllListed;
    for (int step = 0; step < 300 && !testing::Test::HasFailure(); ++step) {
      Step(machine, random);
      if (random() % 4 == 0) continue;  // nobody scraped
      if (random() % 10 == 0) most = random() % 5 == 0 ? kAllListed : random() % 20;
      const auto shown = selection.Show(machine.List(), most, machine.Scene());
      EXPECT_LE(shown.size(), most);
      EXPECT_LE(selection.size(), machine.processes.size());
      ExpectExact(machine, shown);
      for (size_t zone = 0; zone < kZones; ++zone) {
        EXPECT_GE(shown.rest()[zone].unlisted.energy, unlisted_before[zone]) << run << " " << step;
        unlisted_before[zone] = shown.rest()[zone].unlisted.energy;
      }
      const auto series = SeriesOf(shown);
      for (const auto& [labels, now] : series) {
        if (!before.contains(labels) || !now.GoesOn(before[labels])) continue;
        EXPECT_GE(now.value, before[labels].value) << labels << " " << run << " " << step;
      }
      before = series;
    }
  }
}

TEST(ListSelectionProperty, TheSameSnapshotAgainIsShownAlike) {
  std::mt19937 random(15);
  Machine machine;
  Selection selection;
  for (int step = 0; step < 500; ++step) {
    Step(machine, random);
    const auto first = selection.Show(machine.List(), 8, machine.Scene());
    const auto again = selection.Show(machine.List(), 8, machine.Scene());
    ASSERT_EQ(Shown(first), Shown(again));
    ASSERT_EQ(Unlisted(first), Unlisted(again));
  }
}

}  // namespace
}  // namespace brahe::exposition
