#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace brahe::kube {

// What a pod tells of itself that its owner can be found by. Empty: not told.
struct OwnerHints {
  // Of the owner reference that is the controller's.
  std::string api_version = {};
  std::string kind = {};
  std::string name = {};

  std::string pod_name = {};
  std::string node_name = {};
  bool is_static = false;                 // the kubelet's own, as it says
  std::string deployment_hash = {};       // label pod-template-hash
  std::string rollout_hash = {};          // label rollouts-pod-template-hash, of Argo Rollouts
  std::optional<int64_t> created_s = {};  // seconds since the epoch
};

struct PodOwner {
  std::string kind = {}, name = {};  // both empty: nothing manages the pod
  bool operator==(const PodOwner&) const = default;
};

// Who manages a pod, as a user would name it, found from the pod alone so that no right to read anything else is
// needed: for a ReplicaSet its Deployment or Rollout, for a Job its CronJob, where the names show it; for a static pod
// "StaticPod" and its name without the node's; else the controller itself. docs/pods.md says how sure that is.
PodOwner OwnerOf(OwnerHints hints);

// A time as Kubernetes writes it, 2026-11-30T10:43:13Z, in seconds since the epoch; nullopt if it is none.
std::optional<int64_t> SecondsOfTime(std::string_view text);

}  // namespace brahe::kube
