#include "userspace/kube/pod_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "userspace/base/fake_clock.h"

namespace brahe::kube {
namespace {

PodFacts MakePod(const std::string& uid, std::vector<PodFacts::ContainerName> containers = {}) {
  return {.pod = {uid, "name-" + uid, "space"}, .api_uid = uid, .other_uids = {}, .containers = std::move(containers)};
}

// As the API server tells of a static pod.
PodFacts MakeMirror(const std::string& uid, const std::string& api_uid) {
  return {.pod = {uid, "name-" + api_uid, "space"}, .api_uid = api_uid, .other_uids = {api_uid}, .containers = {}};
}

std::string NameOfContainer(const PodStore& store, const std::string& id) {
  const auto member = store.FindContainer(id);
  return member ? member->pod.uid + "/" + member->container_name : "";
}

class PodStoreTest : public testing::Test {
 protected:
  FakeClock clock_;
  PodStore store_{{.retention = Seconds(100), .max_gone = 3}};
};

TEST_F(PodStoreTest, KnowsNothingBeforeTheFirstNews) {
  EXPECT_EQ(store_.FindContainer("a"), std::nullopt);
  EXPECT_EQ(store_.FindPod("u"), std::nullopt);
  EXPECT_EQ(store_.size(), 0U);
}

TEST_F(PodStoreTest, FindsContainersAndPods) {
  store_.Replace({MakePod("u1", {{"a", "app"}, {"b", "log"}}), MakePod("u2", {{"c", "app"}})}, clock_.Now());
  EXPECT_EQ(NameOfContainer(store_, "b"), "u1/log");
  EXPECT_EQ(NameOfContainer(store_, "c"), "u2/app");
  EXPECT_EQ(store_.FindPod("u2"), (workload::Pod{"u2", "name-u2", "space"}));
  EXPECT_EQ(store_.size(), 2U);
}

TEST_F(PodStoreTest, TellsOnceOfPodsThatAreNewOrHaveGotAnOwnerAndNotOfThoseThatHaveEnded) {
  const auto news = [this] {
    std::vector<std::string> uids;
    for (const workload::Pod& pod : store_.TakeNews()) uids.push_back(pod.uid);
    return uids;
  };
  using Uids = std::vector<std::string>;
  PodFacts ended = MakePod("u3");
  ended.ended = true;
  store_.Replace({MakePod("u1"), MakePod("u2"), ended}, clock_.Now());
  EXPECT_EQ(news(), (Uids{"u1", "u2"}));
  store_.Replace({MakePod("u1"), MakePod("u2"), MakePod("u4")}, clock_.Now());
  store_.Remove("u1", clock_.Now());
  EXPECT_EQ(news(), (Uids{"u4"}));
  PodFacts owned = MakePod("u2");
  owned.pod.owner_kind = "Job";
  store_.Set(owned, clock_.Now());
  store_.Set(MakePod("u1"), clock_.Now());
  EXPECT_EQ(news(), (Uids{"u2"})) << "u1 was known all the time";
  std::vector<PodFacts> many;
  for (int i = 0; i < 5; ++i) many.push_back(MakePod("m" + std::to_string(i)));
  store_.Replace(std::move(many), clock_.Now());
  EXPECT_EQ(news().size(), 3U) << "max_gone";
}

TEST_F(PodStoreTest, APodKeepsTheFirstOwnerThatIsKnown) {
  const auto owned = [](const std::string& uid, const std::string& owner) {
    PodFacts pod = MakePod(uid);
    pod.pod.owner_kind = owner.empty() ? "" : "Deployment";
    pod.pod.owner_name = owner;
    return pod;
  };
  store_.Replace({owned("u1", ""), owned("u2", "web")}, clock_.Now());
  store_.Set(owned("u1", "late"), clock_.Now());
  store_.Set(owned("u2", ""), clock_.Now());
  EXPECT_EQ(store_.FindPod("u1")->owner_name, "late");
  EXPECT_EQ(store_.FindPod("u2")->owner_name, "web");
  store_.Replace({owned("u2", "other"), owned("u1", ""), owned("u3", "new")}, clock_.Now());
  EXPECT_EQ(store_.FindPod("u1")->owner_name, "late");
  EXPECT_EQ(store_.FindPod("u2")->owner_name, "web");
  EXPECT_EQ(store_.FindPod("u2")->owner_kind, "Deployment");
  EXPECT_EQ(store_.FindPod("u3")->owner_name, "new");
}

TEST_F(PodStoreTest, WhatIsGoneIsKnownForTheRetention) {
  store_.Replace({MakePod("u1", {{"a", "app"}})}, clock_.Now());
  clock_.Advance(Seconds(50));
  store_.Replace({}, clock_.Now());
  EXPECT_EQ(store_.size(), 0U);
  clock_.Advance(Seconds(99));
  store_.Replace({}, clock_.Now());
  EXPECT_EQ(NameOfContainer(store_, "a"), "u1/app");
  EXPECT_TRUE(store_.FindPod("u1"));
  clock_.Advance(Seconds(1));
  store_.Replace({}, clock_.Now());
  EXPECT_EQ(NameOfContainer(store_, "a"), "");
  EXPECT_FALSE(store_.FindPod("u1"));
}

TEST_F(PodStoreTest, WhatComesBackStays) {
  store_.Replace({MakePod("u1", {{"a", "app"}})}, clock_.Now());
  store_.Replace({}, clock_.Now());
  clock_.Advance(Seconds(60));
  store_.Replace({MakePod("u1", {{"a", "app"}})}, clock_.Now());
  clock_.Advance(Seconds(60));
  store_.Replace({}, clock_.Now());
  clock_.Advance(Seconds(60));
  store_.Replace({}, clock_.Now());
  EXPECT_EQ(NameOfContainer(store_, "a"), "u1/app");
}

TEST_F(PodStoreTest, AContainerThatItsPodNoLongerTellsOfIsKnownForTheRetention) {
  store_.Replace({MakePod("u1", {{"first", "app"}})}, clock_.Now());
  store_.Replace({MakePod("u1", {{"third", "app"}, {"second", "app"}})}, clock_.Now());
  EXPECT_EQ(NameOfContainer(store_, "first"), "u1/app");
  clock_.Advance(Seconds(100));
  store_.Replace({MakePod("u1", {{"third", "app"}, {"second", "app"}})}, clock_.Now());
  EXPECT_EQ(NameOfContainer(store_, "first"), "");
  EXPECT_EQ(NameOfContainer(store_, "second"), "u1/app");
}

TEST_F(PodStoreTest, HowMuchThatIsGoneIsKeptIsBounded) {
  store_.Replace({MakePod("u1", {{"a", "x"}, {"b", "x"}, {"c", "x"}, {"d", "x"}, {"e", "x"}})}, clock_.Now());
  store_.Replace({}, clock_.Now());
  int known = 0;
  for (const char* id : {"a", "b", "c", "d", "e"}) known += store_.FindContainer(id) ? 1 : 0;
  EXPECT_EQ(known, 3);
}

TEST_F(PodStoreTest, APodThatLivesIsNotHiddenByOneThatIsGone) {
  store_.Replace({MakePod("u1", {{"a", "app"}})}, clock_.Now());
  store_.Replace({MakePod("u2", {{"a", "app"}})}, clock_.Now());
  EXPECT_EQ(NameOfContainer(store_, "a"), "u2/app");
}

TEST_F(PodStoreTest, APodIsFoundByItsOtherUidsUnlessThatIsAnothersOwn) {
  const PodFacts mirror = MakeMirror("hash", "api");
  PodFacts thief = MakePod("thief");
  thief.other_uids = {"victim"};
  store_.Replace({mirror, thief, MakePod("victim")}, clock_.Now());
  EXPECT_EQ(store_.FindPod("api")->uid, "hash");
  EXPECT_EQ(store_.FindPod("victim")->uid, "victim");
}

TEST_F(PodStoreTest, AMirrorNeitherTakesNorRemovesThePodWhoseUidItClaims) {
  store_.Replace({MakeMirror("victim", "thief"), MakePod("victim", {{"a", "app"}})}, clock_.Now());
  EXPECT_EQ(store_.FindPod("victim")->name, "name-victim");
  store_.Replace({MakePod("victim", {{"a", "app"}})}, clock_.Now());
  store_.Set(MakeMirror("victim", "thief"), clock_.Now());
  EXPECT_EQ(store_.size(), 2U);
  store_.Remove("thief", clock_.Now());
  clock_.Advance(Seconds(200));
  store_.Remove("thief", clock_.Now());
  EXPECT_EQ(store_.FindPod("victim")->name, "name-victim");
  EXPECT_EQ(NameOfContainer(store_, "a"), "victim/app");
  EXPECT_FALSE(store_.FindPod("thief"));
}

TEST_F(PodStoreTest, FollowsSingleChanges) {
  store_.Replace({MakePod("u1", {{"a", "app"}})}, clock_.Now());
  store_.Set(MakePod("u2", {{"b", "app"}}), clock_.Now());
  EXPECT_EQ(store_.size(), 2U);
  store_.Set(MakePod("u1", {{"a", "app"}, {"c", "log"}}), clock_.Now());
  EXPECT_EQ(store_.size(), 2U);
  EXPECT_EQ(NameOfContainer(store_, "c"), "u1/log");
  store_.Remove("u1", clock_.Now());
  EXPECT_EQ(store_.size(), 1U);
  EXPECT_EQ(NameOfContainer(store_, "a"), "u1/app");
  clock_.Advance(Seconds(100));
  store_.Remove("u3", clock_.Now());
  EXPECT_EQ(NameOfContainer(store_, "a"), "");
  EXPECT_EQ(NameOfContainer(store_, "b"), "u2/app");
}

TEST_F(PodStoreTest, ManyMayLookUpWhileOneChanges) {
  std::atomic<bool> done{false};
  std::atomic<size_t> found{0};
  const auto look = [&] {
    while (!done) found += store_.FindContainer("a") && store_.FindPod("u1") ? 1 : 0;
  };
  store_.Replace({MakePod("u1", {{"a", "app"}})}, clock_.Now());
  std::thread first(look);
  std::thread second(look);
  for (int i = 0; i < 2000 || found < 100; ++i) {
    store_.Set(MakePod("u2", {{std::to_string(i), "app"}}), clock_.Now());
  }
  done = true;
  first.join();
  second.join();
  EXPECT_GE(found, 100U);
}

}  // namespace
}  // namespace brahe::kube
