// Containers, pods and virtual machines in the books.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "userspace/monitor/epoch_runner.h"
#include "userspace/monitor/epoch_runner_fixture.h"

namespace brahe::monitor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class LevelsTest : public EpochRunnerTest {
 protected:
  void Open(EndedPolicy policy = {.max_listed = 10, .min_energy = Joules(1), .retention = Seconds(120)}) {
    EpochRunnerTest::Open(policy);
    resolver->facts[qemu] = {"qemu", "/bin/qemu", guest};
    resolver->facts[vhost] = {"vhost-100", "", guest};
  }
  static const ProcessLabels& LabelsOf(const Snapshot& snapshot, const std::string& comm) {
    for (const auto& item : snapshot.processes) {
      if (item.labels->comm == comm) return *item.labels;
    }
    ADD_FAILURE() << comm << " is not listed";
    return *snapshot.processes[0].labels;
  }
  static PodLabels OnlyPod(const Snapshot& snapshot) { return *snapshot.pods[0].labels; }
  static ContainerLabels OnlyContainer(const Snapshot& snapshot) { return *snapshot.containers[0].labels; }
  // A container of its own in cgroup `cgroup`.
  void Place(uint64_t cgroup, const std::string& id, const std::string& pod_uid) {
    resolver->containers[cgroup] = {id, "containerd", pod_uid};
  }

  const ProcessKey qemu{100, 1}, vhost{101, 2};
  const workload::VirtualMachine guest{"vm-1", "alpha", "kvm"};
};

TEST_F(LevelsTest, AVirtualMachineHasAllTimeOfItsProcessesFromTheEpochInWhichItIsFound) {
  Open();
  Use(qemu, 20), Use(qemu, 5, kCgroupA), Use(vhost, 3), Use(job, 7);
  const auto snapshot = Run();
  EXPECT_THAT(Vms(*snapshot), ElementsAre("vm-1 running 28"));
  EXPECT_EQ(*snapshot->vms[0].labels, (VmLabels{"vm-1", "alpha", "kvm"}));
  EXPECT_EQ(snapshot->vms[0].cpu_time, Milliseconds(28));
  EXPECT_EQ(snapshot->vms.At(0, 0).power, Watts(28));
  EXPECT_EQ(LabelsOf(*snapshot, "qemu").vm_id, "vm-1");
  EXPECT_EQ(LabelsOf(*snapshot, "vhost-100").vm_id, "vm-1");
  EXPECT_EQ(LabelsOf(*snapshot, "vhost-100").type, "vm");
  Use(vhost, 2);
  EXPECT_THAT(Vms(*Run()), ElementsAre("vm-1 running 30"));
}

TEST_F(LevelsTest, AGuestInAContainerOfAPodCountsAtAllLevels) {
  Open();
  Use(qemu, 20, kCgroupB);
  const auto snapshot = Run();
  EXPECT_THAT(Processes(*snapshot), ElementsAre("qemu running 20"));
  EXPECT_THAT(Containers(*snapshot), ElementsAre("bbb running 20"));
  EXPECT_THAT(Pods(*snapshot), ElementsAre("pod running 20"));
  EXPECT_THAT(Vms(*snapshot), ElementsAre("vm-1 running 20"));
  EXPECT_EQ(LabelsOf(*snapshot, "qemu").type, "vm");
  EXPECT_EQ(LabelsOf(*snapshot, "qemu").container_id, "bbb");
  End(qemu);
  const auto end = Run();
  for (const auto& lines : {Processes(*end), Containers(*end), Pods(*end), Vms(*end)}) {
    EXPECT_THAT(lines, ElementsAre(testing::EndsWith(" terminated 20")));
  }
  const auto over = Run(120);
  for (const auto& lines : {Processes(*over), Containers(*over), Pods(*over), Vms(*over)}) {
    EXPECT_THAT(lines, IsEmpty());
  }
}

