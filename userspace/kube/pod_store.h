#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "userspace/base/units.h"
#include "userspace/kube/pod_list.h"
#include "userspace/workload/workload.h"

namespace brahe::kube {

// Pods and containers by their ids. What is gone from the news is known for `retention` more, because its energy is
// still to be labelled. A pod's owner does not change any more once it is known.
//
// One thread changes it (Replace, Set, Remove); any may look up, and waits for no change.
class PodStore {
 public:
  struct Options {
    Nanoseconds retention = Seconds(300);
    size_t max_gone = 20'000;  // ids that are gone and still known
  };
  PodStore() : PodStore(Options{}) {}
  explicit PodStore(const Options& options) : options_(options) {}

  [[nodiscard]] std::optional<workload::PodMember> FindContainer(const std::string& id) const;
  [[nodiscard]] std::optional<workload::Pod> FindPod(const std::string& uid) const;
  // How many pods there are, without those that are gone.
  [[nodiscard]] size_t size() const;
  // Pods that have become known, or have got an owner, since this was asked last, but for those that have ended. Of
  // more than `max_gone` some are left out.
  [[nodiscard]] std::vector<workload::Pod> TakeNews();

  // These are all pods that there are at `now`. Of two that claim the same id, the first has it.
  void Replace(std::vector<PodFacts> pods, Nanoseconds now);
  // There is such a pod, in place of the one with its api_uid.
  void Set(PodFacts pod, Nanoseconds now);
  void Remove(const std::string& api_uid, Nanoseconds now);

 private:
  template <typename T>
  struct Known {
    T value;
    std::optional<Nanoseconds> gone_since;
  };
  template <typename T>
  using Table = std::unordered_map<std::string, Known<T>>;
  struct Index {
    Table<workload::PodMember> containers;
    Table<workload::Pod> pods;
    size_t size = 0;
  };

  [[nodiscard]] std::shared_ptr<const Index> Latest() const;
  void Publish(Nanoseconds now);
  void NoteNews(const Index& before, const PodFacts& pod);
  static void AddPod(const std::string& uid, const PodFacts& facts, Index& index);
  template <typename T>
  void KeepGone(const Table<T>& before, Nanoseconds now, Table<T>& after) const;

  const Options options_;
  std::vector<PodFacts> pods_;
  mutable std::mutex mutex_;  // for these
  std::shared_ptr<const Index> latest_ = std::make_shared<Index>();
  std::vector<workload::Pod> news_;
};

}  // namespace brahe::kube
