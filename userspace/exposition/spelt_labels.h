#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/exposition/workload_labels.h"
#include "userspace/monitor/snapshot.h"

namespace brahe::exposition {

// The labels of all workloads of a list, each spelt once, whatever number of samples they stand in. About 200 bytes a
// workload. Immutable: any thread.
template <typename Labels>
class SpeltLabels {
 public:
  // `context` without the state, which is each workload's own.
  SpeltLabels(const monitor::WorkloadList<Labels>& list, LabelContext context) {
    text_.reserve(list.size() * kUsualBytes);  // what is not needed of it never becomes resident
    places_.reserve(list.size());
    for (const monitor::Workload<Labels>& workload : list) {
      context.state = workload.state;
      Place place{.begin = static_cast<uint32_t>(text_.size())};
      const StatePlace state = AppendLabels(*workload.labels, context, text_);
      place.state_begin = static_cast<uint32_t>(state.begin);
      place.state_end = static_cast<uint32_t>(state.end);
      place.end = static_cast<uint32_t>(text_.size());
      places_.push_back(place);
    }
  }

  [[nodiscard]] std::string_view All(size_t item) const {
    const Place& place = places_[item];
    return View(place.begin, place.end);
  }
  // All but the state: those before it and those behind it.
  [[nodiscard]] std::string_view BeforeState(size_t item) const {
    return View(places_[item].begin, places_[item].state_begin);
  }
  [[nodiscard]] std::string_view BehindState(size_t item) const {
    return View(places_[item].state_end, places_[item].end);
  }

 private:
  static constexpr size_t kUsualBytes = 256;

  // Where in text_ a workload's labels begin and end, and its state among them.
  struct Place {
    uint32_t begin = 0, state_begin = 0, state_end = 0, end = 0;
  };

  [[nodiscard]] std::string_view View(uint32_t begin, uint32_t end) const {
    return std::string_view(text_).substr(begin, end - begin);
  }

  std::string text_;
  std::vector<Place> places_;
};

}  // namespace brahe::exposition
