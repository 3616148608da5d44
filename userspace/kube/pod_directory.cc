#include "userspace/kube/pod_directory.h"

#include <algorithm>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/base/plain_text.h"
#include "userspace/fetch/curl_library.h"
#include "userspace/fetch/http_fetch.h"
#include "userspace/kube/api_server_pods.h"
#include "userspace/kube/following_directory.h"
#include "userspace/kube/kube_credentials.h"
#include "userspace/kube/kubelet_pods.h"

namespace brahe::kube {
namespace {

Result<KubeCredentials> ReadCredentials(const PodDirectoryOptions& options) {
  return options.kubeconfig.empty() ? InClusterCredentials(InClusterPlaceOfEnvironment())
                                    : ReadKubeconfig(options.kubeconfig);
}

// An Error unless `name` may be the name of a node: that of a host, as Kubernetes has it.
Status CheckNodeName(const std::string& name) {
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; };
  if (!name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), is_plain)) return {};
  return MakeError("kube.nodeName: \"" + PlainLine(name) + "\" is not the name of a node; see kubectl get nodes");
}

// The URL of the kubelet's list.
Result<std::string> KubeletUrl(const PodDirectoryOptions& options) {
  std::string url = options.kubelet_url;
  if (url.empty()) {
    if (const Status checked = CheckNodeName(options.node_name); !checked) return checked.error();
    url = "https://" + options.node_name + ":10250";
  }
  if (const Status checked = fetch::CheckUrl(url); !checked) {
    return MakeError("kube.kubelet.url: " + checked.error().message);
  }
  const size_t host = url.find("://") + 3;
  const size_t path = url.find('/', host);
  if (path == std::string::npos) url += "/pods";
  if (path != std::string::npos && path + 1 == url.size()) url += "pods";
  return url;
}

Result<std::unique_ptr<PodSource>> MakeKubeletPods(const PodDirectoryOptions& options) {
  const auto url = KubeletUrl(options);
  if (!url) return url.error();
  fetch::HttpIdentity identity;
  if (url->starts_with("https://")) {
    auto credentials = ReadCredentials(options);
    if (!credentials) return credentials.error();
    identity = std::move(credentials->identity);
    // What a kubeconfig says of this holds for its server only.
    identity.insecure = options.kubelet_insecure;
  }
  if (!options.kubelet_ca_file.empty()) {
    if (const auto opened = OpenForReading(options.kubelet_ca_file); !opened) {
      return Error{opened.error().code, "kube.kubelet.caFile: " + opened.error().message};
    }
    identity.ca = {.file = options.kubelet_ca_file};
  }
  return std::unique_ptr<PodSource>(std::make_unique<KubeletPods>(*url, std::move(identity), options.poll_interval));
}

Result<std::unique_ptr<PodSource>> MakeApiServerPods(const PodDirectoryOptions& options, const Clock& clock) {
  if (const Status checked = CheckNodeName(options.node_name); !checked) return checked.error();
  auto credentials = ReadCredentials(options);
  if (!credentials) return credentials.error();
  return std::unique_ptr<PodSource>(std::make_unique<ApiServerPods>(
      *std::move(credentials), ApiServerPods::Options{.node_name = options.node_name}, clock));
}

}  // namespace

Result<std::unique_ptr<PodDirectory>> MakePodDirectory(const PodDirectoryOptions& options, const Clock& clock) {
  if (!fetch::Curl()) return fetch::Curl().error();
  auto source = options.mode == "apiserver" ? MakeApiServerPods(options, clock) : MakeKubeletPods(options);
  if (!source) return source.error();
  return std::unique_ptr<PodDirectory>(
      std::make_unique<FollowingDirectory>(*std::move(source), FollowingDirectory::Options{}, clock));
}

}  // namespace brahe::kube
