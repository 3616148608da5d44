#include "userspace/kube/pod_list.h"

#include <gtest/gtest.h>

#include "userspace/fetch/pruned_json.h"

namespace brahe::kube {
namespace {

std::string PodJson(const std::string& uid, const std::string& rest = "") {
  return R"({"metadata":{"uid":")" + uid + R"(","name":"web","namespace":"shop"})" + rest + "}";
}

std::string ListJson(const std::string& items) { return R"({"kind":"PodList","metadata":{},"items":[)" + items + "]}"; }

PodList ListOf(const std::string& items) {
  auto list = ParsePodList(ListJson(items));
  EXPECT_TRUE(list) << list.error().message;
  return list ? *list : PodList{};
}

std::string ErrorOf(const std::string& body) {
  const auto list = ParsePodList(body);
  return list ? "" : list.error().message;
}

using Names = std::vector<PodFacts::ContainerName>;

TEST(PodListTest, TellsThePodAndItsContainers) {
  const PodList list = ListOf(PodJson("u1", R"(,"status":{"containerStatuses":[
      {"name":"app","containerID":"containerd://aa"},{"name":"log","containerID":"cri-o://bb"}]})"));
  ASSERT_EQ(list.pods.size(), 1U);
  EXPECT_EQ(list.pods[0].pod, (workload::Pod{"u1", "web", "shop", "containerd"}));
  EXPECT_EQ(list.pods[0].containers, (Names{{"aa", "app"}, {"bb", "log"}}));
  EXPECT_TRUE(list.pods[0].other_uids.empty());
  EXPECT_EQ(list.left_out, 0U);
}

TEST(PodListTest, TellsTheRuntimeInTheWordsOfCgroupPaths) {
  const std::pair<std::string, std::string> cases[] = {
      {"containerd://aa", "containerd"},
      {"cri-o://aa", "crio"},
      {"docker://aa", "docker"},
      {"new-one://aa", "new-one"},
      {"aa", ""},
      {"://aa", ""},
      {"No Word://aa", ""},
      {"", ""},
      {std::string(100, 'r') + "://aa", ""},
  };
  for (const auto& [id, runtime] : cases) {
    const PodList list =
        ListOf(PodJson("u1", R"(,"status":{"containerStatuses":[{"name":"app","containerID":")" + id + R"("}]})"));
    ASSERT_EQ(list.pods.size(), 1U) << id;
    EXPECT_EQ(list.pods[0].pod.runtime, runtime) << id;
  }
}

TEST(PodListTest, KnowsContainersOfEveryKind) {
  const PodList list = ListOf(PodJson("u1", R"(,"status":{
      "initContainerStatuses":[{"name":"init","containerID":"containerd://aa"}],
      "containerStatuses":[{"name":"app","containerID":"containerd://bb"}],
      "ephemeralContainerStatuses":[{"name":"debugger","containerID":"containerd://cc"}]})"));
  ASSERT_EQ(list.pods.size(), 1U);
  EXPECT_EQ(list.pods[0].containers, (Names{{"bb", "app"}, {"aa", "init"}, {"cc", "debugger"}}));
}

TEST(PodListTest, AContainerThatWasRestartedIsKnownByBothIds) {
  const PodList list = ListOf(PodJson("u1", R"(,"status":{"containerStatuses":[{"name":"app",
      "containerID":"containerd://new","state":{"running":{"startedAt":"x"}},
      "lastState":{"terminated":{"containerID":"containerd://old","exitCode":1}}}]})"));
  ASSERT_EQ(list.pods.size(), 1U);
  EXPECT_EQ(list.pods[0].containers, (Names{{"new", "app"}, {"old", "app"}}));
}

TEST(PodListTest, AContainerThatHasEndedIsListedOnce) {
  const PodList list = ListOf(PodJson("u1", R"(,"status":{"containerStatuses":[{"name":"app",
      "containerID":"containerd://a","state":{"terminated":{"containerID":"containerd://a"}},"lastState":{}}]})"));
  ASSERT_EQ(list.pods.size(), 1U);
  EXPECT_EQ(list.pods[0].containers, (Names{{"a", "app"}}));
}

