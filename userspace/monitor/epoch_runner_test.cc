#include "userspace/monitor/epoch_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "userspace/energy/log_lines.h"
#include "userspace/monitor/energy_origin.h"
#include "userspace/monitor/epoch_runner_fixture.h"

namespace brahe::monitor {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(EpochRunnerTest, BooksEachEpochAgainstTheEnergyOfTheSameTime) {
  Open();
  Name(web, "web", "/bin/web");
  Use(web, 20, kCgroupA);
  Use(job, 30);
  Name(job, "job", "");
  const auto snapshot = Run(2);
  EXPECT_EQ(snapshot->epoch, 1u);
  EXPECT_EQ(snapshot->duration, Seconds(2));
  EXPECT_EQ(snapshot->time, clock.Now());
  EXPECT_EQ(snapshot->usage_ppm, 1'000'000u);
  EXPECT_THAT(Processes(*snapshot), ElementsAre("web running 20", "job running 30"));
  EXPECT_THAT(Containers(*snapshot), ElementsAre("aaa running 20"));
  EXPECT_EQ(snapshot->processes.At(0, 0).power, Watts(10));
  EXPECT_EQ(snapshot->processes.At(0, 1).energy, Joules(2));
  EXPECT_EQ(snapshot->processes[0].cpu_time, Milliseconds(20));
  EXPECT_EQ(
      *snapshot->processes[0].labels,
      (ProcessLabels{
          .pid = 100, .comm = "web", .exe = "/bin/web", .type = "container", .container_id = "aaa", .vm_id = ""}));
  EXPECT_EQ(snapshot->processes[1].labels->type, "regular");
  EXPECT_EQ(snapshot->zones[0].figures.all.energy, Joules(50));
  EXPECT_EQ(snapshot->zones[0].figures.all.power, Watts(25));

