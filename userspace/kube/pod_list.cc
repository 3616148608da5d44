#include "userspace/kube/pod_list.h"

#include <cerrno>
#include <cstdint>
#include <optional>
#include <unordered_set>
#include <utility>

#include "userspace/fetch/pruned_json.h"
#include "userspace/kube/pod_owner.h"

namespace brahe::kube {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kConfigHash = "kubernetes.io/config.hash";
constexpr std::string_view kConfigMirror = "kubernetes.io/config.mirror";
constexpr std::string_view kConfigSource = "kubernetes.io/config.source";
constexpr std::string_view kDeploymentHash = "pod-template-hash";
constexpr std::string_view kRolloutHash = "rollouts-pod-template-hash";

const std::unordered_set<std::string_view>& KeysThatWeRead() {
  static const std::unordered_set<std::string_view> keys = {
      "kind",
      "metadata",
      "items",
      "resourceVersion",
      "continue",
      "name",
      "namespace",
      "uid",
      "annotations",
      kConfigHash,
      kConfigMirror,
      "status",
      "state",
      "phase",
      "containerStatuses",
      "initContainerStatuses",
      "lastState",
      "terminated",
      "type",
      "ephemeralContainerStatuses",
      "containerID",
      "object",
      "code",
      "message",
      "ownerReferences",
      "controller",
      "apiVersion",
      "labels",
      kDeploymentHash,
      kRolloutHash,
      "creationTimestamp",
      kConfigSource,
      "spec",
      "nodeName",
  };
  return keys;
}

const Json& Null() {
  static const Json null;
  return null;
}

// The member of an object; null if there is none, or no object.
const Json& Member(const Json& object, std::string_view key) {
  if (!object.is_object()) return Null();
  const auto found = object.find(key);
  return found == object.end() ? Null() : *found;
}

std::string TextOf(const Json& object, std::string_view key) {
  const Json& value = Member(object, key);
  return value.is_string() ? value.get<std::string>() : "";
}

// The runtime that "SCHEME://ID" tells of, as the rules for cgroup paths call it; empty if it is no such word.
std::string RuntimeOf(const std::string& scheme) {
  constexpr size_t kLongest = 32;
  constexpr const char* kCharacters = "abcdefghijklmnopqrstuvwxyz0123456789+-.";
  if (scheme == "cri-o") return "crio";
  const bool is_word = scheme.size() <= kLongest && scheme.find_first_not_of(kCharacters) == std::string::npos;
  return is_word ? scheme : "";
}

// The one of the owner references that is the controller's; null if there is none.
const Json& ControllerOf(const Json& metadata) {
  const Json& references = Member(metadata, "ownerReferences");
  if (!references.is_array()) return Null();
  for (const Json& reference : references) {
    if (Member(reference, "controller") == true) return reference;
  }
  return Null();
}

// Nothing of this is needed for the pod's other facts, so that what is of a wrong type counts as not told.
OwnerHints HintsOf(const Json& pod) {
  const Json& metadata = Member(pod, "metadata");
  const Json& controller = ControllerOf(metadata);
  const Json& labels = Member(metadata, "labels");
  const Json& annotations = Member(metadata, "annotations");
  const std::string source = TextOf(annotations, kConfigSource);
  return {.api_version = TextOf(controller, "apiVersion"),
          .kind = TextOf(controller, "kind"),
          .name = TextOf(controller, "name"),
          .pod_name = TextOf(metadata, "name"),
          .node_name = TextOf(Member(pod, "spec"), "nodeName"),
          .is_static = source == "file" || source == "http",
          .deployment_hash = TextOf(labels, kDeploymentHash),
          .rollout_hash = TextOf(labels, kRolloutHash),
          .created_s = SecondsOfTime(TextOf(metadata, "creationTimestamp"))};
}

// Reads one pod, and why it cannot be used if so.
class PodReader {
 public:
  Result<PodFacts> Read(const Json& pod) {
    if (!pod.is_object()) return MakeError("it is no object");
    ReadIdentity(Expect(pod, "metadata", Json::value_t::object));
    const Json& status = Expect(pod, "status", Json::value_t::object);
    for (const char* kind : {"containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"}) {
      for (const Json& container : Expect(status, kind, Json::value_t::array)) ReadContainer(container);
    }
    if (!junk_.empty()) return MakeError(junk_);
    PodOwner owner = OwnerOf(HintsOf(pod));
    facts_.pod.owner_kind = std::move(owner.kind);
    facts_.pod.owner_name = std::move(owner.name);
    const std::string phase = TextOf(status, "phase");
    facts_.ended = phase == "Succeeded" || phase == "Failed";
    return std::move(facts_);
  }

