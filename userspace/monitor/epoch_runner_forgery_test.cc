// Cgroups that somebody calls by the id of another's container.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "userspace/monitor/epoch_runner.h"
#include "userspace/monitor/epoch_runner_fixture.h"
#include "userspace/workload/container_rules.h"

namespace brahe::monitor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint64_t kVictim = 21, kForged = 22, kOther = 23;

class ForgeryTest : public EpochRunnerTest {
 protected:
  ForgeryTest() { Open(); }
  void Place(uint64_t cgroup, const std::string& path) {
    const auto container = workload::ContainerOfPath(path);
    if (container) resolver->containers[cgroup] = *container;
  }
  static std::string ContainerOf(const Snapshot& snapshot, const ProcessKey& process) {
    for (const auto& item : snapshot.processes) {
      if (item.labels->pid == process.pid) return item.labels->container_id;
    }
    return "not listed";
  }

  const std::string id = std::string(64, 'c');
  const std::string user = "/user.slice/user-1000.slice/user@1000.service";
  const std::string system_path = "/system.slice/docker-" + id + ".scope";
  const std::string user_path = user + "/user.slice/docker-" + id + ".scope";
};

TEST_F(ForgeryTest, WhatRunsInAUsersTreeTakesNoContainersName) {
  Place(kVictim, system_path);
  for (const std::string& forged : {"/app.slice/" + id, "/docker/" + id, "/cri-containerd-" + id + ".scope"}) {
    resolver->containers.erase(kForged);
    Place(kForged, user + forged);
    EXPECT_FALSE(resolver->containers.contains(kForged)) << forged;
  }
  Use(web, 1, kVictim), Use(job, 1000, kForged);
  const auto snapshot = Run();
  EXPECT_THAT(Containers(*snapshot), ElementsAre(id + " running 1"));
  EXPECT_EQ(ContainerOf(*snapshot, job), "");
}

TEST_F(ForgeryTest, AUsersContainerAddsNothingToASystemContainerWithItsId) {
  Place(kVictim, system_path), Place(kForged, user_path);
  Use(web, 1, kVictim), Use(job, 1000, kForged);
  const auto snapshot = Run();
  EXPECT_THAT(Containers(*snapshot), ElementsAre(id + " running 1", "user@1000.service/" + id + " running 1000"));
  EXPECT_EQ(ContainerOf(*snapshot, web), id);
  EXPECT_EQ(ContainerOf(*snapshot, job), "user@1000.service/" + id);
  End(job), Use(web, 1, kVictim);
  EXPECT_THAT(Containers(*Run()), ElementsAre(id + " running 2", "user@1000.service/" + id + " terminated 1000"));
}

TEST_F(ForgeryTest, TheSystemsContainerHasItsIdAlsoIfItComesSecond) {
  Place(kVictim, system_path), Place(kForged, user_path);
  Use(job, 1000, kForged);
  EXPECT_THAT(Containers(*Run()), ElementsAre(id + " running 1000"));
  Use(web, 1, kVictim);
  const auto snapshot = Run();
  EXPECT_THAT(Containers(*snapshot), ElementsAre("user@1000.service/" + id + " running 1000", id + " running 1"));
  EXPECT_EQ(ContainerOf(*snapshot, web), id);
  EXPECT_EQ(ContainerOf(*snapshot, job), "user@1000.service/" + id) << "also while it sleeps";
}

TEST_F(ForgeryTest, UsersTakeNothingFromEachOtherAndHaveTheirIdsAsLongAsTheyAreTheirs) {
  Place(kVictim, user_path), Place(kForged, "/user.slice/user-7.slice/user@7.service/libpod-" + id + ".scope");
  Use(web, 1, kVictim);
  EXPECT_THAT(Containers(*Run()), ElementsAre(id + " running 1"));
  Use(job, 1000, kForged), Use(web, 1, kVictim);
  const auto snapshot = Run();
  EXPECT_THAT(Containers(*snapshot), ElementsAre(id + " running 2", "user@7.service/" + id + " running 1000"));
}

TEST_F(ForgeryTest, AContainerTakesNothingFromItsHostsOrNeighbours) {
  Place(kVictim, "/lxc.payload.web"), Place(kForged, "/lxc.payload.evil/lxc.payload.web");
  Place(kOther, "/lxc.payload.worse/evil/lxc.payload.web");
  Use(web, 1, kVictim), Use(job, 100, kForged), Use(batch, 1000, kOther);
  EXPECT_THAT(Containers(*Run()),
              ElementsAre("web running 1", "lxc.payload.evil/web running 100", "lxc.payload.worse/web running 1000"));
}