TEST(PodListTest, APodHasEndedInTwoOfItsPhases) {
  for (const auto& [phase, ended] : std::vector<std::pair<std::string, bool>>{
           {R"("Succeeded")", true}, {R"("Failed")", true}, {R"("Running")", false}, {"7", false}}) {
    const PodList list = ListOf(PodJson("u1", R"(,"status":{"phase":)" + phase + "}"));
    ASSERT_EQ(list.pods.size(), 1U);
    EXPECT_EQ(list.pods[0].ended, ended) << phase;
  }
}

TEST(PodListTest, AContainerThatWaitsHasNoId) {
  const PodList list = ListOf(PodJson("u1", R"(,"status":{"containerStatuses":[
      {"name":"app","containerID":"","state":{"waiting":{}}},{"name":"log"},{"name":"x","containerID":null}]})"));
  ASSERT_EQ(list.pods.size(), 1U);
  EXPECT_TRUE(list.pods[0].containers.empty());
}

TEST(PodListTest, AMirrorPodIsCalledByTheUidInTheCgroupPath) {
  const PodList list = ListOf(R"({"metadata":{"uid":"api","name":"etcd","namespace":"kube-system","annotations":{
      "kubernetes.io/config.mirror":"hash","kubernetes.io/config.hash":"hash"}}})");
  ASSERT_EQ(list.pods.size(), 1U);
  EXPECT_EQ(list.pods[0].pod.uid, "hash");
  EXPECT_EQ(list.pods[0].api_uid, "api");
  EXPECT_EQ(list.pods[0].other_uids, std::vector<std::string>{"api"});
}

TEST(PodListTest, AHashWithoutAMirrorIsOnlyAnotherNameOfThePod) {
  const PodList list = ListOf(R"({"metadata":{"uid":"own","name":"n","namespace":"s","annotations":{
      "kubernetes.io/config.hash":"somebody-elses"}}})");
  ASSERT_EQ(list.pods.size(), 1U);
  EXPECT_EQ(list.pods[0].pod.uid, "own");
  EXPECT_EQ(list.pods[0].other_uids, std::vector<std::string>{"somebody-elses"});
}

// "KIND/NAME" of the owner of a pod whose metadata have `rest` as well.
std::string OwnerIn(const std::string& rest) {
  const PodList list =
      ListOf(R"({"metadata":{"uid":"u","name":"web-5b9f-x2","namespace":"s")" + rest + R"(},"spec":{"nodeName":"n"}})");
  return list.pods.size() == 1 ? list.pods[0].pod.owner_kind + "/" + list.pods[0].pod.owner_name : "no pod";
}

constexpr const char* kReplicaSet =
    R"({"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-5b9f","uid":"r","controller":true,"blockOwnerDeletion":true})";

TEST(PodListTest, TellsTheOwnerThatIsTheController) {
  const std::string references = std::string(R"(,"ownerReferences":[{"apiVersion":"v1","kind":"X","name":"x"},
      {"apiVersion":"v1","kind":"Y","name":"y","controller":false},)") +
                                 kReplicaSet + "]";
  EXPECT_EQ(OwnerIn(references), "ReplicaSet/web-5b9f");
  EXPECT_EQ(OwnerIn(references + R"(,"labels":{"pod-template-hash":"5b9f"})"), "Deployment/web");
  EXPECT_EQ(OwnerIn(references + R"(,"labels":{"rollouts-pod-template-hash":"5b9f"})"), "Rollout/web");
  EXPECT_EQ(
      OwnerIn(R"(,"ownerReferences":[{"apiVersion":"batch/v1","kind":"Job","name":"j-29933920","controller":true}],
      "creationTimestamp":"2026-11-30T10:43:13Z")"),
      "CronJob/j");
  EXPECT_EQ(OwnerIn(R"(,"annotations":{"kubernetes.io/config.source":"file"})"), "StaticPod/web-5b9f-x2");
  EXPECT_EQ(OwnerIn(R"(,"annotations":{"kubernetes.io/config.source":"api"})"), "/");
  EXPECT_EQ(OwnerIn(""), "/");
}

