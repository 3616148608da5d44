#include "userspace/check/imbalances.h"

#include <gtest/gtest.h>

namespace brahe::check {
namespace {

// One zone with 10 J active of 15, of which the levels have what they should.
monitor::Snapshot Balanced() {
  monitor::Snapshot snapshot;
  monitor::ZoneSeries zone{.name = "package", .path = "p", .figures = {}};
  zone.figures.all.energy = Joules(15);
  zone.figures.active.energy = Joules(10);
  zone.figures.idle.energy = Joules(5);
  snapshot.zones.push_back(zone);
  const std::vector<monitor::ListRest> rest = {{.unlisted = {.energy = Joules(7), .power = {}}, .pending = Joules(3)}};
  snapshot.processes.SetRest(rest);
  snapshot.containers.SetRest(rest);
  snapshot.vms.SetRest(rest);
  snapshot.pods.SetRest(rest);
  monitor::GroupList programs{.level = "program", .label_names = {"program"}, .groups = {}};
  programs.groups.SetRest(rest);
  snapshot.groups.push_back(programs);
  return snapshot;
}

using List = std::vector<std::string>;

TEST(ImbalancesTest, ThereAreNoneWhereAllAddsUp) { EXPECT_EQ(FindImbalances(Balanced()), List()); }

TEST(ImbalancesTest, AMicrojouleIsFoundAtEachLevel) {
  monitor::Snapshot snapshot = Balanced();
  snapshot.zones[0].figures.active.energy += Microjoules{1'000};
  EXPECT_EQ(FindImbalances(snapshot), (List{"zone package has 15.001 J active and idle of 15.000 J in all",
                                            "at level process zone package has 10.000 J of 10.001 J active",
                                            "at level container zone package has 10.000 J of 10.001 J active",
                                            "at level vm zone package has 10.000 J of 10.001 J active",
                                            "at level pod zone package has 10.000 J of 10.001 J active",
                                            "at level program zone package has 10.000 J of 10.001 J active"}));
  snapshot.zones[0].figures.active.energy = Joules(10) + Microjoules{1};
  EXPECT_EQ(FindImbalances(snapshot).size(), 6U) << "also where it is too little to be seen in the sentence";
}

}  // namespace
}  // namespace brahe::check
