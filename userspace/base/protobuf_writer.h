#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace brahe {

// Appends fields to a message in the wire format of protocol buffers. Fields may come in any order and repeat; a field
// with its default value is written all the same, so leave it out where nobody needs it. No allocation but that of
// `out`. Any thread.
class ProtobufWriter {
 public:
  // `out` must outlive this object.
  explicit ProtobufWriter(std::string& out) : out_(out) {}

  // bool, enum, uint32, uint64, and int32 and int64 that are not negative.
  void Uint(uint32_t field, uint64_t value);
  // sint32, sint64.
  void Sint(uint32_t field, int64_t value);
  void Fixed64(uint32_t field, uint64_t value);
  void Double(uint32_t field, double value);
  // bytes, string (which must be UTF-8), a message that is written already, packed numbers.
  void Bytes(uint32_t field, std::string_view value);
  // A message: `write` appends its fields by the writer that it is given. One that is longer than 127 bytes is moved
  // once, for its length to stand before it.
  void Message(uint32_t field, const auto& write) {
    const size_t start = BeginMessage(field);
    write(*this);
    EndMessage(start);
  }
  // A number without a field, as a message of a stream has its length before it.
  void Varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>(value | 0x80));
    out_.push_back(static_cast<char>(value));
  }

 private:
  void Key(uint32_t field, uint32_t wire_type) { Varint(uint64_t{field} << 3 | wire_type); }
  [[nodiscard]] size_t BeginMessage(uint32_t field);
  void EndMessage(size_t start);

  std::string& out_;
};

}  // namespace brahe