TEST(PodListTest, AnOwnerThatCannotBeReadCostsThePodNothingElse) {
  const std::string controller = kReplicaSet;
  const std::string junk[] = {
      R"(,"ownerReferences":7)",
      R"(,"ownerReferences":)" + controller,
      R"(,"ownerReferences":[7,null,[],"x",{}])",
      R"(,"ownerReferences":[{"kind":"X","name":"x","controller":"true"}])",
      R"(,"ownerReferences":[{"kind":["X"],"name":"x","controller":true}])",
      R"(,"ownerReferences":[{"kind":"X","controller":true}])",
      R"(,"ownerReferences":[{"kind":"X","name":")" + std::string(5000, 'x') + R"(","controller":true}])",
  };
  for (const std::string& rest : junk) EXPECT_EQ(OwnerIn(rest), "/") << rest.substr(0, 80);
  const std::string references = R"(,"ownerReferences":[)" + controller + "]";
  for (const char* rest : {R"(,"labels":7)", R"(,"labels":{"pod-template-hash":5})", R"(,"creationTimestamp":{})"}) {
    EXPECT_EQ(OwnerIn(references + rest), "ReplicaSet/web-5b9f") << rest;
  }
  EXPECT_EQ(OwnerIn(R"(,"ownerReferences":[{"kind":"\u0000\n\"","name":"\u00e9","controller":true}])"),
            std::string("\0\n\"/\xc3\xa9", 6));
}

TEST(PodListTest, AJunkPodIsLeftOutAndTheOthersStay) {
  const char* junk[] = {
      "7",
      "null",
      "[]",
      "{}",
      R"({"metadata":7})",
      R"({"metadata":{"name":"n","namespace":"s"}})",
      R"({"metadata":{"uid":"","name":"n","namespace":"s"}})",
      R"({"metadata":{"uid":7,"name":"n","namespace":"s"}})",
      R"({"metadata":{"uid":"u","name":["n"],"namespace":"s"}})",
      R"({"metadata":{"uid":"u","name":"n"}})",
      R"({"metadata":{"uid":"u","name":"n","namespace":"s","annotations":"x"}})",
      R"({"metadata":{"uid":"u","name":"n","namespace":"s","annotations":{"kubernetes.io/config.mirror":{}}}})",
      R"({"metadata":{"uid":"u","name":"n","namespace":"s"},"status":[]})",
      R"({"metadata":{"uid":"u","name":"n","namespace":"s"},"status":{"containerStatuses":{}}})",
      R"({"metadata":{"uid":"u","name":"n","namespace":"s"},"status":{"containerStatuses":[7]}})",
      R"({"metadata":{"uid":"u","name":"n","namespace":"s"},"status":{"containerStatuses":[{"name":7}]}})",
      R"({"metadata":{"uid":"u","name":"n","namespace":"s"},"status":{"containerStatuses":[{"containerID":"x"}]}})",
      R"({"metadata":{"uid":"u","name":"n","namespace":"s"},
          "status":{"containerStatuses":[{"name":"c","containerID":7}]}})",
      R"({"metadata":{"uid":"u","name":"n","namespace":"s"},
          "status":{"containerStatuses":[{"name":"c","lastState":7}]}})",
      R"({"metadata":{"uid":"u","name":"n","namespace":"s"},
          "status":{"containerStatuses":[{"name":"c","lastState":{"terminated":[]}}]}})",
  };
  for (const std::string item : junk) {
    const PodList list = ListOf(PodJson("before") + "," + item + "," + PodJson("after"));
    EXPECT_EQ(list.left_out, 1U) << item;
    EXPECT_FALSE(list.left_out_because.empty()) << item;
    ASSERT_EQ(list.pods.size(), 2U) << item;
    EXPECT_EQ(list.pods[1].pod.uid, "after");
  }
}

TEST(PodListTest, SaysWhichPodIsLeftOutAndWhy) {
  const PodList list = ListOf(R"({"metadata":{"uid":7,"name":"n","namespace":"s"}},{})");
  EXPECT_EQ(list.left_out, 2U);
  EXPECT_EQ(list.left_out_because, "s/n: uid is of a wrong type");
}

TEST(PodListTest, AnOverlongNameIsJunk) {
  const std::string name(5000, 'x');
  EXPECT_EQ(ListOf(R"({"metadata":{"uid":"u","namespace":"s","name":")" + name + R"("}})").left_out, 1U);
}

