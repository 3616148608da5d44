// What a kubelet and an API server answer: a list, in whatever pieces it comes, and the lines of a watch.
#include "userspace/base/fuzz_input.h"
#include "userspace/kube/pod_list.h"
#include "userspace/kube/pod_owner.h"

namespace brahe::kube {
namespace {

void CheckPod(const PodFacts& pod) {
  Require(!pod.pod.uid.empty() && !pod.pod.name.empty() && !pod.pod.name_space.empty(), "a pod has names");
  Require(pod.pod.owner_kind.empty() == pod.pod.owner_name.empty(), "an owner has a kind and a name");
  for (const auto& [id, name] : pod.containers) Require(!id.empty() && !name.empty(), "a container has both");
}

void CheckList(std::string_view text) {
  const auto list = ParsePodList(text);
  // Of an odd length, so that pieces end everywhere.
  PodListParser parser;
  for (size_t at = 0; at < text.size() && parser.Take(text.substr(at, 7)); at += 7) {
  }
  const auto pieces = parser.Finish();
  Require(pieces.has_value() == list.has_value(), "a list in pieces is one where the whole is");
  if (!list) {
    RequireOneLine(list.error().message);
    Require(pieces.error().message == list.error().message, "the same is wrong with it");
    return;
  }
  Require(pieces->pods == list->pods && pieces->left_out == list->left_out, "it has the same pods");
  Require((list->left_out == 0) == list->left_out_because.empty(), "what is left out has a reason");
  for (const PodFacts& pod : list->pods) CheckPod(pod);
}

void CheckEvent(std::string_view line) {
  const auto event = ParseWatchEvent(line);
  if (!event) return RequireOneLine(event.error().message);
  const bool has_pod = event->kind == WatchEvent::Kind::kSet || event->kind == WatchEvent::Kind::kDeleted;
  Require((has_pod && event->left_out_because.empty()) == !event->pod.pod.uid.empty(), "an event has a pod");
}

}  // namespace
}  // namespace brahe::kube

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = brahe::TextOf(data, size);
  brahe::kube::CheckList(text);
  brahe::kube::CheckEvent(text);
  brahe::kube::MessageOfStatus(text);
  brahe::kube::SecondsOfTime(text);
  return 0;
}
