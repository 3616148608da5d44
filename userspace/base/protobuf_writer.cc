#include "userspace/base/protobuf_writer.h"

#include <bit>

namespace brahe {
namespace {

// How a field's value is encoded.
constexpr uint32_t kVarint = 0;
constexpr uint32_t kFixed64 = 1;
constexpr uint32_t kLengthDelimited = 2;

}  // namespace

void ProtobufWriter::Uint(uint32_t field, uint64_t value) {
  Key(field, kVarint);
  Varint(value);
}

void ProtobufWriter::Sint(uint32_t field, int64_t value) {
  Uint(field, static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63));
}

void ProtobufWriter::Fixed64(uint32_t field, uint64_t value) {
  Key(field, kFixed64);
  char bytes[8];
  for (size_t i = 0; i < sizeof bytes; ++i) bytes[i] = static_cast<char>(value >> 8 * i);
  out_.append(bytes, sizeof bytes);
}

void ProtobufWriter::Double(uint32_t field, double value) { Fixed64(field, std::bit_cast<uint64_t>(value)); }

void ProtobufWriter::Bytes(uint32_t field, std::string_view value) {
  Key(field, kLengthDelimited);
  Varint(value.size());
  out_.append(value);
}

size_t ProtobufWriter::BeginMessage(uint32_t field) {
  Key(field, kLengthDelimited);
  out_.push_back('\0');  // most messages are short: their length fits here
  return out_.size();
}

void ProtobufWriter::EndMessage(size_t start) {
  uint64_t size = out_.size() - start;
  if (size < 0x80) {
    out_[start - 1] = static_cast<char>(size);
    return;
  }
  char bytes[10];
  size_t count = 0;
  for (; size >= 0x80; size >>= 7) bytes[count++] = static_cast<char>(size | 0x80);
  bytes[count++] = static_cast<char>(size);
  out_.replace(start - 1, 1, bytes, count);
}

}  // namespace brahe
