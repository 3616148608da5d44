#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/kube/list_scanner.h"
#include "userspace/workload/workload.h"

namespace brahe::kube {

// What Kubernetes tells of one pod.
struct PodFacts {
  struct ContainerName {
    std::string id;  // without "containerd://"
    std::string name;
    bool operator==(const ContainerName&) const = default;
  };

  workload::Pod pod;
  std::string api_uid;                    // what Kubernetes tells it from all others by; not pod.uid in a mirror
  std::vector<std::string> other_uids;    // that the pod may be asked for by, besides pod.uid
  std::vector<ContainerName> containers;  // of all kinds, with the one that ran before a restart
  bool ended = false;                     // all its containers have, and none will be restarted
  bool operator==(const PodFacts&) const = default;
};

// Bytes of the longest pod that is read, its strings of more than kMaxPodString left out. etcd takes 1.5 MiB with them.
inline constexpr size_t kMaxPod = 1 << 20;
// As they stand in the text: what is read of a pod is much shorter.
inline constexpr size_t kMaxPodString = 24 << 10;

// About so many bytes of facts are kept: some 2000 pods, where nodes have some hundreds at most.
inline constexpr size_t kMaxPodFacts = 1 << 20;

struct PodList {
  // Leaves the pod out if there are too many.
  void Add(PodFacts pod);
  void LeaveOut(const std::string& because);
  // Adds what another page has, and goes on from there.
  void Append(PodList page);

  std::vector<PodFacts> pods;
  size_t bytes = 0;              // of what is known of them, about
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

// Reads a v1 PodList, of a kubelet or of one page of the API server, while it comes. A pod is left out of which any
// field that we need is missing or of a wrong type, or which is longer than kMaxPod; the others stay. Holds the text of
// one pod at a time and what it has learnt of the others. Not thread-safe.
class PodListParser {
 public:
  PodListParser();
  PodListParser(const PodListParser&) = delete;
  PodListParser& operator=(const PodListParser&) = delete;

  // The next piece of the text. False: it is no list, whatever may come yet; Finish says why.
  bool Take(std::string_view piece) { return scanner_.Take(piece); }
  // After the last piece. The Error says what is wrong with the whole.
  Result<PodList> Finish();

 private:
  Status TakeItem(const ListScanner::Item& item);

  PodList list_;
  ListScanner scanner_;
};

// The same of a text that is there as a whole.
Result<PodList> ParsePodList(std::string_view body);
Result<WatchEvent> ParseWatchEvent(std::string_view line);

// The message of a v1 Status, with which the API server explains an error; empty if it is none.
std::string MessageOfStatus(std::string_view body);

}  // namespace brahe::kube
