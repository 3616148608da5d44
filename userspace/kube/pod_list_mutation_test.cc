#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "userspace/kube/pod_list.h"

namespace brahe::kube {
namespace {

constexpr const char* kList = R"({"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"10","continue":""},
"items":[{"metadata":{"name":"web","namespace":"shop","uid":"6b1d3a0e-0000-4000-8000-000000000001","annotations":
{"kubernetes.io/config.hash":"abc","kubernetes.io/config.mirror":"abc","other":"\u00e9\ud83d\ude00"},"labels":{"pod-template-hash":"5b9f"},
"creationTimestamp":"2026-11-30T10:43:13Z","ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":
"web-5b9f","controller":true},{"kind":"X"}]},"spec":{"nodeName":
"n1","containers":[{"name":"app","env":[{"name":"A","value":"1"}]}]},"status":{"phase":"Running","containerStatuses":[
{"name":"app","containerID":"containerd://0123456789abcdef","restartCount":3,"ready":true,"state":{"running":{}},
"lastState":{"terminated":{"exitCode":-1,"containerID":"containerd://fedcba9876543210"}}}],"initContainerStatuses":null,
"ephemeralContainerStatuses":[{"name":"d","containerID":"cri-o://77"}]}},{"metadata":{"name":"b","namespace":"s","uid":
"u2"}}]})";
constexpr const char* kEvent = R"({"type":"MODIFIED","object":{"metadata":{"name":"web","namespace":"shop","uid":"u1",
"resourceVersion":"11","creationTimestamp":"2026-11-30T10:43:13Z","ownerReferences":[{"apiVersion":"batch/v1","kind":
"Job","name":"web-29933920","controller":true}]},"status":{"containerStatuses":[{"name":"app","containerID":"containerd://aa"}]},"code":410}})";
constexpr const char* kPieces[] = {
    "{",         "}",   "[",       "]",    ",",     ":",     "\"",      "\\",        "null",     "true",
    "-1",        "1e9", "0",       "\xff", "\\u00", "\\ud8", "\"uid\"", "\"items\"", "\"name\"", "18446744073709551616",
    "\"type\":", "[[[", "{\"a\":", "://"};

class Mutator {
 public:
  explicit Mutator(uint64_t seed) : random_(seed) {}

  std::string Mutated(std::string text) {
    for (size_t count = 1 + Below(4); count > 0 && !text.empty(); --count) MutateOnce(text);
    return text;
  }

 private:
  size_t Below(size_t bound) { return std::uniform_int_distribution<size_t>(0, bound - 1)(random_); }

  void MutateOnce(std::string& text) {
    const size_t at = Below(text.size());
    const size_t length = Below(std::min<size_t>(text.size() - at, 40) + 1);
    switch (Below(6)) {
      case 0:
        text[at] = static_cast<char>(Below(256));
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, text.substr(Below(text.size()), length));
        break;
      case 3:
        text.insert(at, kPieces[Below(std::size(kPieces))]);
        break;
      case 4:
        text.replace(at, length, kPieces[Below(std::size(kPieces))]);
        break;
      default:
        text.resize(at);
        break;
    }
  }

  std::mt19937_64 random_;
};

// What must hold of a list, whatever it was read from.
void CheckList(const Result<PodList>& list, const std::string& body) {
  if (!list) {
    EXPECT_FALSE(list.error().message.empty()) << body;
    return;
  }
  EXPECT_EQ(list->left_out == 0, list->left_out_because.empty()) << body;
  for (const PodFacts& pod : list->pods) {
    EXPECT_FALSE(pod.pod.uid.empty() || pod.pod.name.empty() || pod.pod.name_space.empty()) << body;
    EXPECT_EQ(pod.pod.owner_kind.empty(), pod.pod.owner_name.empty()) << body;
    for (const auto& [id, name] : pod.containers) EXPECT_FALSE(id.empty() || name.empty()) << body;
  }
}

void CheckEvent(const Result<WatchEvent>& event, const std::string& line) {
  if (!event) return;
  const bool has_pod = event->kind == WatchEvent::Kind::kSet || event->kind == WatchEvent::Kind::kDeleted;
  EXPECT_EQ(has_pod && event->left_out_because.empty(), !event->pod.pod.uid.empty()) << line;
}

// 20,000 rounds, or as many as go into BRAHE_FUZZ_SECONDS.
TEST(PodListMutationTest, NoMutationOfAnAnswerBreaksTheParser) {
  const char* seconds = std::getenv("BRAHE_FUZZ_SECONDS");
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds == nullptr ? 0 : std::atoi(seconds));
  const uint64_t seed = seconds == nullptr ? 1 : std::random_device{}();
  Mutator mutator(seed);
  size_t rounds = 0;
  size_t good = 0;
  while (rounds < 20'000 || std::chrono::steady_clock::now() < end) {
    const std::string body = mutator.Mutated(kList);
    const std::string line = mutator.Mutated(kEvent);
    const auto list = ParsePodList(body);
    CheckList(list, body);
    CheckEvent(ParseWatchEvent(line), line);
    EXPECT_TRUE(MessageOfStatus(body).empty());
    good += list ? 1 : 0;
    ++rounds;
    if (HasFailure()) FAIL() << "seed " << seed << ", round " << rounds;
  }
  RecordProperty("rounds", std::to_string(rounds));
  EXPECT_GT(good, rounds / 100) << "mutations that leave JSON whole reach what reads it";
}

}  // namespace
}  // namespace brahe::kube
