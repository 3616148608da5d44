// How much memory an answer takes while it is read, whatever it holds.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <string>

#include "userspace/kube/pod_list.h"

namespace {

// Bytes that new has given and delete has not had back, and the most that there have been.
size_t in_use = 0, most = 0;

}  // namespace

void* operator new(size_t size) {
  void* const memory = malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  in_use += malloc_usable_size(memory);
  most = std::max(most, in_use);
  return memory;
}

void operator delete(void* memory) noexcept {
  in_use -= memory != nullptr ? malloc_usable_size(memory) : 0;
  free(memory);
}
void operator delete(void* memory, size_t) noexcept { operator delete(memory); }

namespace brahe::kube {
namespace {

constexpr size_t kAllowed = 8 << 20;

// Feeds `begin`, then `part` over and over until there are `bytes` of it, then `end`.
struct Answer {
  std::string begin, part, end;
  size_t bytes;
};

// The most memory that reading the answer takes, the list included.
size_t MemoryOf(const Answer& answer, Result<PodList>& list) {
  constexpr size_t kPiece = 16 << 10;  // as libcurl gives them
  const size_t before = most = in_use;
  PodListParser parser;
  parser.Take(answer.begin);
  for (size_t done = 0; done < answer.bytes; done += answer.part.size()) {
    for (size_t at = 0; at < answer.part.size(); at += kPiece) {
      parser.Take(std::string_view(answer.part).substr(at, kPiece));
    }
  }
  parser.Take(answer.end);
  list = parser.Finish();
  return most - before;
}

TEST(PodListMemoryTest, ManyPodsAreReadInEightMebibytes) {
  std::string item = R"({"metadata":{"uid":"6b1d3a0e-0000-4000-8000-000000000001","name":"web","namespace":"shop",
      "annotations":{"a":")" +
                     std::string(20'000, 'x') + R"("}},"spec":{"containers":[{"name":"app"}]},"status":
      {"containerStatuses":[{"name":"app","containerID":"containerd://)" +
                     std::string(64, 'a') + R"("}]}},)";
  Result<PodList> list = MakeError("");
  const size_t memory =
      MemoryOf({.begin = R"({"kind":"PodList","items":[)", .part = item, .end = "7]}", .bytes = 16 << 20}, list);
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_GT(list->pods.size(), 800U);
  EXPECT_EQ(list->left_out, 1U);
  EXPECT_LT(memory, kAllowed);
}

TEST(PodListMemoryTest, SoIsWhatIsMadeToTakeMore) {
  constexpr size_t kBytes = 2 << 20;
  const std::string begin = R"({"kind":"PodList","items":[)", pod = R"({"metadata":{"name":)";
  const std::string text = std::string(kMaxPod, 'x');
  std::string strings, values, empty;
  while (strings.size() + kMaxPodString < kMaxPod) strings += "\"" + std::string(kMaxPodString, 'x') + "\",";
  while (values.size() < kMaxPod - 100) values += "{},";
  while (empty.size() < 1000) empty += "{},";
  std::string owners;
  while (owners.size() < kMaxPod - 200) owners += R"({"kind":"K","name":"n","controller":false,"uid":"u"},)";
  const std::string owned =
      R"({"metadata":{"uid":"6b1d3a0e-0000-4000-8000-000000000001","name":"w","namespace":"s","ownerReferences":[{"kind":")" +
      std::string(4000, 'k') + R"(","name":")" + std::string(4000, 'n') + R"(","controller":true}]}},)";
  const Answer answers[] = {
      {.begin = begin + pod + "\"", .part = text, .end = "\"}}]}", .bytes = kBytes},  // a string without end
      {.begin = begin + pod, .part = text, .end = "}}]}", .bytes = kBytes},           // the same of what is no string
      {.begin = begin, .part = R"({"items":[)" + strings + "7]},", .end = "7]}", .bytes = kBytes},
      {.begin = begin, .part = R"({"items":[)" + values + "7]},", .end = "7]}", .bytes = kBytes},
      {.begin = begin, .part = empty, .end = "7]}", .bytes = kBytes},
      {.begin = begin, .part = R"({"metadata":{"ownerReferences":[)" + owners + "7]}},", .end = "7]}", .bytes = kBytes},
      {.begin = begin, .part = owned, .end = "7]}", .bytes = kBytes},
      {.begin = begin,
       .part = R"({"metadata":{"uid":"6b1d3a0e-0000-4000-8000-000000000001","name":"w","namespace":"s"}},)",
       .end = "7]}",
       .bytes = kBytes},
      {.begin = "{\"kind\":\"", .part = text, .end = "\"}", .bytes = kBytes},
      {.begin = "[", .part = "{\"items\":[]},", .end = "7]", .bytes = kBytes},
      {.begin = "{", .part = R"("name":[[[],{},"name"]],)", .end = R"("items":[]})", .bytes = kBytes},
  };
  for (const Answer& answer : answers) {
    Result<PodList> list = MakeError("");
    EXPECT_LT(MemoryOf(answer, list), kAllowed) << answer.begin << answer.part.substr(0, 40);
  }
}

TEST(PodListMemoryTest, APodThatIsLongByItsAnnotationsIsRead) {
  Result<PodList> list = MakeError("");
  const std::string end = R"("},"uid":"u","name":"n","namespace":"s"}}]})";
  MemoryOf(
      {.begin = R"({"items":[{"metadata":{"annotations":{"a":")", .part = "1234", .end = end, .bytes = 3 * kMaxPod},
      list);
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_EQ(list->pods.size(), 1U) << list->left_out_because;
}

}  // namespace
}  // namespace brahe::kube