TEST(PodListTest, AnEmptyListIsAList) {
  EXPECT_EQ(ErrorOf(R"({"kind":"PodList","items":null})"), "");
  EXPECT_EQ(ErrorOf(R"({"items":[]})"), "");
}

TEST(PodListTest, WhatIsNoListIsAnErrorAndNeverAnEmptyList) {
  for (const char* body : {"{}", "[]", "null", "7", "\"PodList\"", R"({"kind":"PodList"})", R"({"items":7})",
                           R"({"kind":"Status","message":"no","items":[]})", R"({"kind":"NodeList","items":[]})"}) {
    EXPECT_EQ(ErrorOf(body), "not a list of pods") << body;
  }
}

TEST(PodListTest, BrokenJsonIsAnErrorThatSaysWhere) {
  EXPECT_EQ(ErrorOf(""), "not valid JSON at byte 1");
  EXPECT_EQ(ErrorOf(R"({"items":[{"meta)"), "not valid JSON at byte 17");
  EXPECT_EQ(ErrorOf(R"({"items":[]} x)"), "not valid JSON at byte 14");
  EXPECT_EQ(ErrorOf("{\"items\":[\"\xff\"]}"), "not valid JSON at byte 12");
  EXPECT_EQ(ErrorOf("<html>404</html>"), "not valid JSON at byte 1");
}

TEST(PodListTest, NestingIsBoundedInWhatIsReadAndInWhatIsSkipped) {
  const std::string deep(1'000'000, '[');
  EXPECT_EQ(ErrorOf(deep), "nested deeper than 64");
  EXPECT_EQ(ErrorOf(R"({"items":[{"spec":)" + deep), "nested deeper than 64");
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += R"({"items":)";
  EXPECT_EQ(ErrorOf(objects), "nested deeper than 64");
}

TEST(PodListTest, WhatIsNotReadIsNotKept) {
  const auto json = fetch::ParsePruned(
      R"({"items":[{"spec":{"name":"x","deep":[[{"name":1}]]},"name":"n","f":1.5}],"x":{}})", {"items", "name"});
  ASSERT_TRUE(json);
  EXPECT_EQ(*json, nlohmann::json::parse(R"({"items":[{"name":"n"}]})"));
}

TEST(PodListTest, ValuesAreBounded) {
  const std::string many = R"({"items":[)" + std::string(2000, '0') + "]}";
  std::string list = R"({"items":[0)";
  for (int i = 0; i < 2000; ++i) list += ",0";
  list += "]}";
  EXPECT_FALSE(fetch::ParsePruned(many, {"items"}));  // no number begins with 00
  EXPECT_TRUE(fetch::ParsePruned(list, {"items"}));
  const auto bounded = fetch::ParsePruned(list, {"items"}, {.max_values = 1000});
  ASSERT_FALSE(bounded);
  EXPECT_EQ(bounded.error().message, "more than 1000 values");
  EXPECT_TRUE(fetch::ParsePruned(list, {"other"}, {.max_values = 1000})) << "what is skipped does not count";
}

TEST(PodListTest, PodsBeyondTheBoundAreLeftOutAlsoOfLaterPages) {
  std::string items;
  for (int i = 0; i < 10'000; ++i) items += (i > 0 ? "," : "") + PodJson("u" + std::to_string(i));
  PodList list = ListOf(items);
  EXPECT_GT(list.pods.size(), 1000U);
  EXPECT_EQ(list.pods.size() + list.left_out, 10'000U);
  EXPECT_EQ(list.left_out_because, "shop/web: there are too many pods and containers");
  const size_t kept = list.pods.size();
  list.Append(ListOf(items));
  EXPECT_EQ(list.pods.size(), kept);
  EXPECT_EQ(list.pods.size() + list.left_out, 20'000U);
}

TEST(PodListTest, LongNamesOfOwnersCountForTheBound) {
  const std::string metadata = R"({"metadata":{"uid":"u","name":"n","namespace":"s","ownerReferences":[{"kind":")" +
                               std::string(4000, 'k') + R"(","name":")" + std::string(4000, 'n') +
                               R"(","controller":true}]}})";
  std::string items = metadata;
  for (int i = 1; i < 300; ++i) items += "," + metadata;
  const PodList list = ListOf(items);
  EXPECT_GT(list.pods.size(), 100U);
  EXPECT_LT(list.pods.size() * 8000, kMaxPodFacts);
}

