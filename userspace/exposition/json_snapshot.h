#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "userspace/exposition/item_stream.h"
#include "userspace/monitor/snapshot.h"

namespace brahe::exposition {

// The media type of what JsonRenderer writes.
inline constexpr char kJsonContentType[] = "application/json";

// Renders a snapshot as one JSON document (docs/snapshot.md).
class JsonRenderer final : public ItemStream {
 public:
  // Workloads and groups of `levels` only; of all where it is empty.
  JsonRenderer(std::shared_ptr<const monitor::Snapshot> snapshot, std::string node_name,
               std::vector<std::string> levels = {});

 private:
  enum class Place { kHead, kLists, kEnd };

  void AppendNextItem(std::string& out) override;
  // An item of a list, or what stands before the first one or after the last.
  void AppendListItem(std::string& out);

  const std::shared_ptr<const monitor::Snapshot> snapshot_;
  const std::string node_name_;
  const std::vector<std::string> levels_;
  Place place_ = Place::kHead;  // what is rendered next: within the lists this item of this one
  size_t list_ = 0;
  size_t item_ = 0;
};

}  // namespace brahe::exposition
