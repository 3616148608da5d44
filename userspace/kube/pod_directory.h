#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/result.h"
#include "userspace/base/units.h"
#include "userspace/fetch/fetch_failure.h"
#include "userspace/workload/workload.h"

namespace brahe::kube {

// How a directory has fared since it was made.
struct PodDirectoryStats {
  uint64_t fetches = 0;                            // requests for the list, and watches
  std::map<fetch::FetchCause, uint64_t> failures;  // of these
  uint64_t pods_left_out = 0;                      // times that a pod was told of in a form that cannot be used
  uint64_t pods = 0;                               // on the node by the last news
  std::optional<Nanoseconds> last_success;         // CLOCK_MONOTONIC; nullopt: none yet
};

// Tells which pod and which of its containers an id belongs to. A thread of its own keeps it up to date and says what
// goes wrong; the last good news stays meanwhile. Pods and containers that have ended are known for some minutes more.
// Every call may come from any thread and never waits for the network.
class PodDirectory {
 public:
  virtual ~PodDirectory() = default;

  // `container_id` as in the cgroup's path, without the runtime's "containerd://". One that is not known makes the
  // directory look again soon, and ever more seldom if it stays unknown. The container that only holds a pod's
  // namespaces ("pause") is in nobody's list: ask FindPod with the uid in its path.
  virtual std::optional<workload::PodMember> FindContainer(const std::string& container_id) = 0;
  // `pod_uid` as in the cgroup's path, or as Kubernetes calls it: these differ for a static pod. The same of one that
  // is not known.
  virtual std::optional<workload::Pod> FindPod(const std::string& pod_uid) = 0;
  // Pods that have become known, or whose owner has, since this was asked last, but for those that have ended: with or
  // without containers that run.
  virtual std::vector<workload::Pod> TakeNews() = 0;
  [[nodiscard]] virtual PodDirectoryStats Stats() const = 0;
};

struct PodDirectoryOptions {
  std::string mode = "kubelet";  // or "apiserver"
  std::string node_name = {};    // as Kubernetes calls it; apiserver needs it, kubelet only without an address
  std::string kubeconfig = {};   // file; empty: as the pod that this process runs in
  Nanoseconds poll_interval = Seconds(15);  // kubelet only; so are the rest
  std::string kubelet_url = {};             // "https://ADDRESS:PORT"; empty: port 10250 of the node's name
  std::string kubelet_ca_file = {};         // who signed its certificate; empty: who signed the API server's
  bool kubelet_insecure = false;            // takes any certificate
};

// Starts a directory. An Error names the setting and the remedy; a server that does not answer is none: it is asked
// until it does. `clock` lives longer, and the process ignores SIGPIPE.
Result<std::unique_ptr<PodDirectory>> MakePodDirectory(const PodDirectoryOptions& options, const Clock& clock);

}  // namespace brahe::kube
