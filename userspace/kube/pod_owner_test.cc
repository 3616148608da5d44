#include "userspace/kube/pod_owner.h"

#include <gtest/gtest.h>

namespace brahe::kube {
namespace {

constexpr int64_t kCreated = 1796035393;  // 2026-11-30T10:43:13Z, in minute 29933923

OwnerHints JobCalled(const std::string& name) {
  return {.api_version = "batch/v1", .kind = "Job", .name = name, .pod_name = name + "-x2", .created_s = kCreated};
}

OwnerHints SetCalled(const std::string& name, const std::string& hash, const std::string& rollout_hash = "") {
  return {.api_version = "apps/v1",
          .kind = "ReplicaSet",
          .name = name,
          .pod_name = name + "-x2",
          .deployment_hash = hash,
          .rollout_hash = rollout_hash};
}

TEST(PodOwnerTest, AReplicaSetThatIsCalledByItsPodsHashIsOfADeployment) {
  EXPECT_EQ(OwnerOf(SetCalled("web-5b9f", "5b9f")), (PodOwner{"Deployment", "web"}));
  EXPECT_EQ(OwnerOf(SetCalled("web-front-5b9f", "5b9f")), (PodOwner{"Deployment", "web-front"}));
  OwnerHints old = SetCalled("web-123", "123");
  old.api_version = "extensions/v1beta1";
  EXPECT_EQ(OwnerOf(old), (PodOwner{"Deployment", "web"}));
}

TEST(PodOwnerTest, OrOfARolloutIfTheHashIsArgos) {
  EXPECT_EQ(OwnerOf(SetCalled("web-77c", "", "77c")), (PodOwner{"Rollout", "web"}));
  EXPECT_EQ(OwnerOf(SetCalled("web-77c", "5b9f", "77c")), (PodOwner{"Rollout", "web"}));
  EXPECT_EQ(OwnerOf(SetCalled("web-5b9f", "5b9f", "77c")), (PodOwner{"Deployment", "web"}));
}

TEST(PodOwnerTest, AnyOtherReplicaSetIsItself) {
  const OwnerHints others[] = {SetCalled("web-5b9f", ""),     SetCalled("web-5b9f", "5b9"),
                               SetCalled("web-5b9f", "b9f"),  SetCalled("-5b9f", "5b9f"),
                               SetCalled("5b9f", "5b9f"),     SetCalled("web", "5b9f"),
                               SetCalled("web-5b9f", "-5b9f")};
  for (const OwnerHints& hints : others) EXPECT_EQ(OwnerOf(hints), (PodOwner{"ReplicaSet", hints.name})) << hints.name;
  OwnerHints foreign = SetCalled("web-5b9f", "5b9f");
  for (const char* version : {"", "apps", "apps.example.com/v1", "example.com/v1"}) {
    foreign.api_version = version;
    EXPECT_EQ(OwnerOf(foreign).kind, "ReplicaSet") << version;
  }
}

TEST(PodOwnerTest, AJobThatIsCalledByAMinuteBeforeItsPodIsOfACronJob) {
  for (const char* name : {"night-29933923", "night-29933924", "night-29933920", "night-29932490"}) {
    EXPECT_EQ(OwnerOf(JobCalled(name)), (PodOwner{"CronJob", "night"})) << name;
  }
  EXPECT_EQ(OwnerOf(JobCalled("night-2-29933923")), (PodOwner{"CronJob", "night-2"}));
}

TEST(PodOwnerTest, OrByTheSecondAsBeforeKubernetes121) {
  EXPECT_EQ(OwnerOf(JobCalled("night-1796035380")), (PodOwner{"CronJob", "night"}));
  EXPECT_EQ(OwnerOf(JobCalled("night-1796035393")).kind, "Job") << "no schedule names a second";
}

TEST(PodOwnerTest, AnyOtherJobIsItself) {
  for (const char* name :
       {"backup-12345678", "backup-20261130", "backup-30112026", "backup-29933930", "backup-29932480", "backup",
        "-29933923", "29933923", "backup-2993392", "backup-029933923", "backup-2993392x", "backup--9933923",
        "backup29933923", "backup-18446744073709551616", "backup-00000000", "backup-1796121840", "backup-", "-"}) {
    EXPECT_EQ(OwnerOf(JobCalled(name)), (PodOwner{"Job", name}));
  }
  OwnerHints hints = JobCalled("night-29933923");
  hints.created_s.reset();
  EXPECT_EQ(OwnerOf(hints).kind, "Job");
  hints = JobCalled("night-29933923");
  hints.api_version = "batch.volcano.sh/v1alpha1";
  EXPECT_EQ(OwnerOf(hints).kind, "Job");
}

TEST(PodOwnerTest, AStaticPodIsCalledTheSameOnEveryNode) {
  const OwnerHints kubelets = {.pod_name = "etcd-node-a", .node_name = "Node-A", .is_static = true};
  const OwnerHints mirror = {.api_version = "v1", .kind = "Node", .name = "Node-A", .pod_name = "etcd-node-a"};
  for (const OwnerHints& hints : {kubelets, mirror}) EXPECT_EQ(OwnerOf(hints), (PodOwner{"StaticPod", "etcd"}));
  OwnerHints other = mirror;
  other.pod_name = "etcd";
  EXPECT_EQ(OwnerOf(other), (PodOwner{"StaticPod", "etcd"}));
  other = kubelets;
  other.node_name = "";
  EXPECT_EQ(OwnerOf(other), (PodOwner{"StaticPod", "etcd-node-a"}));
}

TEST(PodOwnerTest, AControllerThatWeDoNotKnowIsTheOwner) {
  EXPECT_EQ(OwnerOf({.api_version = "postgresql.cnpg.io/v1", .kind = "Cluster", .name = "main", .pod_name = "main-1"}),
            (PodOwner{"Cluster", "main"}));
  EXPECT_EQ(OwnerOf({.api_version = "apps/v1", .kind = "DaemonSet", .name = "logs", .is_static = true}),
            (PodOwner{"DaemonSet", "logs"}));
}

TEST(PodOwnerTest, APodWithoutAControllerHasNone) {
  EXPECT_EQ(OwnerOf({.pod_name = "bare", .node_name = "n", .deployment_hash = "bare"}), PodOwner{});
  EXPECT_EQ(OwnerOf({.kind = "StatefulSet", .pod_name = "bare"}), PodOwner{});
  EXPECT_EQ(OwnerOf({.name = "x", .pod_name = "bare"}), PodOwner{});
}

TEST(SecondsOfTimeTest, ReadsWhatKubernetesWritesAndNothingElse) {
  EXPECT_EQ(SecondsOfTime("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(SecondsOfTime("2026-11-30T10:43:13Z"), kCreated);
  EXPECT_EQ(SecondsOfTime("2024-02-29T23:59:59Z"), 1709251199);
  for (const char* text :
       {"", "2026-11-30", "2026-11-30T10:43:13", "2026-11-30T10:43:13+01:00", "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-11-30T24:00:00Z", "2026-11-30T10:60:13Z", "2026-11-30 10:43:13Z",
        "+026-11-30T10:43:13Z", "2026-11--1T10:43:13Z", "2026-11-30T10:43:1\xffZ"}) {
    EXPECT_EQ(SecondsOfTime(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace brahe::kube
