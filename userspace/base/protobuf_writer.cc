#include "userspace/base/protobuf_writer.h"

#include <bit>

namespace brahe {

void ProtobufWriter::Sint(uint32_t field, int64_t value) {
  Uint(field, static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63));
}

void ProtobufWriter::Fixed64(uint32_t field, uint64_t value) {
  Varint(uint64_t{field} << 3 | kFixed64);
  char bytes[8];
  for (size_t i = 0; i < sizeof bytes; ++i) bytes[i] = static_cast<char>(value >> 8 * i);
  out_.append(bytes, sizeof bytes);
}

void ProtobufWriter::Double(uint32_t field, double value) { Fixed64(field, std::bit_cast<uint64_t>(value)); }

void ProtobufWriter::Bytes(uint32_t field, std::string_view value) {
  Head(field, value.size());
  out_.append(value);
}

size_t ProtobufWriter::BeginMessage(uint32_t field) {
  Head(field, 0);  // most messages are short: their length fits there
  return out_.size();
}

void ProtobufWriter::EndMessage(size_t start) {
  const size_t size = out_.size() - start;
  if (size < 0x80) {
    out_[start - 1] = static_cast<char>(size);
    return;
  }
  char bytes[kMostVarintBytes];
  const char* const end = EncodeVarint(size, bytes);
  out_.replace(start - 1, 1, bytes, static_cast<size_t>(end - bytes));
}

}  // namespace brahe
