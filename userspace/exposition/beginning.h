#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "userspace/exposition/new_series.h"
#include "userspace/exposition/render_clock.h"
#include "userspace/exposition/sample_writer.h"

namespace brahe::exposition {

// What a series began with that is new to a scraper: 0, but for what its workloads had used already under other labels
// or in another state, which the scraper has counted there.
template <typename Labels>
struct Beginning {
  // Of the series that `items` of a list are; nullopt for one that is not new. `with_state`: whether the state of a
  // workload is among the series' labels. `news` null: to a scraper of whom nothing is known.
  static std::optional<Beginning> Of(const NewSeries* news, const monitor::WorkloadList<Labels>& list,
                                     std::span<const size_t> items, const RenderClock& clock, bool with_state = true) {
    const NewItems<Labels>* const new_items = news ? news->Of(list) : nullptr;
    if (!new_items || items.empty()) return std::nullopt;
    Beginning beginning{.list = &new_items->before(), .places = {}, .unix_ms = 0, .repeats = 1};
    monitor::PackedInstant since;
    for (const size_t item : items) {
      const auto* const found = new_items->Find(item);
      if (!found || (found->before && !with_state && !found->relabelled)) return std::nullopt;
      if (found->before) beginning.places.push_back(*found->before);
      const auto its_since = list[item].since;
      if (its_since && (!since || *its_since < *since)) since = its_since;
    }
    const bool at_birth = beginning.places.empty() && since;
    beginning.unix_ms = news->TimeOf(at_birth ? clock.UnixMs(*since) : std::nullopt);
    beginning.repeats = news->RepeatsOf(*new_items);
    return beginning;
  }

  // Writes the samples. `value_of` gives what a workload had used that stands at a place of the scraper's list.
  template <typename ValueOf>
  void Write(std::string_view more, SampleValue::Unit unit, const ValueOf& value_of, SampleWriter& out) const {
    SampleValue value{0, unit};
    for (const size_t place : places) value.count += value_of(*list, place);
    for (size_t i = repeats; i > 0; --i) out.AddEarlier(more, value, unix_ms - (i - 1));
  }

  const monitor::WorkloadList<Labels>* list;  // the scraper's
  std::vector<size_t> places;                 // in it, of those that stand in both
  uint64_t unix_ms;                           // of the last of the samples
  size_t repeats;                             // how many there are
};

}  // namespace brahe::exposition