TEST_F(LevelsTest, AProcessThatExecsIntoAVirtualMachineIsOneFromThatEpochOn) {
  Open();
  resolver->facts.clear();
  Use(qemu, 10), Name(qemu, "launcher", "/bin/launcher");
  EXPECT_THAT(Vms(*Run()), IsEmpty());
  resolver->facts[qemu] = {"qemu", "/bin/qemu", guest};
  Use(qemu, 5), Name(qemu, "qemu", "/bin/qemu");
  const auto snapshot = Run();
  EXPECT_THAT(Processes(*snapshot), ElementsAre("qemu running 15"));
  EXPECT_THAT(Vms(*snapshot), ElementsAre("vm-1 running 5"));
  resolver->facts[qemu] = {"cat", "/bin/cat"};
  Use(qemu, 2), Name(qemu, "cat", "/bin/cat");
  const auto after = Run();
  EXPECT_THAT(Vms(*after), ElementsAre("vm-1 terminated 5"));
  EXPECT_EQ(LabelsOf(*after, "cat").type, "regular");
  EXPECT_EQ(LabelsOf(*after, "cat").vm_id, "");
}

TEST_F(LevelsTest, ANewNameIsTakenForAnExecWhereTheSourceSeesNone) {
  Open();
  resolver->facts.clear();
  Use(qemu, 10), Name(qemu, "libvirtd", "");
  Run();
  resolver->facts[qemu] = {"qemu", "/bin/qemu", guest};
  Use(qemu, 5), Name(qemu, "qemu", "");
  EXPECT_THAT(Vms(*Run()), ElementsAre("vm-1 running 5"));
  resolver->facts.clear();
  Use(qemu, 5), Name(qemu, "worker", "");
  EXPECT_THAT(Vms(*Run()), ElementsAre("vm-1 running 10")) << "a name is no reason to doubt it";
}

TEST_F(LevelsTest, AVirtualMachineEndsWithItsLastProcessAndItsRestartRevivesIt) {
  Open();
  Use(qemu, 20), Use(vhost, 10);
  Run();
  End(qemu);
  EXPECT_THAT(Vms(*Run()), ElementsAre("vm-1 running 30"));
  End(vhost);
  EXPECT_THAT(Vms(*Run()), ElementsAre("vm-1 terminated 30"));
  const ProcessKey again{500, 9};
  resolver->facts[again] = {"qemu", "/bin/qemu", workload::VirtualMachine{"vm-1", "beta", "kvm"}};
  Use(again, 5);
  const auto snapshot = Run();
  EXPECT_THAT(Vms(*snapshot), ElementsAre("vm-1 running 35"));
  EXPECT_EQ(snapshot->vms[0].labels->name, "beta");
  EXPECT_THAT(Vms(*Run(500)), ElementsAre("vm-1 running 35"));
}

TEST_F(LevelsTest, AProcessThatTellsNoNameDoesNotTakeAVirtualMachinesNameAway) {
  Open();
  resolver->facts[vhost].vm->name = "";
  Use(qemu, 20);
  Run();
  Use(vhost, 10);
  EXPECT_EQ(Run()->vms[0].labels->name, "alpha");
}

TEST_F(LevelsTest, LateTimeOfAnEndedProcessGoesToItsVirtualMachineAndRevivesNothing) {
  Open();
  Use(qemu, 20, kCgroupB), End(qemu);
  EXPECT_THAT(Vms(*Run()), IsEmpty()) << "it was gone before anybody could ask";
  const ProcessKey second{102, 3};
  resolver->facts[second] = {"qemu2", "/bin/qemu", guest};
  Use(second, 20, kCgroupB);
  Run();
  End(second);
  Run();
  Use(second, 4, kCgroupB);
  const auto snapshot = Run();
  EXPECT_THAT(Vms(*snapshot), ElementsAre("vm-1 terminated 24"));
  EXPECT_THAT(Pods(*snapshot), ElementsAre("pod terminated 44"));
  EXPECT_THAT(Containers(*snapshot), ElementsAre("bbb terminated 44"));
  EXPECT_THAT(Vms(*Run(119)), IsEmpty());
}

TEST_F(LevelsTest, AContainerThatIsInNoPodMakesNone) {
  Open();
  Use(web, 10, kCgroupA), Use(job, 5);
  const auto snapshot = Run();
  EXPECT_THAT(Containers(*snapshot), ElementsAre("aaa running 10"));
  EXPECT_THAT(Pods(*snapshot), IsEmpty());
}

