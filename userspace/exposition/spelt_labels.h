#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/exposition/workload_labels.h"
#include "userspace/monitor/snapshot.h"

namespace brahe::exposition {

// The labels of all workloads of a list, each escaped and spelt once, whatever number of samples they stand in. About
// 200 bytes a workload. Immutable: any thread.
template <typename Labels>
class SpeltLabels {
 public:
  SpeltLabels(const monitor::WorkloadList<Labels>& list, std::string_view node_label) : list_(list) {
    text_.reserve(list.size() * kUsualBytes);  // what is not needed of it never becomes resident
    places_.reserve(list.size());
    for (const monitor::Workload<Labels>& workload : list) {
      Place place{.begin = static_cast<uint32_t>(text_.size())};
      place.state = static_cast<uint32_t>(AppendLabels(*workload.labels, node_label, text_));
      place.end = static_cast<uint32_t>(text_.size());
      places_.push_back(place);
    }
  }

  void AppendWithState(size_t item, std::string& out) const {
    const auto [begin, state, end] = places_[item];
    out.append(text_, begin, state - begin);
    AppendState(list_[item].state, out);
    out.append(text_, state, end - state);
  }
  void AppendWithoutState(size_t item, std::string& out) const {
    out.append(text_, places_[item].begin, places_[item].end - places_[item].begin);
  }

 private:
  static constexpr size_t kUsualBytes = 256;

  // Where a workload's labels begin and end in text_, and where its state belongs.
  struct Place {
    uint32_t begin = 0, state = 0, end = 0;
  };

  const monitor::WorkloadList<Labels>& list_;
  std::string text_;
  std::vector<Place> places_;
};

}  // namespace brahe::exposition
