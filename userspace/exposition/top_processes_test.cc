#include "userspace/exposition/top_processes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "userspace/exposition/test_snapshot.h"

namespace brahe::exposition {
namespace {

std::vector<Microjoules> EnergyOf(const std::vector<monitor::EnergyFigure>& figures) {
  std::vector<Microjoules> energies;
  for (const monitor::EnergyFigure& figure : figures) energies.push_back(figure.energy);
  return energies;
}

using ::testing::ElementsAre;

// A list with these energies, by process and zone.
monitor::WorkloadList<monitor::ProcessLabels> ListOf(const std::vector<std::vector<uint64_t>>& energies) {
  monitor::WorkloadList<monitor::ProcessLabels> list;
  for (const std::vector<uint64_t>& by_zone : energies) {
    std::vector<monitor::EnergyFigure> figures;
    for (const uint64_t energy : by_zone) figures.push_back({{energy}, {}});
    AddWorkload(list, monitor::ProcessLabels(), monitor::WorkloadState::kRunning, {}, figures);
  }
  return list;
}

std::vector<size_t> Listed(const TopProcesses& top, size_t items, size_t zone) {
  std::vector<size_t> listed;
  for (size_t item = 0; item < items; ++item) {
    if (top.Lists(item, zone)) listed.push_back(item);
  }
  return listed;
}

TEST(TopProcesses, ZeroOrMoreThanThereAreListsAll) {
  const auto list = ListOf({{1, 2}, {3, 4}});
  for (const uint64_t top : {0, 2, 3}) {
    const TopProcesses all(list, 2, top);
    EXPECT_THAT(Listed(all, 2, 0), ElementsAre(0, 1));
    EXPECT_TRUE(all.Lists(1));
    EXPECT_THAT(EnergyOf(all.unlisted()), ElementsAre(Microjoules{0}, Microjoules{0}));
  }
}

TEST(TopProcesses, ListsTheLargestOfEachZoneAndSumsTheOthers) {
  const auto list = ListOf({{5, 1}, {9, 1}, {7, 3}, {7, 2}});
  const TopProcesses top(list, 2, 2);
  EXPECT_THAT(Listed(top, 4, 0), ElementsAre(1, 2)) << "of equals the first";
  EXPECT_THAT(Listed(top, 4, 1), ElementsAre(2, 3));
  EXPECT_THAT(EnergyOf(top.unlisted()), ElementsAre(Microjoules{12}, Microjoules{2}));
  EXPECT_FALSE(top.Lists(0));
  EXPECT_TRUE(top.Lists(3)) << "in one zone";
}

TEST(TopProcesses, TheSumOfTheOthersNeverGoesDown) {
  std::mt19937 random(7);
  std::vector<std::vector<uint64_t>> energies;
  std::vector<Microjoules> before(2);
  for (int epoch = 0; epoch < 2000; ++epoch) {
    if (random() % 10 == 0) energies.push_back({0, 0});
    for (auto& by_zone : energies) {
      for (uint64_t& energy : by_zone) energy += random() % 3 == 0 ? random() % 100 : 0;
    }
    const TopProcesses top(ListOf(energies), 2, 5);
    Microjoules listed;
    for (const size_t item : Listed(top, energies.size(), 0)) listed += Microjoules{energies[item][0]};
    Microjoules all;
    for (const auto& by_zone : energies) all += Microjoules{by_zone[0]};
    EXPECT_EQ(listed + top.unlisted()[0].energy, all);
    for (size_t zone = 0; zone < 2; ++zone) EXPECT_GE(top.unlisted()[zone].energy, before[zone]);
    before = EnergyOf(top.unlisted());
  }
}

}  // namespace
}  // namespace brahe::exposition