TEST_F(LevelsTest, APodIsTheSumOfItsContainers) {
  Open();
  Place(21, "c1", "pod"), Place(22, "c2", "pod"), Place(23, "c3", "other");
  Use(web, 10, 21), Use(job, 5, 22), Use(batch, 3, 23), Use(batch, 2, 22);
  const auto snapshot = Run();
  EXPECT_THAT(Containers(*snapshot), ElementsAre("c1 running 10", "c2 running 7", "c3 running 3"));
  EXPECT_THAT(Pods(*snapshot), ElementsAre("pod running 17", "other running 3"));
  End(web);
  EXPECT_THAT(Pods(*Run()), ElementsAre("pod running 17", "other running 3"));
  End(job), End(batch);
  EXPECT_THAT(Pods(*Run()), ElementsAre("pod terminated 17", "other terminated 3"));
  Use(ProcessKey{7, 7}, 1, 21);
  EXPECT_THAT(Pods(*Run()), ElementsAre("pod running 18", "other terminated 3"));
}

TEST_F(LevelsTest, UnassignedTimeGoesToItsContainerAndPod) {
  Open();
  cpu->next.unassigned = {{kCgroupB, 0, Milliseconds(7)}};
  const auto snapshot = Run();
  EXPECT_THAT(Containers(*snapshot), ElementsAre("bbb terminated 7"));
  EXPECT_THAT(Pods(*snapshot), ElementsAre("pod terminated 7"));
  EXPECT_EQ(UnlistedJoules(*snapshot), 7u);
}

TEST_F(LevelsTest, NamesAreAskedForUntilTheyAreKnownAndKept) {
  Open();
  Use(web, 10, kCgroupB);
  const auto nameless = Run();
  EXPECT_EQ(OnlyPod(*nameless), (PodLabels{"pod", "", ""}));
  EXPECT_EQ(OnlyContainer(*nameless), (ContainerLabels{"bbb", "", "crio", "pod"}));
  Run();
  EXPECT_EQ(resolver->pod_questions, 2) << "it runs, also while it sleeps";
  resolver->pods["bbb"] = {{"pod", "web-7f", "shop"}, "nginx"};
  Use(web, 10, kCgroupB);
  const auto named = Run();
  EXPECT_EQ(OnlyPod(*named), (PodLabels{"pod", "web-7f", "shop"}));
  EXPECT_EQ(OnlyContainer(*named), (ContainerLabels{"bbb", "nginx", "crio", "pod"}));
  EXPECT_THAT(Pods(*named), ElementsAre("pod running 20")) << "the account is the same";
  EXPECT_EQ(nameless->pods[0].labels->name, "") << "what was published does not change";
  Use(web, 10, kCgroupB);
  Run();
  EXPECT_EQ(resolver->pod_questions, 3);
}

TEST_F(LevelsTest, APodTellsTheRuntimeThatTheCgroupsPathDoesNot) {
  Open();
  const std::vector<std::string> of_paths = {"kubernetes", "unknown", "kata", "kubernetes"};
  for (uint32_t i = 0; i < of_paths.size(); ++i) {
    resolver->containers[21 + i] = {"c" + std::to_string(i), of_paths[i], "pod"};
    Use(ProcessKey{i + 1, 1}, 10, 21 + i);
  }
  const workload::Pod pod{"pod", "web-7f", "shop", "containerd"}, silent{"pod", "web-7f", "shop"};
  resolver->pods = {{"c0", {pod, "app"}}, {"c1", {pod, "log"}}, {"c2", {pod, "vm"}}, {"c3", {silent, "old"}}};
  const auto snapshot = Run();
  std::vector<std::string> runtimes;
  for (const auto& container : snapshot->containers) runtimes.push_back(container.labels->runtime);
  EXPECT_THAT(runtimes, ElementsAre("containerd", "containerd", "kata", "kubernetes"));
}

TEST_F(LevelsTest, TheMachineNamesAContainerOfNoPod) {
  Open();
  resolver->container_names["aaa"] = "web";
  Use(web, 10, kCgroupA);
  EXPECT_EQ(OnlyContainer(*Run()), (ContainerLabels{"aaa", "web", "docker", ""}));
  EXPECT_EQ(resolver->pid_asked_for, web.pid);
  Use(job, 5, kCgroupA);
  EXPECT_EQ(OnlyContainer(*Run()).name, "web");
  EXPECT_EQ(resolver->name_questions, 1) << "it knew";
}

