#include "userspace/kube/kube_credentials.h"

#include <gtest/gtest.h>

#include "userspace/base/temp_tree.h"

namespace brahe::kube {
namespace {

// A kubeconfig whose cluster and user hold these members, in YAML's flow style.
std::string Kubeconfig(const std::string& cluster, const std::string& user) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: here\n"
         "contexts:\n- {name: there, context: {cluster: x, user: y}}\n- {name: here, context: {cluster: c, user: u}}\n"
         "clusters:\n- {name: x, cluster: {server: 'https://wrong'}}\n- {name: c, cluster: {" +
         cluster +
         "}}\n"
         "users:\n- {name: u, user: {" +
         user + "}}\n";
}

class KubeconfigTest : public testing::Test {
 protected:
  KubeCredentials Read(const std::string& content) {
    tree_.Write("kubeconfig", content);
    const auto credentials = ReadKubeconfig(tree_.At("kubeconfig"));
    EXPECT_TRUE(credentials) << credentials.error().message;
    return credentials ? *credentials : KubeCredentials{};
  }
  // Without the folder.
  std::string ErrorOf(const std::string& content) {
    tree_.Write("kubeconfig", content);
    const auto credentials = ReadKubeconfig(tree_.At("kubeconfig"));
    if (credentials) return "";
    const std::string& message = credentials.error().message;
    EXPECT_TRUE(message.starts_with(tree_.At("kubeconfig:"))) << message;
    return message.substr(tree_.path().size() + 1);
  }

