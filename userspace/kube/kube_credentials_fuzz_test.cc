#include <gtest/gtest.h>

#include <algorithm>

#include "userspace/base/fuzz.h"
#include "userspace/base/temp_tree.h"
#include "userspace/kube/kube_credentials.h"

namespace brahe::kube {
namespace {

const std::vector<std::string> kCorpus = {
    "apiVersion: v1\nkind: Config\ncurrent-context: a@b\npreferences: {}\nclusters:\n- name: b\n  cluster:\n"
    "    server: https://10.0.0.1:6443/\n    certificate-authority-data: Q0E=\n    insecure-skip-tls-verify: false\n"
    "contexts:\n- name: a@b\n  context: {cluster: b, user: a, namespace: shop}\nusers:\n- name: a\n  user:\n"
    "    client-certificate-data: |\n      Q0VS\n      VA==\n    client-key: a.key\n    token: hunter2\n",
    "x: &x {server: 'http://h', proxy-url: ''}\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: c}}]\n"
    "clusters: [{name: c, cluster: {<<: *x}}, {name: d, cluster: *x}]\nusers: [{name: u, user: {exec: {command: "
    "x}}}]\n",
};

// Long enough to tell what grows faster than the text, short enough for sanitizers.
constexpr size_t kLongest = 1 << 17;

TEST(KubeCredentialsFuzzTest, WhatHoldsForEveryFileHoldsForStrangeOnes) {
  const TempTree tree;
  const std::string path = tree.At("kubeconfig");
  size_t accepted = 0;
  Fuzz(kCorpus, [&](const std::string& text) {
    tree.Write("kubeconfig", text.substr(0, kLongest));
    const auto read = ReadKubeconfig(path);
    if (!read) {
      const std::string& message = read.error().message;
      ASSERT_TRUE(message.starts_with(path + ":")) << message;
      ASSERT_TRUE(std::none_of(message.begin(), message.end(), [](unsigned char c) { return c < ' '; })) << message;
      return;
    }
    ++accepted;
    ASSERT_TRUE(fetch::CheckUrl(read->server)) << read->server;
    ASSERT_EQ(read->identity.client_certificate.empty(), read->identity.client_key.empty());
  });
  EXPECT_GT(accepted, 100U);
}

}  // namespace
}  // namespace brahe::kube