TEST_F(LevelsTest, TheMachineIsAskedInAContainersFirstThreeEpochsOnly) {
  Open();
  cpu->next.unassigned = {{kCgroupA, 0, Milliseconds(7)}};
  resolver->populated[kCgroupA] = true;
  EXPECT_EQ(OnlyContainer(*Run()).name, "");
  EXPECT_EQ(resolver->pid_asked_for, 0u);
  Use(web, 10, kCgroupA);
  Run();
  EXPECT_EQ(resolver->pid_asked_for, web.pid);
  resolver->container_names["aaa"] = "web";
  cpu->next.unassigned = {{kCgroupA, 0, Milliseconds(7)}};
  EXPECT_EQ(OnlyContainer(*Run()).name, "web");
  EXPECT_EQ(resolver->pid_asked_for, web.pid) << "the last that is known";
  Use(batch, 10, kCgroupB);
  for (int epoch = 0; epoch < 3; ++epoch) Run();  // it sleeps, but it is there
  resolver->container_names["bbb"] = "batch";
  Use(batch, 10, kCgroupB);
  EXPECT_EQ(Run()->containers[1].labels->name, "");
  EXPECT_EQ(resolver->name_questions, 6);
}

TEST_F(LevelsTest, APodsNameForAContainerGoesBeforeTheMachines) {
  Open();
  resolver->container_names = {{"bbb", "machine"}, {"ccc", "machine"}};
  Place(21, "ccc", "pod");
  resolver->pods["bbb"] = {{"pod", "web-7f", "shop"}, "nginx"};
  Use(web, 10, kCgroupB);
  EXPECT_EQ(OnlyContainer(*Run()).name, "nginx");
  EXPECT_EQ(resolver->name_questions, 0) << "there was nothing to ask";
  Use(job, 10, 21);
  EXPECT_EQ(Run()->containers[1].labels->name, "machine");
  resolver->pods["ccc"] = {{"pod", "web-7f", "shop"}, "sidecar"};
  EXPECT_EQ(Run()->containers[1].labels->name, "sidecar") << "also if the pod's own names were known before";
  const int questions = resolver->pod_questions;
  Run();
  EXPECT_EQ(resolver->pod_questions, questions);
}

TEST_F(LevelsTest, AContainerThatEndsAtOnceIsNamed) {
  Open();
  resolver->container_names["aaa"] = "job";
  Use(job, 10, kCgroupA), End(job);
  const auto snapshot = Run();
  EXPECT_THAT(Containers(*snapshot), ElementsAre("aaa terminated 10"));
  EXPECT_EQ(OnlyContainer(*snapshot).name, "job");
}

TEST_F(LevelsTest, NobodyAsksForNamesOfWhatHasEnded) {
  Open();
  Use(web, 10, kCgroupB), End(web);
  EXPECT_THAT(Pods(*Run()), ElementsAre("pod terminated 10"));
  Run(), Run();
  EXPECT_EQ(resolver->pod_questions, 1);
}

TEST_F(LevelsTest, ARestartedContainerIsAnotherInTheSamePodWhichKeepsItsNames) {
  Open();
  Place(21, "first", "pod"), Place(22, "second", "pod");
  resolver->pods["first"] = {{"pod", "web-7f", "shop"}, "nginx"};
  Use(web, 10, 21), End(web);
  EXPECT_THAT(Pods(*Run()), ElementsAre("pod terminated 10"));
  Use(job, 5, 22);
  const auto snapshot = Run();
  EXPECT_THAT(Containers(*snapshot), ElementsAre("first terminated 10", "second running 5"));
  EXPECT_THAT(Pods(*snapshot), ElementsAre("pod running 15"));
  EXPECT_EQ(OnlyPod(*snapshot).name, "web-7f");
}