TEST(PodListTest, PagesAreOneListThatGoesOnWhereTheLastEnds) {
  PodList list = ListOf(PodJson("u1"));
  list.continue_token = "2";
  PodList page = ListOf(PodJson("u2") + ",7");
  page.resource_version = "9";
  list.Append(std::move(page));
  ASSERT_EQ(list.pods.size(), 2U);
  EXPECT_EQ(list.pods[1].pod.uid, "u2");
  EXPECT_EQ(list.left_out, 1U);
  EXPECT_EQ(list.left_out_because, "a pod without a name: it is no object");
  EXPECT_EQ(list.resource_version, "9");
  EXPECT_EQ(list.continue_token, "");
}

TEST(PodListTest, TellsWhereTheNextPageIs) {
  const auto list =
      ParsePodList(R"({"kind":"PodList","metadata":{"resourceVersion":"42","continue":"next"},"items":[]})");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->resource_version, "42");
  EXPECT_EQ(list->continue_token, "next");
}

WatchEvent EventOf(const std::string& line) {
  const auto event = ParseWatchEvent(line);
  EXPECT_TRUE(event) << event.error().message;
  return event ? *event : WatchEvent{};
}

TEST(WatchEventTest, TellsWhatHappened) {
  const std::string object = R"("object":{"metadata":{"uid":"u","name":"n","namespace":"s","resourceVersion":"9"}}})";
  const WatchEvent added = EventOf(R"({"type":"ADDED",)" + object);
  EXPECT_EQ(added.kind, WatchEvent::Kind::kSet);
  EXPECT_EQ(added.pod.pod, (workload::Pod{"u", "n", "s"}));
  EXPECT_EQ(added.resource_version, "9");
  EXPECT_EQ(EventOf(R"({"type":"MODIFIED",)" + object).kind, WatchEvent::Kind::kSet);
  EXPECT_EQ(EventOf(R"({"type":"DELETED",)" + object).kind, WatchEvent::Kind::kDeleted);
  EXPECT_EQ(EventOf(R"({"type":"PARTY",)" + object).kind, WatchEvent::Kind::kUnknown);
}

TEST(WatchEventTest, ABookmarkTellsOnlyTheVersion) {
  const WatchEvent event = EventOf(R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"77"}}})");
  EXPECT_EQ(event.kind, WatchEvent::Kind::kBookmark);
  EXPECT_EQ(event.resource_version, "77");
  EXPECT_EQ(event.left_out_because, "");
}

TEST(WatchEventTest, AnErrorTellsItsCode) {
  const WatchEvent event =
      EventOf(R"({"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old resource version"}})");
  EXPECT_EQ(event.kind, WatchEvent::Kind::kError);
  EXPECT_EQ(event.error_code, 410U);
  EXPECT_EQ(event.error_message, "too old resource version");
  EXPECT_EQ(EventOf(R"({"type":"ERROR","object":{"code":"410"}})").error_code, 0U);
  EXPECT_EQ(EventOf(R"({"type":"ERROR","object":{"code":-1}})").error_code, 0U);
}

TEST(WatchEventTest, AJunkPodStillMovesTheVersionOn) {
  const WatchEvent event = EventOf(R"({"type":"ADDED","object":{"metadata":{"resourceVersion":"5","name":"n"}}})");
  EXPECT_EQ(event.left_out_because, "/n: uid is missing");
  EXPECT_EQ(event.resource_version, "5");
}

TEST(WatchEventTest, WhatIsNoEventIsAnError) {
  for (const char* line : {"{}", "7", R"({"type":"ADDED"})", R"({"object":{}})", R"({"type":7,"object":{}})"}) {
    EXPECT_FALSE(ParseWatchEvent(line)) << line;
  }
}

TEST(MessageOfStatusTest, IsThatOfAStatusOnly) {
  EXPECT_EQ(MessageOfStatus(R"({"kind":"Status","message":"pods is forbidden"})"), "pods is forbidden");
  EXPECT_EQ(MessageOfStatus(R"({"kind":"PodList","message":"x"})"), "");
  EXPECT_EQ(MessageOfStatus("Forbidden"), "");
}

}  // namespace
}  // namespace brahe::kube
