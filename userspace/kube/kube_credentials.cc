#include "userspace/kube/kube_credentials.h"

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <utility>

#include "userspace/base/base64.h"
#include "userspace/base/file.h"
#include "userspace/base/plain_text.h"
#include "userspace/base/yaml_keys.h"

namespace brahe::kube {
namespace {

constexpr size_t kMaxKubeconfig = 4 << 20;

// Keys that change who we are or whom we talk to, and that we do not do.
struct Unsupported {
  const char* key;
  const char* remedy;
};
constexpr Unsupported kUnsupported[] = {
    {"clusters.cluster.proxy-url", "not supported; give a server that is reached without a proxy"},
    {"clusters.cluster.tls-server-name", "not supported; give the server by the name in its certificate"},
    {"users.user.exec", "a program for this is not supported; give a token, a tokenFile or a client certificate"},
    {"users.user.auth-provider", "not supported; give a token, a tokenFile or a client certificate"},
    {"users.user.username", "not supported, as Kubernetes has no passwords any more; give a token"},
    {"users.user.as", "not supported; give the credentials of that user"},
};

// What is read; the rest of a kubeconfig is for others.
YamlTable MakeTable() {
  YamlTable table{.example = "contexts:", .keys = {{.name = "current-context"}}, .holds_secrets = true};
  for (const char* list : {"contexts", "clusters", "users"}) {
    table.keys.push_back({.name = list, .kind = YamlKind::kEntries});
    table.keys.push_back({.name = list + std::string(".name")});
  }
  for (const char* key : {"contexts.context.cluster", "contexts.context.user", "clusters.cluster.server",
                          "clusters.cluster.certificate-authority", "clusters.cluster.insecure-skip-tls-verify",
                          "users.user.client-certificate", "users.user.client-key", "users.user.tokenFile"}) {
    table.keys.push_back({.name = key});
  }
  for (const char* key : {"clusters.cluster.certificate-authority-data", "users.user.client-certificate-data",
                          "users.user.client-key-data", "users.user.token"}) {
    table.keys.push_back({.name = key, .kind = YamlKind::kSecret});
  }
  for (const Unsupported& one : kUnsupported) table.keys.push_back({.name = one.key, .kind = YamlKind::kTree});
  return table;
}

// Puts together what a kubeconfig gives. The first thing that is wrong with it is kept, and ends in the Error.
class KubeconfigReader {
 public:
  KubeconfigReader(const std::string& path, const std::vector<YamlGiven>& given) : path_(path), given_(given) {}

  Result<KubeCredentials> Read() {
    if (Text(0, "current-context").empty()) {
      return MakeError(path_ + ": current-context is missing; choose one with kubectl config use-context");
    }
    const size_t context = Named("context", 0, "current-context");
    const size_t cluster = Named("cluster", context, "contexts.context.cluster");
    const bool has_user = !Text(context, "contexts.context.user").empty();
    const size_t user = has_user ? Named("user", context, "contexts.context.user") : 0;
    for (const auto& [key, remedy] : kUnsupported) {
      for (const size_t entry : {cluster, user}) {
        if (FindGiven(given_, key, entry) != nullptr) Wrong(entry, key, remedy);
      }
    }
    KubeCredentials credentials;
    ReadCluster(cluster, credentials);
    ReadUser(user, credentials.identity);
    if (wrong_) return *wrong_;
    return credentials;
  }

 private:
  void Wrong(size_t entry, const std::string& key, const std::string& why) {
    const YamlGiven* given = FindGiven(given_, key, entry);
    if (!wrong_) wrong_ = MakeError((given != nullptr ? given->origin : path_ + ": " + key) + ": " + why);
  }

  std::string Text(size_t entry, const std::string& key) {
    const YamlGiven* given = FindGiven(given_, key, entry);
    return given != nullptr ? given->texts.front() : "";
  }

  // The entry of a list that the value of `key` is the name of.
  size_t Named(const std::string& member, size_t entry, const std::string& key) {
    const std::string name = Text(entry, key);
    for (const YamlGiven& one : given_) {
      if (one.key == member + "s.name" && one.texts.front() == name) return one.entry;
    }
    Wrong(entry, key, "there is no " + member + " called \"" + PlainLine(name) + "\"");
    return 0;
  }