TEST_F(LevelsTest, APodThatWasDroppedIsNamedAgainWhenItsContainerRunsAgain) {
  Open({.max_listed = 1, .min_energy = Joules(1), .retention = Seconds(120)});
  Place(21, "c1", "pod"), Place(22, "c2", "other"), Place(23, "c3", "other");
  resolver->pods["c1"] = {{"pod", "web-7f", "shop"}, "nginx"};
  Use(web, 10, 21), End(web);
  Use(job, 6, 22), End(job);
  Use(batch, 6, 23), End(batch);
  const auto ranked = Run();
  EXPECT_THAT(Containers(*ranked), ElementsAre("c1 terminated 10"));
  EXPECT_THAT(Pods(*ranked), ElementsAre("other terminated 12"));
  Use(ProcessKey{7, 7}, 1, 21);
  const auto snapshot = Run();
  EXPECT_THAT(Containers(*snapshot), ElementsAre("c1 running 11"));
  EXPECT_THAT(Pods(*snapshot), ElementsAre("other terminated 12", "pod running 1"));
  EXPECT_EQ(snapshot->pods[1].labels->name, "web-7f");
}

TEST_F(LevelsTest, AnUnknownPodGetsWhatItsContainerHasUsedOnceItIsKnown) {
  Open();
  resolver->knows_pods = true;
  Place(21, "c1", "");
  Use(web, 10, 21);
  const auto pending = Run();
  EXPECT_THAT(Pods(*pending), IsEmpty());
  EXPECT_THAT(Containers(*pending), IsEmpty());
  EXPECT_EQ(pending->containers.rest()[0].pending, Joules(10));
  EXPECT_EQ(pending->pods.rest()[0].pending, Joules(10));
  resolver->pods["c1"] = {{"pod", "web-7f", "shop"}, "nginx"};
  Use(web, 5, 21);
  const auto found = Run();
  EXPECT_EQ(found->pods.rest()[0].pending, Joules(0));
  EXPECT_THAT(Pods(*found), ElementsAre("pod running 15"));
  EXPECT_EQ(found->pods.At(0, 0).power, Watts(5)) << "power is of the last epoch alone";
  EXPECT_THAT(GroupsOf(*found, "namespace"), ElementsAre("shop 15"));
  EXPECT_EQ(OnlyContainer(*found), (ContainerLabels{"c1", "nginx", "containerd", "pod"}));
  resolver->pods["c1"] = {{"another", "web-7f", "shop"}, "nginx"};
  EXPECT_THAT(Pods(*Run()), ElementsAre("pod running 15")) << "a container does not change its pod";
}

TEST_F(LevelsTest, WhatWasListedWithoutAPodStaysOutsideWhenThePodIsKnown) {
  Open();
  resolver->knows_pods = true;
  Place(21, "c1", "");
  Use(web, 10, 21);
  (void)Run();
  const auto listed = Run(10);
  EXPECT_THAT(Containers(*listed), ElementsAre("c1 running 10"));
  EXPECT_EQ(listed->pods.rest()[0].unlisted.energy, Joules(10)) << "and does not go down";
  resolver->pods["c1"] = {{"pod", "web-7f", "shop"}, "nginx"};
  Use(web, 5, 21);
  const auto found = Run();
  EXPECT_THAT(Pods(*found), ElementsAre("pod running 5"));
  EXPECT_EQ(found->pods.rest()[0].unlisted.energy, Joules(10));
  EXPECT_THAT(GroupsOf(*found, "namespace"), ElementsAre("shop 5"));
}

TEST_F(LevelsTest, WhatEndsBeforeItHasNamesIsListedAtItsEnd) {
  Open();
  resolver->knows_pods = true;
  Place(21, "c1", "pod");
  Use(web, 10, 21);
  EXPECT_THAT(Containers(*Run()), IsEmpty());
  End(web);
  const auto ended = Run();
  EXPECT_THAT(Containers(*ended), ElementsAre("c1 terminated 10"));
  EXPECT_THAT(Pods(*ended), ElementsAre("pod terminated 10"));
  EXPECT_EQ(ended->containers[0].since, ended->processes[0].since);
}

TEST_F(LevelsTest, APodThatSleepsGetsWhatASleepingContainerHasUsed) {
  Open();
  resolver->knows_pods = true;
  resolver->pods["c1"] = {{"pod", "web-7f", "shop"}, "nginx"};
  Place(21, "c1", "pod");
  Place(22, "c2", "");
  Use(web, 10, 21), Use(job, 5, 22);
  const auto first = Run();
  EXPECT_THAT(Pods(*first), ElementsAre("pod running 10"));
  EXPECT_THAT(GroupsOf(*first, "namespace"), ElementsAre("shop 10"));
  resolver->pods["c2"] = {{"pod", "web-7f", "shop"}, "proxy"};
  const auto both = Run();
  EXPECT_THAT(Pods(*both), ElementsAre("pod running 15"));
  EXPECT_THAT(GroupsOf(*both, "namespace"), ElementsAre("shop 15"));
}