 private:
  void Junk(std::string why) {
    if (junk_.empty()) junk_ = std::move(why);
  }

  // The member, which is null or of `type`.
  const Json& Expect(const Json& object, const char* key, Json::value_t type) {
    const Json& member = Member(object, key);
    if (member.is_null() || member.type() == type) return member;
    Junk(std::string(key) + " is of a wrong type");
    return Null();
  }

  std::string Text(const Json& object, const char* key) {
    const Json& text = Expect(object, key, Json::value_t::string);
    return text.is_null() ? "" : text.get<std::string>();
  }

  std::string NeededText(const Json& object, const char* key) {
    std::string text = Text(object, key);
    if (text.empty()) Junk(std::string(key) + " is missing");
    return text;
  }

  // A static pod is the kubelet's own and lies in a cgroup called by a hash; in the API server's list its mirror stands
  // for it under another uid. Only a mirror's annotation counts as the pod's true uid: config.hash may be written by
  // whoever makes a pod.
  void ReadIdentity(const Json& metadata) {
    facts_.api_uid = NeededText(metadata, "uid");
    const Json& annotations = Expect(metadata, "annotations", Json::value_t::object);
    const std::string mirror = Text(annotations, kConfigMirror.data());
    const std::string hash = Text(annotations, kConfigHash.data());
    facts_.pod = {.uid = mirror.empty() ? facts_.api_uid : mirror,
                  .name = NeededText(metadata, "name"),
                  .name_space = NeededText(metadata, "namespace")};
    for (const std::string& other : {facts_.api_uid, hash}) {
      if (!other.empty() && other != facts_.pod.uid) facts_.other_uids.push_back(other);
    }
  }

  void ReadContainer(const Json& container) {
    if (!container.is_object()) return Junk("a container's status is of a wrong type");
    const std::string name = NeededText(container, "name");
    AddId(container, name);
    for (const char* state : {"state", "lastState"}) {
      const Json& of_state = Expect(container, state, Json::value_t::object);
      AddId(Expect(of_state, "terminated", Json::value_t::object), name);
    }
  }

  // Adds the id that `where` tells, if it does: a container that waits has none. The first one's runtime is the pod's:
  // a kubelet has one.
  void AddId(const Json& where, const std::string& name) {
    const std::string url = Text(where, "containerID");
    const size_t scheme = url.find("://");
    const std::string id = scheme == std::string::npos ? url : url.substr(scheme + 3);
    if (id.empty()) return;
    std::string& runtime = facts_.pod.runtime;
    if (runtime.empty() && scheme != std::string::npos) runtime = RuntimeOf(url.substr(0, scheme));
    PodFacts::ContainerName named{id, name};
    if (facts_.containers.empty() || facts_.containers.back() != named) facts_.containers.push_back(std::move(named));
  }

