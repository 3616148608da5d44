#include "userspace/base/fuzz_input.h"
#include "userspace/base/temp_tree.h"
#include "userspace/fetch/http_fetch.h"
#include "userspace/kube/kube_credentials.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const brahe::TempTree tree;
  const std::string path = tree.At("kubeconfig");
  tree.Write("kubeconfig", brahe::TextOf(data, size));
  const auto read = brahe::kube::ReadKubeconfig(path);
  if (!read) {
    brahe::Require(read.error().message.starts_with(path + ":"), "an error names the file");
    brahe::RequireOneLine(read.error().message);
    return 0;
  }
  brahe::Require(brahe::fetch::CheckUrl(read->server).has_value(), "the server is a URL");
  brahe::Require(read->identity.client_certificate.empty() == read->identity.client_key.empty(),
                 "a certificate has a key");
  return 0;
}
