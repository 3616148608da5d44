#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace brahe::otlp {

// Appends attributes as a message of OTLP holds them: each a key and a value, as a field of its own. Any thread.
class AttributeWriter {
 public:
  // Numbers of the field in the messages that have attributes.
  static constexpr uint32_t kOfResource = 1;
  static constexpr uint32_t kOfPoint = 7;

  // `out` must outlive this.
  AttributeWriter(uint32_t field, std::string& out) : field_(field), out_(out) {}

  // Bytes that are no UTF-8 are replaced by U+FFFD, as in the text format. Without a value there is no attribute.
  AttributeWriter& Text(std::string_view key, std::string_view value);
  AttributeWriter& Number(std::string_view key, uint64_t value);

 private:
  const uint32_t field_;
  std::string& out_;
};

}  // namespace brahe::otlp