TEST_F(ForgeryTest, AContainerGoesOnInItsAccountWithAllOfItsCgroups) {
  Place(kVictim, system_path), Place(kOther, system_path + "/init.scope"), Place(kForged, "/docker/" + id);
  Use(web, 1, kVictim), Use(job, 2, kOther);
  EXPECT_THAT(Containers(*Run()), ElementsAre(id + " running 3"));
  End(web), End(job);
  EXPECT_THAT(Containers(*Run()), ElementsAre(id + " terminated 3"));
  Use(batch, 4, kForged);
  EXPECT_THAT(Containers(*Run()), ElementsAre(id + " running 7")) << "it was started again, elsewhere";
}

TEST_F(ForgeryTest, IdsThatArePrintedAlikeAreTwoContainersWithTwoNames) {
  Place(kVictim, "/lxc.payload.a\xff"), Place(kForged, "/lxc.payload.a\xfe"), Place(kOther, "/lxc.payload.a\x01");
  Use(web, 1, kVictim), Use(job, 10, kForged), Use(batch, 100, kOther);
  const auto snapshot = Run();
  ASSERT_EQ(snapshot->containers.size(), 3u);
  EXPECT_EQ(snapshot->containers[0].labels->id, "a\xff");
  EXPECT_THAT(snapshot->containers[1].labels->id, testing::StartsWith("a\xfe~"));
  EXPECT_THAT(snapshot->containers[2].labels->id, testing::StartsWith("a\x01~"));
}

TEST_F(ForgeryTest, NamesThatWereMadeToCollideAreStillOneEach) {
  Place(kVictim, system_path), Place(kForged, user_path);
  Place(kOther, "/lxc.payload.x/machine-user@1000.service\\x2f" + id + ".scope");
  Use(batch, 100, kOther);
  EXPECT_THAT(Containers(*Run()), ElementsAre("user@1000.service/" + id + " running 100"));
  Use(web, 1, kVictim), Use(job, 10, kForged);
  const auto snapshot = Run();
  std::set<std::string> ids;
  for (const auto& item : snapshot->containers) ids.insert(item.labels->id);
  EXPECT_EQ(ids.size(), 3u);
}

TEST_F(ForgeryTest, TheNameOfOneThatIsListedNoMoreIsFree) {
  Place(kVictim, system_path), Place(kForged, user_path);
  Use(web, 10, kVictim), Use(job, 100, kForged), End(web), End(job);
  EXPECT_EQ(Run()->containers.size(), 2u);
  EXPECT_THAT(Containers(*Run(120)), IsEmpty());
  const ProcessKey later{900, 9};
  Use(later, 1, kForged);
  EXPECT_THAT(Containers(*Run()), ElementsAre(id + " running 1"));
}

TEST_F(ForgeryTest, AUsersContainerIsInNoPodByItsIdOrPath) {
  resolver->pods[id] = {{"uid", "web-7f", "shop"}, "nginx"};
  Place(kForged, user + "/kubepods/burstable/pod1a2b3c4d/docker-" + id + ".scope");
  Use(job, 1000, kForged);
  const auto snapshot = Run();
  EXPECT_THAT(Pods(*snapshot), IsEmpty());
  EXPECT_EQ(resolver->pod_questions, 0);
  EXPECT_EQ(snapshot->containers[0].labels->name, "");
}

TEST_F(ForgeryTest, OnlyTheContainerThatHasTheIdIsLookedForInPods) {
  resolver->pods[id] = {{"uid", "web-7f", "shop"}, "nginx"};
  Place(kVictim, system_path), Place(kForged, "/lxc.payload.evil/docker-" + id + ".scope");
  Use(job, 1000, kForged);
  EXPECT_THAT(Pods(*Run()), ElementsAre("uid running 1000")) << "a cluster in a container: there is no other of the id";
  Use(web, 1, kVictim), Use(job, 1000, kForged);
  const auto snapshot = Run();
  EXPECT_THAT(Pods(*snapshot), ElementsAre("uid running 1001"));
  EXPECT_EQ(snapshot->containers[0].labels->pod_id, "");
  EXPECT_EQ(snapshot->containers[0].labels->name, "");
  EXPECT_EQ(snapshot->containers[1].labels->pod_id, "uid");
  EXPECT_EQ(snapshot->containers[1].labels->name, "nginx");
}

}  // namespace
}  // namespace brahe::monitor
