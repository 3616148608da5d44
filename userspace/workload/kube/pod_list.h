#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/workload/workload.h"

namespace brahe {

// What Kubernetes tells of one pod.
struct PodFacts {
  struct ContainerName {
    std::string id;  // without "containerd://"
    std::string name;
    bool operator==(const ContainerName&) const = default;
  };

  Pod pod;
  std::string api_uid;                    // what Kubernetes tells it from all others by; not pod.uid in a mirror
  std::vector<std::string> other_uids;    // that the pod may be asked for by, besides pod.uid
  std::vector<ContainerName> containers;  // of all kinds, with the one that ran before a restart
  bool operator==(const PodFacts&) const = default;
};

struct PodList {
  std::vector<PodFacts> pods;
  size_t left_out = 0;           // pods that cannot be used
  std::string left_out_because;  // of the first of these
  std::string resource_version;
  std::string continue_token;  // of the next page; empty: this is the last
};

// One line of a watch.
struct WatchEvent {
  enum class Kind { kSet, kDeleted, kBookmark, kError, kUnknown } kind = Kind::kUnknown;
  PodFacts pod = {};                  // of kSet and kDeleted
  std::string left_out_because = {};  // not empty: the pod cannot be used
  std::string resource_version = {};  // to go on from; empty: not told
  uint64_t error_code = 0;            // of kError, as of HTTP
  std::string error_message = {};
};

// Reads a v1 PodList, of a kubelet or of one page of the API server. A pod of which any field that we need is missing
// or of a wrong type is left out; the others stay. The Error says what is wrong with the whole.
Result<PodList> ParsePodList(std::string_view body);
Result<WatchEvent> ParseWatchEvent(std::string_view line);

// The message of a v1 Status, with which the API server explains an error; empty if it is none.
std::string MessageOfStatus(std::string_view body);

}  // namespace brahe