  TempTree tree_;
};

TEST_F(KubeconfigTest, TheCurrentContextChoosesClusterAndUser) {
  const KubeCredentials read = Read(Kubeconfig("server: 'https://10.0.0.1:6443/'", "token: secret"));
  EXPECT_EQ(read.server, "https://10.0.0.1:6443");
  EXPECT_EQ(read.identity.token, "secret");
  EXPECT_FALSE(read.identity.insecure);
  EXPECT_TRUE(read.identity.ca.empty());
}

TEST_F(KubeconfigTest, PathsAreRelativeToItsFolder) {
  const KubeCredentials read = Read(Kubeconfig("server: 'https://h', certificate-authority: pki/ca.crt",
                                               "tokenFile: token, client-certificate: /etc/c.crt, client-key: c.key"));
  EXPECT_EQ(read.identity.ca.file, tree_.At("pki/ca.crt"));
  EXPECT_EQ(read.identity.token_file, tree_.At("token"));
  EXPECT_EQ(read.identity.client_certificate.file, "/etc/c.crt");
  EXPECT_EQ(read.identity.client_key.file, tree_.At("c.key"));
}

TEST_F(KubeconfigTest, DataWinsOverAFile) {
  const KubeCredentials read =
      Read(Kubeconfig("server: 'https://h', certificate-authority: ca.crt, certificate-authority-data: Q0E=",
                      "client-certificate-data: Q0VSVA==, client-key-data: S0VZ"));
  EXPECT_EQ(read.identity.ca.content, "CA");
  EXPECT_EQ(read.identity.ca.file, "");
  EXPECT_EQ(read.identity.client_certificate.content, "CERT");
  EXPECT_EQ(read.identity.client_key.content, "KEY");
}

TEST_F(KubeconfigTest, InsecureMustBeSaid) {
  EXPECT_TRUE(Read(Kubeconfig("server: 'https://h', insecure-skip-tls-verify: true", "")).identity.insecure);
  EXPECT_FALSE(Read(Kubeconfig("server: 'https://h', insecure-skip-tls-verify: false", "")).identity.insecure);
  EXPECT_EQ(ErrorOf(Kubeconfig("server: 'https://h', insecure-skip-tls-verify: perhaps", "")),
            "kubeconfig:9: clusters.cluster.insecure-skip-tls-verify: true or false is expected");
}

TEST_F(KubeconfigTest, WhatIsNotSupportedIsNamed) {
  EXPECT_EQ(ErrorOf(Kubeconfig("server: 'https://h'", "exec: {command: aws}")),
            "kubeconfig:11: users.user.exec: a program for this is not supported; give a token, a tokenFile or a "
            "client certificate");
  for (const char* user : {"auth-provider: {name: gcp}", "username: admin", "as: root"}) {
    EXPECT_NE(ErrorOf(Kubeconfig("server: 'https://h'", user)).find(": not supported"), std::string::npos) << user;
  }
  for (const char* cluster : {"proxy-url: 'http://p'", "tls-server-name: n"}) {
    EXPECT_NE(ErrorOf(Kubeconfig(std::string("server: 'https://h', ") + cluster, "")).find(": not supported"),
              std::string::npos)
        << cluster;
  }
}

TEST_F(KubeconfigTest, AUserMayHaveNoCredentials) {
  const std::string before =
      "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n"
      "clusters: [{name: c, cluster: {server: 'https://h'}}]\n";
  for (const char* user : {"user: {}", "user:", "user: null", ""}) {
    const KubeCredentials read = Read(before + "users:\n- name: u\n  " + user + "\n");
    EXPECT_EQ(read.server, "https://h") << user;
    EXPECT_EQ(read.identity.token, "") << user;
  }
  EXPECT_EQ(ErrorOf(before + "users:\n- name: u\n  user: 7\n"),
            "kubeconfig:6: users.user: a section with keys of its own is expected, not a single value");
}

TEST_F(KubeconfigTest, MergeKeysWork) {
  EXPECT_EQ(Read(Kubeconfig("<<: {server: 'https://h'}", "<<: {token: t}")).identity.token, "t");
  EXPECT_NE(ErrorOf(Kubeconfig("server: 'https://h'", "<<: 7")), "");
}

TEST_F(KubeconfigTest, MissingPartsAreNamed) {
  EXPECT_EQ(ErrorOf(""), "kubeconfig: current-context is missing; choose one with kubectl config use-context");
  EXPECT_EQ(ErrorOf("- a\n- b\n"), "kubeconfig:1: sections such as \"contexts:\" are expected, not a list");
  EXPECT_EQ(ErrorOf("current-context: x\n"), "kubeconfig:1: current-context: there is no context called \"x\"");
  EXPECT_EQ(ErrorOf("current-context: x\ncontexts: 7\n"),
            "kubeconfig:2: contexts: a list is expected, not a single value");
  EXPECT_EQ(ErrorOf("current-context: x\ncontexts: [{name: x, context: {cluster: y}}]\n"),
            "kubeconfig:2: contexts.context.cluster: there is no cluster called \"y\"");
  EXPECT_EQ(ErrorOf("current-context: x\ncontexts: [{name: x, context: {cluster: y, user: z}}]\n"
                    "clusters: [{name: y, cluster: {server: 'https://h'}}]\n"),
            "kubeconfig:2: contexts.context.user: there is no user called \"z\"");
  EXPECT_EQ(ErrorOf(Kubeconfig("", "token: t")),
            "kubeconfig: clusters.cluster.server: \"\" is not a URL (such as https://10.0.0.7:10250)");
  EXPECT_EQ(ErrorOf(Kubeconfig("server: 'https://h'", "client-key: k")),
            "kubeconfig: users.user: of client-certificate and client-key one is missing");
  EXPECT_EQ(ErrorOf(Kubeconfig("server: {a: b}", "")),
            "kubeconfig:9: clusters.cluster.server: a single value is expected, not a map");
}

TEST_F(KubeconfigTest, BadValuesAreNamed) {
  EXPECT_EQ(ErrorOf(Kubeconfig("server: 'https://h', certificate-authority-data: '%%'", "")),
            "kubeconfig:9: clusters.cluster.certificate-authority-data: not base64");
  EXPECT_EQ(ErrorOf(Kubeconfig("server: 'ftp://h'", "")),
            "kubeconfig:9: clusters.cluster.server: \"ftp://h\" begins with neither http:// nor https://");
  EXPECT_NE(ErrorOf("a: [\n").find("not valid YAML: "), std::string::npos);
  const auto missing = ReadKubeconfig(tree_.At("none"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "open " + tree_.At("none") + ": No such file or directory; kube.config names it");
}

TEST_F(KubeconfigTest, AKeyThatIsReadMayBeGivenOnlyOnce) {
  EXPECT_EQ(ErrorOf(Kubeconfig("server: 'https://h'", "token: a, token: b")),
            "kubeconfig:11: users.user.token: given twice");
  EXPECT_EQ(Read(Kubeconfig("server: 'https://h', extensions: 1, extensions: 2", "token: t")).identity.token, "t");
}

TEST_F(KubeconfigTest, DocumentsInWhichNothingStandsDoNotCount) {
  const std::string whole = Kubeconfig("server: 'https://h'", "token: t");
  EXPECT_EQ(Read("---\n" + whole + "---\n").identity.token, "t");
  EXPECT_EQ(ErrorOf(whole + "---\na: b\n"), "kubeconfig:12: a second document begins; only one is expected");
}

TEST_F(KubeconfigTest, SecretsInTheWrongPlaceAreNotShown) {
  for (const char* user : {"tokenFile: \"-----BEGIN secret\"", "tokenFile: [secret]", "token: *secret",
                           "client-key-data: secret!", "token: {secret: secret}"}) {
    const std::string error = ErrorOf(Kubeconfig("server: 'https://h'", user));
    EXPECT_NE(error, "") << user;
    EXPECT_EQ(error.find("secret"), std::string::npos) << error;
  }
}

TEST_F(KubeconfigTest, NestingBombsAreErrors) {
  EXPECT_NE(ErrorOf(std::string(100'000, '[')), "");
  EXPECT_NE(ErrorOf("a: &a [*a, *a]\ncurrent-context: *a\n"), "");
}

TEST(InClusterTest, TheVariablesAndTheServiceAccountSayAll) {
  TempTree tree;
  tree.Write("token", "t");
  tree.Write("ca.crt", "c");
  const auto read = InClusterCredentials({.folder = tree.path(), .host = "10.96.0.1", .port = "443"});
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->server, "https://10.96.0.1:443");
  EXPECT_EQ(read->identity.token_file, tree.At("token"));
  EXPECT_EQ(read->identity.ca.file, tree.At("ca.crt"));
  EXPECT_FALSE(read->identity.insecure);
  const auto v6 = InClusterCredentials({.folder = tree.path(), .host = "fd00::1", .port = "443"});
  ASSERT_TRUE(v6) << v6.error().message;
  EXPECT_EQ(v6->server, "https://[fd00::1]:443");
}

TEST(InClusterTest, OutsideAPodTheErrorSaysWhatToDo) {
  TempTree tree;
  const auto outside = InClusterCredentials({.folder = tree.path(), .host = "", .port = ""});
  ASSERT_FALSE(outside);
  EXPECT_EQ(outside.error().message,
            "not in a pod (KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set): name a kubeconfig file "
            "with kube.config");
  const auto no_account = InClusterCredentials({.folder = tree.path(), .host = "10.96.0.1", .port = "443"});
  ASSERT_FALSE(no_account);
  EXPECT_EQ(no_account.error().message,
            "open " + tree.At("token") +
                ": No such file or directory; give the pod a service account (automountServiceAccountToken) or name a "
                "kubeconfig file with kube.config");
}

TEST(CheckUrlTest, TakesHttpAndHttpsWithoutSecrets) {
  for (const char* url : {"https://n1:10250", "http://127.0.0.1:10255/pods", "https://[::1]:6443/x/"}) {
    EXPECT_TRUE(fetch::CheckUrl(url)) << url;
  }
  for (const char* url : {"", "n1:10250", "ftp://n1", "file:///etc/passwd", "https://", "https://a b", "https://a\n",
                          "https://u:p@h", "https://h/?q=1", "https://h/#f", "https://h:99999"}) {
    EXPECT_FALSE(fetch::CheckUrl(url)) << url;
  }
}

TEST(EscapedForQueryTest, EscapesAllButWhatIsPlain) {
  EXPECT_EQ(fetch::EscapedForQuery("n-1.x_~A9"), "n-1.x_~A9");
  EXPECT_EQ(fetch::EscapedForQuery("a=b&c d\xff/"), "a%3Db%26c%20d%FF%2F");
  EXPECT_EQ(fetch::EscapedForQuery(std::string("a\0+", 3)), "a%00%2B");
  EXPECT_EQ(fetch::EscapedForQuery(""), "");
}

}  // namespace
}  // namespace brahe::kube
