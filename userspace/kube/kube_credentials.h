#pragma once

#include <string>

#include "userspace/base/result.h"
#include "userspace/fetch/http_fetch.h"

namespace brahe::kube {

// An API server, and who we are there. A kubelet takes the same identity.
struct KubeCredentials {
  std::string server;  // "https://HOST:PORT", without a slash at its end
  fetch::HttpIdentity identity;
};

// Those of the current context of a kubeconfig file. Paths in it are relative to its folder. What it asks for and we do
// not do, such as a program that fetches a token, is an Error that names it.
Result<KubeCredentials> ReadKubeconfig(const std::string& path);

// What Kubernetes gives to a process in a pod.
struct InClusterPlace {
  std::string folder = "/var/run/secrets/kubernetes.io/serviceaccount";
  std::string host;  // the variable KUBERNETES_SERVICE_HOST
  std::string port;  // KUBERNETES_SERVICE_PORT
};
InClusterPlace InClusterPlaceOfEnvironment();
Result<KubeCredentials> InClusterCredentials(const InClusterPlace& place);

}  // namespace brahe::kube
