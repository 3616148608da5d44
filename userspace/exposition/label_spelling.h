#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "userspace/exposition/exposition.h"

namespace brahe::exposition {

// How labels stand in a sample: as text, which both text formats share, or as the messages of protocol buffers.
enum class LabelSpelling : uint8_t { kText, kProtobuf };

LabelSpelling SpellingOf(ExpositionFormat format);

// Spells labels one by one, so that they can be put one behind the other: in text each is ,name="value" with the comma
// before it, and in protocol buffers each is one field "label" of a Metric. Bytes that are no UTF-8 are replaced. Any
// thread.
class LabelSpeller {
 public:
  explicit LabelSpeller(LabelSpelling spelling) : spelling_(spelling) {}

  // `name` has fewer than 128 bytes.
  void Append(std::string_view name, std::string_view value, std::string& out) const;
  void Append(std::string_view name, uint64_t value, std::string& out) const;
  [[nodiscard]] LabelSpelling spelling() const { return spelling_; }

 private:
  const LabelSpelling spelling_;
};

}  // namespace brahe::exposition
