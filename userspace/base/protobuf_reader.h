#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace brahe {

// Reads the fields of a message in the wire format of protocol buffers, one after the other:
//
//   ProtobufReader reader(message);
//   while (reader.Next()) {
//     if (reader.field() == 1) id = reader.uint();
//   }
//   if (!reader.ok()) ... the message is not one
//
// A field of another kind than is asked for reads as 0 or as empty; nobody has to know every field. Takes any bytes.
// No allocation: what is read refers to `message`, which must outlive it. Any thread.
class ProtobufReader {
 public:
  explicit ProtobufReader(std::string_view message) : rest_(message) {}

  // Goes to the next field. False at the end of the message, and where it is not well formed.
  bool Next();
  // False once a field was not well formed, or cut off.
  [[nodiscard]] bool ok() const { return ok_; }

  // Of the field that Next went to.
  [[nodiscard]] uint32_t field() const { return field_; }
  // bool, enum, uint32, uint64, fixed64, fixed32, and int32 and int64 as two's complement.
  [[nodiscard]] uint64_t uint() const { return number_; }
  // sint32, sint64.
  [[nodiscard]] int64_t sint() const { return static_cast<int64_t>(number_ >> 1 ^ (~(number_ & 1) + 1)); }
  // double.
  [[nodiscard]] double number() const;
  // bytes, string, a message, packed numbers.
  [[nodiscard]] std::string_view bytes() const { return bytes_; }

 private:
  bool TakeVarint(uint64_t& value);
  bool TakeFixed(size_t size, uint64_t& value);

  std::string_view rest_;
  bool ok_ = true;
  uint32_t field_ = 0;
  uint64_t number_ = 0;
  std::string_view bytes_;
};

}  // namespace brahe