TEST_F(LevelsTest, GroupsHaveWhatTheirMembersUsedAlsoThoseThatAreGone) {
  Open({.max_listed = 0, .min_energy = {}, .retention = {}});
  resolver->cgroup_facts[kHostCgroup].unit = "cron.service";
  resolver->cgroup_facts[22] = {.unit = "slurmstepd.scope", .scheduler = "slurm", .job = "7", .job_uid = {}};
  resolver->users[1000] = "alice";
  resolver->facts[web] = {.comm = "cc1", .exe = "/usr/bin/cc1", .uid = 1000};
  Name(job, "cc1", "/usr/bin/cc1");
  cpu->next.names.back().uid = 0;
  Use(web, 10), Use(job, 5), Use(batch, 3, 22);
  cpu->next.unassigned.push_back({22, 0, Milliseconds(2)});
  End(job);
  const auto first = Run();
  EXPECT_THAT(GroupsOf(*first, "program"), ElementsAre("/usr/bin/cc1 15"));
  EXPECT_EQ(RestOf(*first, "program"), Joules(5));
  EXPECT_THAT(GroupsOf(*first, "unit"), ElementsAre("cron.service 15", "slurmstepd.scope 5"));
  EXPECT_EQ(RestOf(*first, "unit"), Joules(0));
  EXPECT_THAT(GroupsOf(*first, "user"), UnorderedElementsAre("1000 alice 10", "0 0 5"));
  EXPECT_THAT(GroupsOf(*first, "job"), ElementsAre("7 slurm  5"));
  EXPECT_THAT(GroupsOf(*first, "namespace"), IsEmpty());
  Use(web, 1);
  End(web);
  const auto second = Run();
  EXPECT_THAT(GroupsOf(*second, "program"), ElementsAre("/usr/bin/cc1 16"));
  const GroupList& programs = GroupListOf(*second, "program");
  EXPECT_EQ(programs.groups.At(0, 0).power, Watts(1));
  EXPECT_EQ(programs.groups[0].cpu_time, Milliseconds(16));
  EXPECT_EQ(programs.groups[0].since, first->time - first->duration);
}

TEST_F(LevelsTest, GroupsThatAreKnownBeforeTheyUseEnergyAreListedAtZero) {
  Open();
  resolver->new_units = {"cron.service"};
  Use(web, 10);
  const auto first = Run();
  EXPECT_THAT(GroupsOf(*first, "unit"), ElementsAre("cron.service 0"));
  EXPECT_EQ(RestOf(*first, "unit"), Joules(10));
  EXPECT_THAT(GroupsOf(*first, "namespace"), IsEmpty());
  resolver->new_pods = {{.uid = "u1", .name = "web-1", .name_space = "shop"},
                        {.uid = "u2", .name = "web-2", .name_space = "shop", .owner_kind = "Job", .owner_name = "w"}};
  const auto second = Run();
  EXPECT_THAT(GroupsOf(*second, "namespace"), ElementsAre("shop 0"));
  EXPECT_THAT(GroupsOf(*second, "owner"), ElementsAre("Job w shop 0"));
  EXPECT_THAT(GroupsOf(*second, "program"), GroupsOf(*first, "program"));
  resolver->cgroup_facts[kHostCgroup].unit = "cron.service";
  Use(job, 5);
  const auto third = Run();
  EXPECT_THAT(GroupsOf(*third, "unit"), ElementsAre("cron.service 5"));
  EXPECT_EQ(GroupListOf(*third, "unit").groups[0].since, first->time - first->duration);
}