  PodFacts facts_;
  std::string junk_;
};

size_t BytesOf(const PodFacts& facts) {
  size_t bytes = sizeof facts + facts.api_uid.size() + facts.pod.uid.size() + facts.pod.name.size() +
                 facts.pod.name_space.size() + facts.pod.runtime.size() + facts.pod.owner_kind.size() +
                 facts.pod.owner_name.size();
  for (const std::string& uid : facts.other_uids) bytes += sizeof uid + uid.size();
  for (const auto& container : facts.containers)
    bytes += sizeof container + container.id.size() + container.name.size();
  return bytes;
}

// "NAMESPACE/NAME: why", as far as these are known.
std::string Describe(const Json& pod, const std::string& why) {
  const Json& metadata = Member(pod, "metadata");
  const std::string name = TextOf(metadata, "name");
  return (name.empty() ? "a pod without a name" : TextOf(metadata, "namespace") + "/" + name) + ": " + why;
}

// Of one pod; some hundreds are usual.
constexpr fetch::JsonBounds kBounds = {.max_values = 20'000};

// One pod of a list.
Result<Json> ParseItem(const ListScanner& scanner, const ListScanner::Item& item) {
  return fetch::ParsePruned(item.text, KeysThatWeRead(), kBounds,
                            [&](size_t position) { return scanner.PlaceInItem(item, position); });
}

WatchEvent::Kind KindOf(const std::string& type) {
  if (type == "ADDED" || type == "MODIFIED") return WatchEvent::Kind::kSet;
  if (type == "DELETED") return WatchEvent::Kind::kDeleted;
  if (type == "BOOKMARK") return WatchEvent::Kind::kBookmark;
  if (type == "ERROR") return WatchEvent::Kind::kError;
  return WatchEvent::Kind::kUnknown;
}

}  // namespace

void PodList::Add(PodFacts pod) {
  const size_t more = BytesOf(pod);
  if (bytes + more > kMaxPodFacts) {
    return LeaveOut(pod.pod.name_space + "/" + pod.pod.name + ": there are too many pods and containers");
  }
  bytes += more;
  pods.push_back(std::move(pod));
}

void PodList::LeaveOut(const std::string& because) {
  if (left_out++ == 0) left_out_because = because;
}

void PodList::Append(PodList page) {
  if (left_out == 0) left_out_because = page.left_out_because;
  left_out += page.left_out;
  for (PodFacts& pod : page.pods) Add(std::move(pod));
  resource_version = std::move(page.resource_version);
  continue_token = std::move(page.continue_token);
}

PodListParser::PodListParser()
    : scanner_([this](const ListScanner::Item& item) { return TakeItem(item); },
               {.max_string = kMaxPodString, .max_item = kMaxPod}) {}

Status PodListParser::TakeItem(const ListScanner::Item& item) {
  if (item.too_long) {
    list_.LeaveOut("a pod that begins at byte " + std::to_string(scanner_.PlaceInItem(item, 1)) +
                   ": it is longer than " + std::to_string(kMaxPod >> 20) + " MiB, without its long strings");
    return {};
  }
  const auto json = ParseItem(scanner_, item);
  if (!json && json.error().code != E2BIG) return json.error();
  auto pod = json ? PodReader().Read(*json) : json.error();
  if (pod) {
    list_.Add(*std::move(pod));
  } else {
    list_.LeaveOut(Describe(json ? *json : Null(), pod.error().message));
  }
  return {};
}

Result<PodList> PodListParser::Finish() {
  if (const Status scanned = scanner_.Finish(); !scanned) return scanned.error();
  if (const ListScanner::Item item = scanner_.Unfinished(); !item.text.empty()) {
    if (const auto json = ParseItem(scanner_, item); !json) return json.error();
  }
  const auto json = fetch::ParsePruned(scanner_.frame(), KeysThatWeRead(), kBounds,
                                       [this](size_t position) { return scanner_.PlaceInFrame(position); });
  if (!json) return json.error();
  const std::string kind = TextOf(*json, "kind");
  const bool has_items = json->is_object() && json->contains("items");
  const Json& items = Member(*json, "items");
  if (!has_items || (!kind.empty() && kind != "PodList") || !(items.is_array() || items.is_null())) {
    return MakeError("not a list of pods");
  }
  const Json& metadata = Member(*json, "metadata");
  list_.resource_version = TextOf(metadata, "resourceVersion");
  list_.continue_token = TextOf(metadata, "continue");
  return std::move(list_);
}

Result<PodList> ParsePodList(std::string_view body) {
  PodListParser parser;
  parser.Take(body);
  return parser.Finish();
}

Result<WatchEvent> ParseWatchEvent(std::string_view line) {
  const auto json = fetch::ParsePruned(line, KeysThatWeRead(), kBounds);
  if (!json) return json.error();
  const Json& object = Member(*json, "object");
  if (!object.is_object() || TextOf(*json, "type").empty()) return MakeError("not an event of a watch");
  WatchEvent event;
  event.kind = KindOf(TextOf(*json, "type"));
  if (event.kind == WatchEvent::Kind::kError) {
    const Json& code = Member(object, "code");
    event.error_code = code.is_number_unsigned() ? code.get<uint64_t>() : 0;
    event.error_message = TextOf(object, "message");
    return event;
  }
  event.resource_version = TextOf(Member(object, "metadata"), "resourceVersion");
  if (event.kind != WatchEvent::Kind::kSet && event.kind != WatchEvent::Kind::kDeleted) return event;
  if (auto pod = PodReader().Read(object)) {
    event.pod = *std::move(pod);
  } else {
    event.left_out_because = Describe(object, pod.error().message);
  }
  return event;
}

std::string MessageOfStatus(std::string_view body) {
  const auto json = fetch::ParsePruned(body, KeysThatWeRead(), kBounds);
  return json && TextOf(*json, "kind") == "Status" ? TextOf(*json, "message") : "";
}

}  // namespace brahe::kube