  std::string Path(size_t entry, const std::string& key) {
    const std::string path = Text(entry, key);
    return path.empty() ? "" : (std::filesystem::path(path_).parent_path() / path).string();
  }

  // KEY-data, else the file KEY.
  fetch::Pem ReadPem(size_t entry, const std::string& key) {
    const std::string data = Text(entry, key + "-data");
    if (data.empty()) return {.file = Path(entry, key)};
    const auto content = DecodeBase64(data);
    if (!content || content->empty()) Wrong(entry, key + "-data", "not base64");
    return {.content = content.value_or("")};
  }

  void ReadCluster(size_t entry, KubeCredentials& credentials) {
    credentials.server = WithoutSlashAtEnd(Text(entry, "clusters.cluster.server"));
    if (const Status checked = fetch::CheckUrl(credentials.server); !checked) {
      Wrong(entry, "clusters.cluster.server", checked.error().message);
    }
    credentials.identity.ca = ReadPem(entry, "clusters.cluster.certificate-authority");
    const std::string insecure = Text(entry, "clusters.cluster.insecure-skip-tls-verify");
    if (!insecure.empty() && insecure != "true" && insecure != "false") {
      Wrong(entry, "clusters.cluster.insecure-skip-tls-verify", "true or false is expected");
    }
    credentials.identity.insecure = insecure == "true";
  }

  void ReadUser(size_t entry, fetch::HttpIdentity& identity) {
    identity.client_certificate = ReadPem(entry, "users.user.client-certificate");
    identity.client_key = ReadPem(entry, "users.user.client-key");
    identity.token = Text(entry, "users.user.token");
    identity.token_file = Path(entry, "users.user.tokenFile");
    if (identity.client_certificate.empty() != identity.client_key.empty()) {
      Wrong(entry, "users.user", "of client-certificate and client-key one is missing");
    }
  }

  const std::string& path_;
  const std::vector<YamlGiven>& given_;
  std::optional<Error> wrong_;
};

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

Result<KubeCredentials> ReadKubeconfig(const std::string& path) {
  const auto content = ReadFile(path, kMaxKubeconfig + 1);
  if (!content) return Error{content.error().code, content.error().message + "; kube.config names it"};
  if (content->size() > kMaxKubeconfig) return MakeError(path + ": longer than 4 MiB; this is no kubeconfig");
  const auto given = ReadYamlKeys(path, *content, MakeTable());
  if (!given) return given.error();
  return KubeconfigReader(path, *given).Read();
}

InClusterPlace InClusterPlaceOfEnvironment() {
  InClusterPlace place;
  place.host = Variable("KUBERNETES_SERVICE_HOST");
  place.port = Variable("KUBERNETES_SERVICE_PORT");
  return place;
}

Result<KubeCredentials> InClusterCredentials(const InClusterPlace& place) {
  if (place.host.empty() || place.port.empty()) {
    return MakeError(
        "not in a pod (KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set): name a kubeconfig file with "
        "kube.config");
  }
  const bool is_ipv6 = place.host.find(':') != std::string::npos;
  KubeCredentials credentials;
  credentials.server = "https://" + (is_ipv6 ? "[" + place.host + "]" : place.host) + ":" + place.port;
  if (const Status checked = fetch::CheckUrl(credentials.server); !checked) {
    return MakeError("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT: " + checked.error().message);
  }
  credentials.identity.token_file = place.folder + "/token";
  credentials.identity.ca.file = place.folder + "/ca.crt";
  for (const std::string& file : {credentials.identity.token_file, credentials.identity.ca.file}) {
    if (const auto opened = OpenForReading(file); !opened) {
      return Error{opened.error().code, opened.error().message +
                                            "; give the pod a service account (automountServiceAccountToken) or name a "
                                            "kubeconfig file with kube.config"};
    }
  }
  return credentials;
}

}  // namespace brahe::kube
