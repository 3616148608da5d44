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
  void Uint(uint32_t field, uint64_t value) { Put(uint64_t{field} << 3 | kVarint, value); }
  // sint32, sint64.
  void Sint(uint32_t field, int64_t value);
  void Fixed64(uint32_t field, uint64_t value);
  void Double(uint32_t field, double value);
  // bytes, string (which must be UTF-8), a message that is written already, packed numbers.
  void Bytes(uint32_t field, std::string_view value);
  // The head of such a field, which the caller writes behind it.
  void Head(uint32_t field, size_t bytes) { Put(uint64_t{field} << 3 | kLengthDelimited, bytes); }
  // A message: `write` appends its fields by the writer that it is given. One that is longer than 127 bytes is moved
  // once, for its length to stand before it.
  void Message(uint32_t field, const auto& write) {
    const size_t start = BeginMessage(field);
    write(*this);
    EndMessage(start);
  }
  // A number without a field, as a message of a stream has its length before it.
  void Varint(uint64_t value) {
    char bytes[kMostVarintBytes];
    out_.append(bytes, static_cast<size_t>(EncodeVarint(value, bytes) - bytes));
  }
  static constexpr size_t kMostVarintBytes = 10;
  // Puts a number at a place with room for kMostVarintBytes. Returns its end.
  static char* EncodeVarint(uint64_t value, char* at) {
    for (; value >= 0x80; value >>= 7) *at++ = static_cast<char>(value | 0x80);
    *at++ = static_cast<char>(value);
    return at;
  }

 private:
  // How a field's value is encoded.
  static constexpr uint32_t kVarint = 0, kFixed64 = 1, kLengthDelimited = 2;

  // Two numbers in one piece.
  void Put(uint64_t key, uint64_t value) {
    char bytes[2 * kMostVarintBytes];
    out_.append(bytes, static_cast<size_t>(EncodeVarint(value, EncodeVarint(key, bytes)) - bytes));
  }
  [[nodiscard]] size_t BeginMessage(uint32_t field);
  void EndMessage(size_t start);

  std::string& out_;
};

}  // namespace brahe
