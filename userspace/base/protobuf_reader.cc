#include "userspace/base/protobuf_reader.h"

#include <bit>

namespace brahe {
namespace {

enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5 };

}  // namespace

bool ProtobufReader::Next() {
  number_ = 0;
  bytes_ = {};
  if (!ok_ || rest_.empty()) return false;
  uint64_t head = 0;
  ok_ = TakeVarint(head) && head >> 3 != 0 && head >> 3 <= UINT32_MAX >> 3;
  if (!ok_) return false;
  field_ = static_cast<uint32_t>(head >> 3);
  switch (head & 7) {
    case kVarint:
      ok_ = TakeVarint(number_);
      break;
    case kFixed64:
      ok_ = TakeFixed(8, number_);
      break;
    case kFixed32:
      ok_ = TakeFixed(4, number_);
      break;
    case kLengthDelimited: {
      uint64_t size = 0;
      ok_ = TakeVarint(size) && size <= rest_.size();
      if (!ok_) break;
      bytes_ = rest_.substr(0, size);
      rest_.remove_prefix(size);
      break;
    }
    default:  // groups, which nobody writes any more
      ok_ = false;
  }
  return ok_;
}

double ProtobufReader::number() const { return std::bit_cast<double>(number_); }

bool ProtobufReader::TakeVarint(uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    if (shift == 63 && byte > 1) return false;  // is no number of 64 bits
    value |= uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool ProtobufReader::TakeFixed(size_t size, uint64_t& value) {
  if (rest_.size() < size) return false;
  value = 0;
  for (size_t i = 0; i < size; ++i) value |= uint64_t{static_cast<uint8_t>(rest_[i])} << 8 * i;
  rest_.remove_prefix(size);
  return true;
}

}  // namespace brahe