TEST_F(LevelsTest, AProcessCountsForTheProgramAndTheUserThatItIsNow) {
  Open();
  resolver->facts[web] = {.comm = "sh", .exe = "/bin/sh", .uid = 0};
  Use(web, 10);
  (void)Run();
  resolver->facts[web] = {.comm = "nginx", .exe = "/usr/sbin/nginx", .uid = 33};
  Name(web, "nginx", "/usr/sbin/nginx");
  Use(web, 5);
  const auto second = Run();
  EXPECT_THAT(GroupsOf(*second, "program"), ElementsAre("/bin/sh 10", "/usr/sbin/nginx 5"));
  EXPECT_THAT(GroupsOf(*second, "user"), ElementsAre("0 0 10", "33 33 5"));
  resolver->cgroup_facts[kHostCgroup].unit = "late.service";
  Use(web, 1);
  EXPECT_THAT(GroupsOf(*Run(), "unit"), ElementsAre("late.service 1"));
}

TEST_F(LevelsTest, AProcessThatHasMovedCountsForTheUnitThatItUsesTimeIn) {
  Open();
  resolver->cgroup_facts[kHostCgroup].unit = "sshd.service";
  resolver->cgroup_facts[22].unit = "cron.service";
  Use(web, 10);
  (void)Run();
  Use(web, 5, 22);
  EXPECT_THAT(GroupsOf(*Run(), "unit"), ElementsAre("sshd.service 10", "cron.service 5"));
}

TEST_F(LevelsTest, AProcessThatEndsWithTheEpochOfItsExecCountsForTheNewProgram) {
  Open();
  resolver->facts[web] = {.comm = "sh", .exe = "/bin/sh"};
  Use(web, 10);
  (void)Run();
  Name(web, "make", "/usr/bin/make");
  Use(web, 5);
  End(web);
  EXPECT_THAT(GroupsOf(*Run(), "program"), ElementsAre("/bin/sh 10", "/usr/bin/make 5"));
}

TEST_F(LevelsTest, APodsOwnerHasWhatAllItsPodsUsed) {
  Open();
  resolver->knows_pods = true;
  for (const uint64_t number : {1, 2}) {
    const std::string id = "c" + std::to_string(number);
    Place(20 + number, id, "pod" + id);
    resolver->pods[id] = {{"pod" + id, "web-" + id, "shop", "", "Deployment", "web"}, "nginx"};
  }
  Use(web, 10, 21), Use(job, 5, 22);
  const auto first = Run();
  EXPECT_THAT(GroupsOf(*first, "owner"), ElementsAre("Deployment web shop 15"));
  End(web), End(job);
  (void)Run();
  EXPECT_THAT(GroupsOf(*Run(200), "owner"), ElementsAre("Deployment web shop 15"));
}

TEST_F(LevelsTest, APodOutlivesItsContainersWhileOthersLiveInIt) {
  Open();
  resolver->populated_pods = {"pod"};
  Use(web, 10, kCgroupB), End(web);
  const auto snapshot = Run();
  EXPECT_THAT(Containers(*snapshot), ElementsAre("bbb terminated 10"));
  EXPECT_THAT(Pods(*snapshot), ElementsAre("pod running 10"));
  EXPECT_THAT(Pods(*Run(500)), ElementsAre("pod running 10"));
  resolver->populated_pods.clear();
  EXPECT_THAT(Pods(*Run()), ElementsAre("pod terminated 10"));
  EXPECT_THAT(Pods(*Run(120)), IsEmpty());
}

TEST_F(LevelsTest, EndedWorkloadsAreListedByRankAtEveryLevel) {
  Open({.max_listed = 1, .min_energy = Joules(2), .retention = Seconds(120)});
  for (uint64_t i = 1; i <= 3; ++i) {
    const ProcessKey key{static_cast<uint32_t>(i), i};
    Place(20 + i, "c" + std::to_string(i), "pod" + std::to_string(i));
    resolver->facts[key] = {"qemu", "", workload::VirtualMachine{"vm" + std::to_string(i), "", "kvm"}};
    Use(key, i, 20 + i);
  }
  Run();
  for (uint64_t i = 1; i <= 3; ++i) End(ProcessKey{static_cast<uint32_t>(i), i});
  const auto snapshot = Run();
  EXPECT_THAT(Containers(*snapshot), ElementsAre("c3 terminated 3"));
  EXPECT_THAT(Pods(*snapshot), ElementsAre("pod3 terminated 3"));
  EXPECT_THAT(Vms(*snapshot), ElementsAre("vm3 terminated 3"));
}

}  // namespace
}  // namespace brahe::monitor