  const auto quiet = Run(2);
  EXPECT_THAT(Processes(*quiet), ElementsAre("web running 20", "job running 30"));
  EXPECT_EQ(quiet->processes.At(0, 0).power, Watts(0));
  EXPECT_EQ(quiet->processes[0].labels, snapshot->processes[0].labels) << "labels are shared";
}

TEST_F(EpochRunnerTest, DoesNotBookWhatWasBeforeTheFirstCutButKeepsItsNames) {
  before_open.tasks = {{web, kHostCgroup, 0, Seconds(1000)}};
  before_open.names = {{web, "web", "/bin/web"}, {job, "job", ""}};
  before_open.ended = {job};
  before_open.cgroups = {{kCgroupA, "/docker/aaa"}};
  Open();
  EXPECT_THAT(Processes(*Run()), IsEmpty());
  Use(web, 5);
  const auto snapshot = Run();
  EXPECT_THAT(Processes(*snapshot), ElementsAre("web running 5"));
  EXPECT_EQ(snapshot->processes[0].cpu_time, Milliseconds(5));
  EXPECT_EQ(resolver->paths[kCgroupA], "/docker/aaa");
}

TEST_F(EpochRunnerTest, AProcessThatIsBornAndDiesInOneEpochPaysForItself) {
  Open();
  Use(job, 30, kCgroupA);
  Name(job, "job", "/bin/job");
  End(job);
  Use(web, 10);
  Name(web, "web", "");
  const auto snapshot = Run();
  EXPECT_THAT(Processes(*snapshot), ElementsAre("job terminated 30", "web running 10"));
  EXPECT_THAT(Containers(*snapshot), ElementsAre("aaa terminated 30"));
  EXPECT_EQ(snapshot->processes[0].labels->container_id, "aaa");
}

TEST_F(EpochRunnerTest, ListsAnEndedProcessByTimeAndNotByHowOftenItIsLookedAt) {
  Open();
  Use(job, 30);
  Name(job, "job", "");
  End(job);
  EXPECT_THAT(Processes(*Run()), ElementsAre("job terminated 30"));
  for (int i = 0; i < 119; ++i) {
    const auto snapshot = Run(1);
    ASSERT_THAT(Processes(*snapshot), ElementsAre("job terminated 30")) << i;
    ASSERT_EQ(UnlistedJoules(*snapshot), 0u);
  }
  const auto snapshot = Run(1);
  EXPECT_THAT(Processes(*snapshot), IsEmpty());
  EXPECT_EQ(UnlistedJoules(*snapshot), 30u);
}

TEST_F(EpochRunnerTest, APlatformsCounterThatClaimsLessThanThePackageDoesNotDecideWhoIsListed) {
  zones = {{"package", "/p", 0}, {"psys", "/y", std::nullopt}};
  Open({.max_listed = 10, .min_energy = Joules(10), .retention = Seconds(120)});
  Use(job, 30, kCgroupA);  // 30 J of the package, 3 J of the platform
  Name(job, "job", "");
  End(job);
  const auto snapshot = Run();
  EXPECT_EQ(snapshot->primary_zone, 0U);
  EXPECT_THAT(Processes(*snapshot), ElementsAre("job terminated 30"));
  EXPECT_THAT(Containers(*snapshot), ElementsAre("aaa terminated 30"));
}

TEST_F(EpochRunnerTest, AProcessThatHasItsPidAgainIsAnother) {
  Open();
  Use(job, 30);
  Name(job, "old", "");
  End(job);
  Run();
  const ProcessKey next{job.pid, job.start_ns + 1};
  Use(next, 5);
  Name(next, "new", "");
  const auto snapshot = Run();
  EXPECT_THAT(Processes(*snapshot), ElementsAre("old terminated 30", "new running 5"));
}

TEST_F(EpochRunnerTest, AnEndedProcessIsHeldForOneWithItsLabelsAndMergedIntoItAtItsEnd) {
  Open({.max_listed = 1, .min_energy = Joules(10), .retention = Seconds(120)});
  const ProcessKey again{job.pid, 7};
  Use(job, 30);
  Name(job, "job", "");
  End(job);
  EXPECT_THAT(Processes(*Run()), ElementsAre("job terminated 30"));
  Use(again, 5);
  Name(again, "job", "");
  Run();
  Use(web, 50);
  Name(web, "web", "");
  End(web);
  const auto held = Run(1000);
  EXPECT_THAT(Processes(*held), ElementsAre("job terminated 30", "job running 5")) << "beyond its time and its rank";
  End(again);
  const auto merged = Run();
  EXPECT_THAT(Processes(*merged), ElementsAre("job terminated 35"));
  EXPECT_EQ(merged->processes[0].cpu_time, Milliseconds(35));
  EXPECT_THAT(Processes(*Run(200)), IsEmpty());
}

TEST_F(EpochRunnerTest, AnEndedProcessIsNotHeldForOneOfAnotherName) {
  Open();
  const ProcessKey other{job.pid, 7};
  Use(job, 30);
  Name(job, "job", "");
  End(job);
  Run();
  Use(other, 5);
  Name(other, "other", "");
  EXPECT_THAT(Processes(*Run()), ElementsAre("job terminated 30", "other running 5"));
  EXPECT_THAT(Processes(*Run(200)), ElementsAre("other running 5"));
}

TEST_F(EpochRunnerTest, LetsATwinGoWhenTheRunningOneChangesItsName) {
  Open();
  const ProcessKey again{job.pid, 7};
  Use(job, 30);
  Name(job, "job", "");
  End(job);
  Run();
  Use(again, 5);
  Name(again, "job", "");
  Run();
  Name(again, "new", "");
  Run();
  EXPECT_THAT(Processes(*Run(200)), ElementsAre("new running 5"));
}

TEST_F(EpochRunnerTest, DemotesTheSmallestForEver) {
  Open({.max_listed = 1, .min_energy = Joules(1), .retention = Seconds(120)});
  Use(web, 20), Name(web, "web", ""), End(web);
  EXPECT_THAT(Processes(*Run()), ElementsAre("web terminated 20"));
  Use(job, 30), Name(job, "job", ""), End(job);
  const auto snapshot = Run();
  EXPECT_THAT(Processes(*snapshot), ElementsAre("job terminated 30"));
  EXPECT_EQ(UnlistedJoules(*snapshot), 20u);
  Use(web, 100), Name(web, "web", "");
  const auto late = Run();
  EXPECT_THAT(Processes(*late), ElementsAre("job terminated 30"));
  EXPECT_EQ(UnlistedJoules(*late), 120u);
}

TEST_F(EpochRunnerTest, AddsLateTimeToAListedEndedProcess) {
  Open();
  Use(job, 30, kCgroupA), Name(job, "job", ""), End(job);
  Run();
  Use(job, 4, kCgroupA);
  const auto snapshot = Run();
  EXPECT_THAT(Processes(*snapshot), ElementsAre("job terminated 34"));
  EXPECT_THAT(Containers(*snapshot), ElementsAre("aaa terminated 34"));
}

TEST_F(EpochRunnerTest, AddsLateTimeOfAnUnlistedProcessToUnlistedAndHoldsNothingOfIt) {
  Open({.max_listed = 10, .min_energy = Joules(10), .retention = Seconds(120)});
  Use(job, 3), End(job);
  EXPECT_EQ(UnlistedJoules(*Run()), 3u);
  Use(job, 50);
  const auto snapshot = Run();
  EXPECT_THAT(Processes(*snapshot), IsEmpty());
  EXPECT_EQ(UnlistedJoules(*snapshot), 53u);
}

TEST_F(EpochRunnerTest, AddsTimeOfAProcessWhoseEndWasToldBeforeAnyTimeToUnlisted) {
  Open();
  Name(job, "job", ""), End(job);
  Run();
  Use(job, 50), Name(job, "job", "");
  const auto snapshot = Run();
  EXPECT_THAT(Processes(*snapshot), IsEmpty());
  EXPECT_EQ(UnlistedJoules(*snapshot), 50u);
}

TEST_F(EpochRunnerTest, ACollectThatFailsIsMadeUpForByTheNextEpoch) {
  Open();
  Use(web, 10), Name(web, "web", "");
  cpu->fail_collect = true;
  EXPECT_EQ(Run(2), nullptr);
  cpu->fail_collect = false;
  meter->flow[0] = {};  // already sampled; Run lets all of it flow anew
  meter->flow[1] = {};
  busy_ms = 0;
  Use(web, 30);
  const auto snapshot = Run(2);
  EXPECT_EQ(snapshot->epoch, 1u);
  EXPECT_EQ(snapshot->duration, Seconds(4));
  EXPECT_EQ(snapshot->zones[0].figures.all.energy, Joules(40));
  EXPECT_EQ(snapshot->zones[0].figures.all.power, Watts(10));
}

TEST_F(EpochRunnerTest, ACutThatFailsIsMadeUpForByTheNextEpoch) {
  Open();
  Use(web, 10), Name(web, "web", "");
  cpu->fail_cut = true;
  EXPECT_EQ(Run(2), nullptr);
  cpu->fail_cut = false;
  meter->flow[0] = {};
  meter->flow[1] = {};
  const auto snapshot = Run(3);
  EXPECT_EQ(snapshot->duration, Seconds(5));
  EXPECT_THAT(Processes(*snapshot), ElementsAre("web running 10"));
}

TEST_F(EpochRunnerTest, OpeningFailsWhereTheSourceDoes) {
  MonitorParts parts;
  auto source = std::make_unique<FakeCpuTimeSource>(clock);
  source->fail_collect = true;
  parts.cpu_time = std::move(source);
  parts.energy = std::make_unique<FakeEnergyMeter>(std::vector<energy::Zone>{{"package", "/p", 0}});
  parts.workloads = std::make_unique<FakeWorkloadResolver>();
  EXPECT_EQ(EpochRunner(std::move(parts), {}, clock).Start().error().message, "collect fails");
}

TEST_F(EpochRunnerTest, AnUnreadableZoneHasNoPowerAndItsNeighboursGoOn) {
  Open();
  Use(web, 10), Name(web, "web", "");
  Run(1);
  meter->unreadable[0] = true;
  Use(web, 10);
  const auto without = Run(1);
  EXPECT_EQ(without->zones[0].figures.all.energy, Joules(10));
  EXPECT_EQ(without->zones[0].figures.all.power, std::nullopt);
  EXPECT_EQ(without->socket_zones[0].figures.active.power, std::nullopt);
  EXPECT_EQ(without->processes.At(0, 0).power, std::nullopt);
  EXPECT_EQ(without->processes.At(0, 0).energy, Joules(10));
  EXPECT_EQ(without->processes.At(0, 1).power, Watts(1));

  meter->unreadable[0] = false;
  Use(web, 10);
  const auto back = Run(1);
  EXPECT_EQ(back->zones[0].figures.all.energy, Joules(30)) << "the gap is charged when the zone is back";
  EXPECT_EQ(back->zones[0].figures.all.power, Watts(10)) << "over the time in which it was used";
  EXPECT_EQ(back->processes.At(0, 0).power, Watts(10));
}

TEST_F(EpochRunnerTest, PowerIsOverTheTimeInWhichTheMachineWasSuspendedToo) {
  Open();
  Use(web, 10), Name(web, "web", "");
  EXPECT_EQ(Run(1)->suspended, Nanoseconds{});
  clock.Suspend(Seconds(9));
  meter->flow[0] += Joules(90);
  Use(web, 10);
  const auto woken = Run(1);
  EXPECT_EQ(woken->zones[0].figures.all.energy, Joules(110)) << "what a counter shows is booked";
  EXPECT_EQ(woken->zones[0].figures.all.power, Watts(10)) << "over the time in which it was used";
  EXPECT_EQ(woken->processes.At(0, 0).power, Watts(10));
  EXPECT_EQ(woken->duration, Seconds(1));
  EXPECT_EQ(woken->suspended, Seconds(9));

  Use(web, 10);
  const auto after = Run(1);
  EXPECT_EQ(after->zones[0].figures.all.power, Watts(10)) << "once";
  EXPECT_EQ(after->suspended, Seconds(9));
}

TEST_F(EpochRunnerTest, AZoneThatWasUnreadableInASuspendHasItsTimeWhenItIsBack) {
  Open();
  Use(web, 10), Name(web, "web", "");
  Run(1);
  meter->unreadable[0] = true;
  clock.Suspend(Seconds(8));
  EXPECT_EQ(Run(1)->zones[0].figures.all.power, std::nullopt);
  meter->unreadable[0] = false;
  Use(web, 100);
  EXPECT_EQ(Run(1)->zones[0].figures.all.power, Watts(10));
}

TEST_F(EpochRunnerTest, AClockThatIsReadLateIsNoSuspend) {
  Open();
  Run(1);
  clock.Suspend(Milliseconds(40));
  Use(web, 10), Name(web, "web", "");
  const auto epoch = Run(1);
  EXPECT_EQ(epoch->suspended, Nanoseconds{});
  EXPECT_EQ(epoch->zones[0].figures.all.power, Watts(10));
}

TEST_F(EpochRunnerTest, AnExecGivesANewNameAndOtherNewsKeepTheExecutable) {
  Open();
  Name(web, "sh", "/usr/bin/sh");
  resolver->facts[web] = {"sh", "/usr/bin/dash"};
  Use(web, 1);
  EXPECT_EQ(Run()->processes[0].labels->exe, "/usr/bin/dash");

  resolver->facts.clear();
  Name(web, "worker", "/usr/bin/sh");
  const auto renamed = Run();
  EXPECT_EQ(renamed->processes[0].labels->comm, "worker");
  EXPECT_EQ(renamed->processes[0].labels->exe, "/usr/bin/dash");

  Name(web, "web", "/opt/web");
  const auto after_exec = Run();
  EXPECT_EQ(after_exec->processes[0].labels->comm, "web");
  EXPECT_EQ(after_exec->processes[0].labels->exe, "/opt/web");
  EXPECT_THAT(Processes(*after_exec), ElementsAre("web running 1")) << "the account is the same";
}

TEST_F(EpochRunnerTest, AMoveKeepsTheNameThatProcHasTold) {
  Open();
  Name(web, "sh", "/usr/bin/sh");
  resolver->facts[web] = {"worker", "/usr/bin/worker"};
  Use(web, 1);
  EXPECT_EQ(Run()->processes[0].labels->comm, "worker");
  Use(web, 1, kCgroupA);
  const auto moved = Run();
  EXPECT_EQ(moved->processes[0].labels->container_id, "aaa");
  EXPECT_EQ(moved->processes[0].labels->comm, "worker");
}

TEST_F(EpochRunnerTest, AsksForFactsOnlyWhenAProcessIsNewOrCallsExec) {
  Open();
  Use(web, 1), Name(web, "web", "/web");
  Run();
  Use(web, 1), Name(web, "web", "/web");
  Run();
  Run();
  EXPECT_EQ(resolver->questions, 1);
}

TEST_F(EpochRunnerTest, FactsThatCouldNotAllBeReadAreAskedForAgainInThreeEpochsAtMost) {
  Open();
  resolver->facts[web] = {.comm = "web", .exe = "", .complete = false};
  Use(web, 1), Name(web, "web", "");
  Run();
  resolver->facts[web] = {.comm = "web", .exe = "/bin/web"};
  EXPECT_EQ(Run()->processes[0].labels->exe.str(), "/bin/web") << "although it has not run";
  Run();
  EXPECT_EQ(resolver->questions, 2);

  resolver->questions = 0;
  resolver->facts[job] = {.comm = "job", .exe = "", .complete = false};
  Use(job, 1), Name(job, "job", "");
  for (int epoch = 0; epoch < 6; ++epoch) Run();
  EXPECT_EQ(resolver->questions, 3);
  Use(job, 1), Name(job, "job", "/bin/job");  // has called exec
  for (int epoch = 0; epoch < 6; ++epoch) Run();
  EXPECT_EQ(resolver->questions, 6);
}

TEST_F(EpochRunnerTest, OfAProcessThatHasEndedNothingIsAskedForAgain) {
  Open({.max_listed = 0, .min_energy = Joules(1), .retention = Seconds(120)});
  resolver->facts[web] = {.comm = "web", .exe = "", .complete = false};
  Use(web, 1), Name(web, "web", "");
  Run();
  End(web);
  EXPECT_THAT(Run()->processes, IsEmpty());
  Run();
  EXPECT_EQ(resolver->questions, 1) << "and it is nowhere any more";
}

TEST_F(EpochRunnerTest, AProcessIsLabelledWithTheLatestContainerItRanIn) {
  Open();
  Use(web, 10, kCgroupA), Name(web, "web", "");
  Run();
  Use(web, 1, kCgroupA), Use(web, 1, kCgroupB), Use(web, 1, kHostCgroup);
  const auto snapshot = Run();
  EXPECT_EQ(snapshot->processes[0].labels->container_id, "bbb");
  EXPECT_THAT(Processes(*snapshot), ElementsAre("web running 13"));
  EXPECT_THAT(Containers(*snapshot), ElementsAre("aaa running 11", "bbb running 1"));
  End(web);
  const auto end = Run();
  EXPECT_EQ(end->processes[0].labels->container_id, "bbb");
  EXPECT_THAT(Containers(*end), ElementsAre("aaa terminated 11", "bbb terminated 1"));
}

TEST_F(EpochRunnerTest, AContainerEndsWithItsLastProcessAndMayRunAgain) {
  Open();
  Use(web, 10, kCgroupA), Use(job, 10, kCgroupA);
  Run();
  End(web);
  EXPECT_THAT(Containers(*Run()), ElementsAre("aaa running 20"));
  End(job);
  EXPECT_THAT(Containers(*Run()), ElementsAre("aaa terminated 20"));
  Use(batch, 5, kCgroupA);
  EXPECT_THAT(Containers(*Run()), ElementsAre("aaa running 25"));
  EXPECT_THAT(Containers(*Run(500)), ElementsAre("aaa running 25"));
  End(batch);
  EXPECT_THAT(Containers(*Run()), ElementsAre("aaa terminated 25"));
  EXPECT_THAT(Containers(*Run(120)), IsEmpty());
}

TEST_F(EpochRunnerTest, AContainerWhoseSleepersWereNeverSeenOutlivesItsShortJobs) {
  Open();
  resolver->populated[kCgroupA] = true;
  Use(job, 2, kCgroupA), End(job);
  EXPECT_THAT(Containers(*Run()), ElementsAre("aaa running 2"));
  EXPECT_THAT(Containers(*Run(500)), ElementsAre("aaa running 2"));
  resolver->populated[kCgroupA] = false;
  EXPECT_THAT(Containers(*Run()), ElementsAre("aaa terminated 2"));
}

TEST_F(EpochRunnerTest, UnassignedTimeGoesToItsContainerAndToNoProcess) {
  Open();
  cpu->next.unassigned = {{kCgroupA, 0, Milliseconds(7)}, {0, 0, Milliseconds(3)}};
  Use(web, 10), Name(web, "web", "");
  const auto snapshot = Run();
  EXPECT_THAT(Processes(*snapshot), ElementsAre("web running 10"));
  EXPECT_THAT(Containers(*snapshot), ElementsAre("aaa terminated 7"));
  EXPECT_EQ(UnlistedJoules(*snapshot), 10u);
  EXPECT_EQ(snapshot->unassigned_time, Milliseconds(10));
}

TEST_F(EpochRunnerTest, TellsTheMeterTheCutsAndTheLoadOfEachSocket) {
  Open();
  const Nanoseconds begin = clock.Now();
  clock.Advance(Seconds(3));
  cpu->next.sockets = {{0, Seconds(6), Seconds(5)}, {2, Seconds(3), Seconds(4)}};
  meter->read_lags = {Milliseconds(1), Milliseconds(2)};
  ASSERT_NE(runner->RunEpoch(), nullptr);
  EXPECT_EQ(meter->asked_for.begin, begin);
  EXPECT_EQ(meter->asked_for.end, begin + Seconds(3));
  EXPECT_EQ(meter->asked_for.load.capacity, Seconds(9));
  EXPECT_EQ(meter->asked_for.load.busy, Seconds(1));
  ASSERT_EQ(meter->asked_for.sockets.size(), 2u);
  EXPECT_EQ(meter->asked_for.sockets[0].load.busy, Seconds(1));
  EXPECT_EQ(meter->asked_for.sockets[1].socket, 2u);
  EXPECT_EQ(meter->asked_for.sockets[1].load.busy, Seconds(0));
  EXPECT_THAT(runner->read_lags(), ElementsAre(Milliseconds(1), Milliseconds(2)));
}

TEST_F(EpochRunnerTest, AZoneWhoseSocketHasNoCpuIsSaidAndItsEnergyIsIdle) {
  Open();
  const energy::LogLines log;
  clock.Advance(Seconds(1));
  meter->flow = {Joules(7), {}};
  cpu->next.sockets = {{4, Seconds(1), {}}};
  const auto snapshot = runner->RunEpoch();
  EXPECT_EQ(snapshot->socket_zones[0].figures.idle.energy, Joules(7));
  ASSERT_EQ(log.lines.size(), 2u) << "one for each zone";
  EXPECT_THAT(log.lines[0], AllOf(HasSubstr("package of socket 0 (/p)"), HasSubstr("sockets with CPUs: 4)")));
}

TEST_F(EpochRunnerTest, CarriesInEachEpochWhetherEnergyIsMeasuredAndWhichZonesStandStill) {
  Open();
  meter->states = {2, {.source = "rapl", .measured = true, .uncertainty_ppm = 300}};
  EXPECT_TRUE(Run()->zones[0].state.measured);
  EXPECT_FALSE(Run()->socket_zones[1].state.still);
  meter->states[0].uncertainty_ppm = 200;
  meter->states[1] = {.source = "model", .uncertainty_ppm = 90'000, .still = true};
  const auto snapshot = Run();
  EXPECT_TRUE(snapshot->socket_zones[0].state.measured);
  EXPECT_FALSE(snapshot->socket_zones[0].state.still);
  EXPECT_EQ(snapshot->socket_zones[1].state.source, "model");
  EXPECT_TRUE(snapshot->socket_zones[1].state.still);
}

TEST_F(EpochRunnerTest, ReadsTheCountersBeforeAndAfterTheFirstCut) {
  Open();
  EXPECT_EQ(meter->samples, 2);
  EXPECT_EQ(meter->asked_for.end, clock.Now()) << "what was used before is given out to nobody";
}

TEST_F(EpochRunnerTest, SaysWhenTheMeterMustBeSampledNext) {
  Open();
  EXPECT_EQ(runner->SampleDue(), std::nullopt);
  meter->max_sample_interval = Seconds(60);
  EXPECT_EQ(runner->SampleDue(), clock.Now() + Seconds(60));
  clock.Advance(Seconds(10));
  runner->Sample();
  EXPECT_EQ(runner->SampleDue(), clock.Now() + Seconds(60));
}

TEST_F(EpochRunnerTest, CarriesWhatTheSourceSaysOfItself) {
  Open();
  cpu->stats.map_capacity = 2;
  cpu->stats.dropped_events = 7;
  cpu->stats.late_cuts = 8;
  cpu->stats.lost = {9};
  cpu->stats.conservation_error = {10};
  cpu->stats.programs = {{"on_switch", 11, {12}, 13}, {"on_exec", 14, {15}, std::nullopt}};
  const auto snapshot = Run();
  EXPECT_EQ(snapshot->kernel.map_capacity, 2u);
  EXPECT_EQ(snapshot->kernel.dropped_events, 7u);
  EXPECT_EQ(snapshot->kernel.late_cuts, 8u);
  EXPECT_EQ(snapshot->kernel.lost, Nanoseconds{9});
  EXPECT_EQ(snapshot->kernel.conservation_error, Nanoseconds{10});
  ASSERT_EQ(snapshot->kernel.programs.size(), 2u);
  EXPECT_EQ(snapshot->kernel.programs[0].name, "on_switch");
  EXPECT_EQ(snapshot->kernel.programs[0].runs, 11u);
  EXPECT_EQ(snapshot->kernel.programs[0].run_time, Nanoseconds{12});
  EXPECT_EQ(snapshot->kernel.programs[0].recursion_misses, 13u);
  EXPECT_EQ(snapshot->kernel.programs[1].recursion_misses, std::nullopt);
  EXPECT_EQ(snapshot->cpu_time_source, "fake");
  EXPECT_EQ(EnergyOriginOf(*snapshot).source, "fake");
}

}  // namespace
}  // namespace brahe::monitor
