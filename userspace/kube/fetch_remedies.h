#pragma once

#include "userspace/fetch/http_fetch.h"

namespace brahe::kube {

// What to do where a kubelet or an API server does not answer as it should.
const fetch::FetchRemedies& KubeRemedies();

}  // namespace brahe::kube
