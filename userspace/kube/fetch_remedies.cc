#include "userspace/kube/fetch_remedies.h"

#include "userspace/kube/pod_list.h"

namespace brahe::kube {
namespace {

using fetch::FetchCause;

constexpr fetch::StatusRule kStatusRules[] = {
    {400, FetchCause::kStatus, "Bad Request: is this the port of TLS? Then the URL begins with https"},
    {401, FetchCause::kUnauthorized, "Unauthorized: the token or client certificate is not accepted; renew it"},
    {403, FetchCause::kForbidden,
     "Forbidden: grant this account get on nodes/proxy for the kubelet (from Kubernetes 1.33 on, nodes/pods suffices), "
     "list and watch on pods for the API server"},
    {404, FetchCause::kStatus, "Not Found: is this the address of a kubelet or an API server?"},
    {410, FetchCause::kExpired, "Gone: the list is too old to be continued; it is fetched anew"},
    {429, FetchCause::kStatus, "Too Many Requests: it is asked again later"},
};

constexpr fetch::FetchRemedies kRemedies = {
    .trust =
        "if this is the right server, give its address as its certificate has it (kube.kubelet.url, or server of "
        "the kubeconfig), or the file of who signed it (kube.kubelet.caFile, or certificate-authority)",
    .no_trust =
        "the authorities that this system trusts cannot be read; name the right one as certificate-authority "
        "of the kubeconfig, or as kube.kubelet.caFile",
    .own_trust = "check certificate-authority of the kubeconfig, or kube.kubelet.caFile",
    .own_certificate = "check client-certificate and client-key of the kubeconfig",
    .statuses = kStatusRules,
    .message_of = &MessageOfStatus,
};

}  // namespace

const fetch::FetchRemedies& KubeRemedies() { return kRemedies; }

}  // namespace brahe::kube
