#include "userspace/kube/pod_store.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace brahe::kube {
namespace {

// A pod that had an owner keeps it: a user may take a label away from a pod that runs, which its owner then lets go.
void KeepOwner(const workload::Pod& before, workload::Pod& pod) {
  if (before.owner_kind.empty()) return;
  pod.owner_kind = before.owner_kind;
  pod.owner_name = before.owner_name;
}

}  // namespace

std::optional<workload::PodMember> PodStore::FindContainer(const std::string& id) const {
  const auto index = Latest();
  const auto found = index->containers.find(id);
  if (found == index->containers.end()) return std::nullopt;
  return found->second.value;
}

std::optional<workload::Pod> PodStore::FindPod(const std::string& uid) const {
  const auto index = Latest();
  const auto found = index->pods.find(uid);
  if (found == index->pods.end()) return std::nullopt;
  return found->second.value;
}

size_t PodStore::size() const { return Latest()->size; }

void PodStore::Replace(std::vector<PodFacts> pods, Nanoseconds now) {
  std::unordered_map<std::string_view, const workload::Pod*> before;
  for (const PodFacts& facts : pods_) before.emplace(facts.api_uid, &facts.pod);
  for (PodFacts& facts : pods) {
    if (const auto found = before.find(facts.api_uid); found != before.end()) KeepOwner(*found->second, facts.pod);
  }
  pods_ = std::move(pods);
  Publish(now);
}

void PodStore::Set(PodFacts pod, Nanoseconds now) {
  const auto same = [&](const PodFacts& other) { return other.api_uid == pod.api_uid; };
  const auto found = std::find_if(pods_.begin(), pods_.end(), same);
  if (found == pods_.end()) {
    pods_.push_back(std::move(pod));
  } else {
    KeepOwner(found->pod, pod.pod);
    *found = std::move(pod);
  }
  Publish(now);
}

void PodStore::Remove(const std::string& api_uid, Nanoseconds now) {
  std::erase_if(pods_, [&](const PodFacts& pod) { return pod.api_uid == api_uid; });
  Publish(now);
}

std::shared_ptr<const PodStore::Index> PodStore::Latest() const {
  const std::lock_guard lock(mutex_);
  return latest_;
}

// Makes the index anew: a node has few hundred pods, and readers keep theirs.
void PodStore::Publish(Nanoseconds now) {
  auto index = std::make_shared<Index>();
  index->size = pods_.size();
  // Own uids first, so that nobody takes another's by an annotation.
  for (const bool mirror : {false, true}) {
    for (const PodFacts& facts : pods_) {
      if ((facts.pod.uid != facts.api_uid) == mirror) AddPod(facts.pod.uid, facts, *index);
    }
  }
  for (const PodFacts& facts : pods_) {
    for (const std::string& uid : facts.other_uids) AddPod(uid, facts, *index);
    for (const auto& [id, name] : facts.containers) {
      index->containers.try_emplace(id, Known<workload::PodMember>{{facts.pod, name}, std::nullopt});
    }
  }
  const auto before = Latest();
  KeepGone(before->containers, now, index->containers);
  KeepGone(before->pods, now, index->pods);
  const std::lock_guard lock(mutex_);
  for (const PodFacts& facts : pods_) NoteNews(*before, facts);
  latest_ = std::move(index);
}

void PodStore::NoteNews(const Index& before, const PodFacts& pod) {
  if (pod.ended || news_.size() >= options_.max_gone) return;
  const auto known = before.pods.find(pod.pod.uid);
  const bool is_new = known == before.pods.end() || known->second.value.owner_kind != pod.pod.owner_kind;
  if (is_new) news_.push_back(pod.pod);
}

std::vector<workload::Pod> PodStore::TakeNews() {
  const std::lock_guard lock(mutex_);
  return std::exchange(news_, {});
}

void PodStore::AddPod(const std::string& uid, const PodFacts& facts, Index& index) {
  index.pods.try_emplace(uid, Known<workload::Pod>{facts.pod, std::nullopt});
}

template <typename T>
void PodStore::KeepGone(const Table<T>& before, Nanoseconds now, Table<T>& after) const {
  size_t kept = 0;
  for (const auto& [id, known] : before) {
    if (after.contains(id)) continue;
    const Nanoseconds since = known.gone_since.value_or(now);
    if (now - since >= options_.retention || kept == options_.max_gone) continue;
    after.emplace(id, Known<T>{known.value, since});
    ++kept;
  }
}

}  // namespace brahe::kube
