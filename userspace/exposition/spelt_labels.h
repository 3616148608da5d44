#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "userspace/exposition/workload_labels.h"
#include "userspace/monitor/snapshot.h"

namespace brahe::exposition {

// The labels of all workloads of a list, each spelt once, whatever number of samples they stand in. About 200 bytes a
// workload. The list must outlive this. Immutable: any thread.
template <typename Labels>
class SpeltLabels {
 public:
  // `context` without the state, which is each workload's own; `text` is empty, and its memory is used.
  SpeltLabels(const monitor::WorkloadList<Labels>& list, LabelContext context, std::string text = {})
      : text_(std::move(text)) {
    text_.reserve(list.size() * kUsualBytes);  // what is not needed of it never becomes resident
    places_.reserve(list.size());
    for (const auto& chunk : list.chunks()) {
      for (size_t place = 0; place < chunk->faces->size(); ++place) Spell(*chunk, place, context);
    }
  }

  // Where a workload stands in its list.
  [[nodiscard]] typename monitor::WorkloadList<Labels>::Place PlaceOf(size_t item) const {
    return {*places_[item].chunk, places_[item].place};
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
  // The memory of all of them.
  [[nodiscard]] std::string TakeText() && { return std::move(text_); }
  // When the counter of a workload that is a series by itself was 0; not set: not certain. The series of those that
  // have ended is another than that which they had while they ran, and begins with what they had used by then.
  [[nodiscard]] monitor::PackedInstant Start(size_t item) const { return places_[item].start; }

 private:
  static constexpr size_t kUsualBytes = 256;

  // Where in text_ a workload's labels begin and end, and its state among them; and where it stands itself. What each
  // of its samples needs is all here: an exposition passes over the workloads up to six times, and their faces lie far
  // off.
  struct Place {
    uint32_t begin = 0, state_begin = 0, state_end = 0, end = 0;
    const monitor::WorkloadChunk<Labels>* chunk;
    uint32_t place;
    monitor::PackedInstant start;
  };

  void Spell(const monitor::WorkloadChunk<Labels>& chunk, size_t place, LabelContext& context) {
    const monitor::WorkloadFace<Labels>& face = (*chunk.faces)[place];
    context.state = face.state;
    const auto begin = static_cast<uint32_t>(text_.size());
    const StatePlace state = AppendLabels(*face.labels, context, text_);
    places_.push_back(
        {.begin = begin,
         .state_begin = static_cast<uint32_t>(state.begin),
         .state_end = static_cast<uint32_t>(state.end),
         .end = static_cast<uint32_t>(text_.size()),
         .chunk = &chunk,
         .place = static_cast<uint32_t>(place),
         .start = face.state == monitor::WorkloadState::kRunning ? face.since : monitor::PackedInstant()});
  }

  [[nodiscard]] std::string_view View(uint32_t begin, uint32_t end) const {
    return std::string_view(text_).substr(begin, end - begin);
  }

  std::string text_;
  std::vector<Place> places_;
};

}  // namespace brahe::exposition
