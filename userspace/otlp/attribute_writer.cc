#include "userspace/otlp/attribute_writer.h"

#include <algorithm>

#include "userspace/base/protobuf_writer.h"
#include "userspace/base/utf8.h"

namespace brahe::otlp {
namespace {

// KeyValue and AnyValue of opentelemetry.proto.common.v1.
constexpr uint32_t kKey = 1;
constexpr uint32_t kValue = 2;
constexpr uint32_t kString = 1;
constexpr uint32_t kInt = 3;

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string WellFormed(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length = Utf8SequenceLength(text);
    out.append(length == 0 ? kReplacementCharacter : text.substr(0, length));
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return out;
}

}  // namespace

AttributeWriter& AttributeWriter::Text(std::string_view key, std::string_view value) {
  if (value.empty()) return *this;
  ProtobufWriter(out_).Message(field_, [&](ProtobufWriter& pair) {
    pair.Bytes(kKey, key);
    pair.Message(kValue, [&](ProtobufWriter& any) {
      IsAscii(value) ? any.Bytes(kString, value) : any.Bytes(kString, WellFormed(value));
    });
  });
  return *this;
}

AttributeWriter& AttributeWriter::Number(std::string_view key, uint64_t value) {
  ProtobufWriter(out_).Message(field_, [&](ProtobufWriter& pair) {
    pair.Bytes(kKey, key);
    pair.Message(kValue, [&](ProtobufWriter& any) { any.Uint(kInt, value); });
  });
  return *this;
}

}  // namespace brahe::otlp
