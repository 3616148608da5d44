#include "userspace/workload/kube/kube_credentials.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include "userspace/base/base64.h"
#include "userspace/base/file.h"
#include "userspace/base/plain_text.h"
#include "userspace/base/yaml_document.h"

namespace brahe {
namespace {

constexpr size_t kMaxKubeconfig = 4 << 20;

// A key that changes who we are or whom we talk to, and that we do not do.
struct Unsupported {
  const char* key;
  const char* remedy;
};
constexpr Unsupported kUnsupportedOfUser[] = {
    {"exec",
     "fetches credentials with a program, which is not supported; give a token, a tokenFile or a client "
     "certificate"},
    {"auth-provider", "is not supported; give a token, a tokenFile or a client certificate"},
    {"username", "is not supported, as Kubernetes has no passwords any more; give a token"},
    {"as", "is not supported; give the credentials of that user"},
};
constexpr Unsupported kUnsupportedOfCluster[] = {
    {"proxy-url", "is not supported; give a server that is reached without a proxy"},
    {"tls-server-name", "is not supported; give the server by the name in its certificate"},
};

std::string Folder(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash == 0 ? 1 : slash);
}

// Reads one kubeconfig. The first thing that is wrong with it is kept, and ends in the Error; YAML's exceptions pass
// through.
class KubeconfigReader {
 public:
  explicit KubeconfigReader(std::string path) : path_(std::move(path)) {}

  Result<KubeCredentials> Read(const YAML::Node& root) {
    const std::string current = Text(root, "current-context");
    if (!root.IsMap() || current.empty()) {
      return MakeError(path_ + ": current-context is missing; choose one with kubectl config use-context");
    }
    const YAML::Node context = Named(root, "contexts", "context", current);
    const YAML::Node cluster = Named(root, "clusters", "cluster", Text(context, "cluster"));
    KubeCredentials credentials;
    ReadCluster(cluster, credentials);
    if (const std::string user = Text(context, "user"); !user.empty()) {
      ReadUser(Named(root, "users", "user", user), credentials.identity);
    }
    if (wrong_) return *wrong_;
    return credentials;
  }

 private:
  void Wrong(const std::string& why) {
    if (!wrong_) wrong_ = MakeError(path_ + ": " + why);
  }

  // The entry of `list` that is called `name`: its member `member`.
  YAML::Node Named(const YAML::Node& root, const std::string& list, const std::string& member,
                   const std::string& name) {
    const YAML::Node entries = Child(root, list);
    if (entries.IsSequence()) {
      for (const YAML::Node& entry : entries) {
        if (Text(entry, "name") != name) continue;
        // Nothing, as templates leave it, is a member without keys: a user without credentials.
        if (const YAML::Node found = Child(entry, member); found.IsMap() || found.IsNull()) return found;
      }
    }
    Wrong("there is no " + member + " called \"" + PlainLine(name) + "\"");
    return {};
  }

  YAML::Node Child(const YAML::Node& map, const std::string& key) {
    if (!map.IsMap()) return {};
    const auto entries = YamlEntries(path_, map);
    if (!entries) {
      if (!wrong_) wrong_ = entries.error();
      return {};
    }
    const auto child = std::find_if(entries->begin(), entries->end(), [&](const YamlEntry& entry) {
      return entry.first.IsScalar() && entry.first.Scalar() == key;
    });
    return child != entries->end() ? child->second : YAML::Node();
  }

  std::string Text(const YAML::Node& map, const std::string& key) {
    const YAML::Node child = Child(map, key);
    if (child.IsNull()) return "";
    if (!child.IsScalar()) Wrong(key + ": a single value is expected");
    return child.IsScalar() ? child.Scalar() : "";
  }

  std::string Path(const YAML::Node& map, const std::string& key) {
    const std::string path = Text(map, key);
    return path.empty() || path.starts_with('/') ? path : Folder(path_) + "/" + path;
  }

  // KEY-data, else the file KEY.
  Pem ReadPem(const YAML::Node& map, const std::string& key) {
    const std::string data = Text(map, key + "-data");
    if (data.empty()) return {.file = Path(map, key)};
    const auto content = DecodeBase64(data);
    if (!content || content->empty()) Wrong(key + "-data: not base64");
    return {.content = content.value_or("")};
  }

  template <size_t kCount>
  void Refuse(const YAML::Node& map, const Unsupported (&unsupported)[kCount]) {
    for (const auto& [key, remedy] : unsupported) {
      if (!Child(map, key).IsNull()) Wrong(std::string(key) + " " + remedy);
    }
  }

  void ReadCluster(const YAML::Node& cluster, KubeCredentials& credentials) {
    Refuse(cluster, kUnsupportedOfCluster);
    credentials.server = WithoutSlashAtEnd(Text(cluster, "server"));
    if (const Status checked = CheckUrl(credentials.server); !checked) Wrong("server: " + checked.error().message);
    credentials.identity.ca = ReadPem(cluster, "certificate-authority");
    const std::string insecure = Text(cluster, "insecure-skip-tls-verify");
    if (!insecure.empty() && insecure != "true" && insecure != "false") {
      Wrong("insecure-skip-tls-verify: true or false is expected");
    }
    credentials.identity.insecure = insecure == "true";
  }

  void ReadUser(const YAML::Node& user, HttpIdentity& identity) {
    Refuse(user, kUnsupportedOfUser);
    identity.client_certificate = ReadPem(user, "client-certificate");
    identity.client_key = ReadPem(user, "client-key");
    identity.token = Text(user, "token");
    identity.token_file = Path(user, "tokenFile");
    if (identity.client_certificate.empty() != identity.client_key.empty()) {
      Wrong("of client-certificate and client-key one is missing");
    }
  }

  const std::string path_;
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
  try {
    return KubeconfigReader(path).Read(YAML::Load(*content));
  } catch (const YAML::Exception& e) {
    const std::string line = e.mark.is_null() ? "" : ":" + std::to_string(e.mark.line + 1);
    return MakeError(path + line + ": not valid YAML: " + PlainLine(e.msg));
  }
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
  if (const Status checked = CheckUrl(credentials.server); !checked) {
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

}  // namespace brahe
