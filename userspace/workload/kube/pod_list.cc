#include "userspace/workload/kube/pod_list.h"

#include <cstdint>
#include <optional>
#include <unordered_set>
#include <utility>

#include "userspace/workload/kube/pruned_json.h"

namespace brahe {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kConfigHash = "kubernetes.io/config.hash";
constexpr std::string_view kConfigMirror = "kubernetes.io/config.mirror";

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

  // Adds the id that `where` tells, if it does: a container that waits has none.
  void AddId(const Json& where, const std::string& name) {
    const std::string url = Text(where, "containerID");
    const size_t scheme = url.find("://");
    const std::string id = scheme == std::string::npos ? url : url.substr(scheme + 3);
    if (id.empty()) return;
    PodFacts::ContainerName named{id, name};
    if (facts_.containers.empty() || facts_.containers.back() != named) facts_.containers.push_back(std::move(named));
  }

  PodFacts facts_;
  std::string junk_;
};

// "NAMESPACE/NAME: why", as far as these are known.
std::string Describe(const Json& pod, const std::string& why) {
  const Json& metadata = Member(pod, "metadata");
  const std::string name = TextOf(metadata, "name");
  return (name.empty() ? "a pod without a name" : TextOf(metadata, "namespace") + "/" + name) + ": " + why;
}

WatchEvent::Kind KindOf(const std::string& type) {
  if (type == "ADDED" || type == "MODIFIED") return WatchEvent::Kind::kSet;
  if (type == "DELETED") return WatchEvent::Kind::kDeleted;
  if (type == "BOOKMARK") return WatchEvent::Kind::kBookmark;
  if (type == "ERROR") return WatchEvent::Kind::kError;
  return WatchEvent::Kind::kUnknown;
}

}  // namespace

Result<PodList> ParsePodList(std::string_view body) {
  const auto json = ParsePruned(body, KeysThatWeRead());
  if (!json) return json.error();
  const std::string kind = TextOf(*json, "kind");
  const bool has_items = json->is_object() && json->contains("items");
  const Json& items = Member(*json, "items");
  if (!has_items || (!kind.empty() && kind != "PodList") || !(items.is_array() || items.is_null())) {
    return MakeError("not a list of pods");
  }
  const Json& metadata = Member(*json, "metadata");
  PodList list;
  list.resource_version = TextOf(metadata, "resourceVersion");
  list.continue_token = TextOf(metadata, "continue");
  for (const Json& item : items) {
    if (auto pod = PodReader().Read(item)) {
      list.pods.push_back(*std::move(pod));
    } else if (list.left_out++ == 0) {
      list.left_out_because = Describe(item, pod.error().message);
    }
  }
  return list;
}

Result<WatchEvent> ParseWatchEvent(std::string_view line) {
  const auto json = ParsePruned(line, KeysThatWeRead());
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
  const auto json = ParsePruned(body, KeysThatWeRead());
  return json && TextOf(*json, "kind") == "Status" ? TextOf(*json, "message") : "";
}

}  // namespace brahe
