#include "userspace/otlp/export_answer.h"

namespace brahe::otlp {
namespace {

constexpr uint32_t kVarint = 0;
constexpr uint32_t kFixed64 = 1;
constexpr uint32_t kLengthDelimited = 2;
constexpr uint32_t kFixed32 = 5;

constexpr uint32_t kPartialSuccess = 1;  // of ExportMetricsServiceResponse
constexpr uint32_t kRejectedPoints = 1;  // of ExportMetricsPartialSuccess
constexpr uint32_t kErrorMessage = 2;    // of it
constexpr uint32_t kStatusMessage = 2;   // of google.rpc.Status

// A field of a message: its value is in `bytes` where it has a length, else in `number`.
struct Field {
  uint64_t number_of_field = 0;
  uint32_t wire_type = 0;
  uint64_t number = 0;
  std::string_view bytes = {};
};

// Takes messages of protocol buffers apart, which anybody may have sent.
class Reader {
 public:
  explicit Reader(std::string_view message) : rest_(message) {}

  [[nodiscard]] bool AtEnd() const { return rest_.empty(); }
  // The next field; nullopt if what comes is none.
  std::optional<Field> Next() {
    const auto key = Varint();
    if (!key || *key >> 3 == 0) return std::nullopt;
    Field field{.number_of_field = *key >> 3, .wire_type = static_cast<uint32_t>(*key & 7)};
    std::optional<uint64_t> size;
    switch (field.wire_type) {
      case kVarint: {
        const auto number = Varint();
        if (!number) return std::nullopt;
        field.number = *number;
        return field;
      }
      case kFixed64:
        size = 8;
        break;
      case kFixed32:
        size = 4;
        break;
      case kLengthDelimited:
        size = Varint();
        break;
      default:
        break;
    }
    if (!size || *size > rest_.size()) return std::nullopt;
    field.bytes = rest_.substr(0, *size);
    rest_.remove_prefix(*size);
    return field;
  }

 private:
  std::optional<uint64_t> Varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      value |= uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    return std::nullopt;
  }

  std::string_view rest_;
};

// Calls `visit` for each field; false if `message` is none.
bool ReadFields(std::string_view message, const auto& visit) {
  for (Reader reader(message); !reader.AtEnd();) {
    const auto field = reader.Next();
    if (!field || !visit(*field)) return false;
  }
  return true;
}

bool ReadPartialSuccess(std::string_view message, ExportAnswer& answer) {
  return ReadFields(message, [&](const Field& field) {
    if (field.number_of_field == kRejectedPoints && field.wire_type == kVarint) answer.rejected_points = field.number;
    if (field.number_of_field == kErrorMessage && field.wire_type == kLengthDelimited) answer.message = field.bytes;
    return true;
  });
}

bool IsEmptyJson(std::string_view body) {
  std::string text(body);
  std::erase_if(text, [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; });
  return text == "{}" || text == R"({"partialSuccess":{}})";
}

}  // namespace

std::optional<ExportAnswer> ReadExportAnswer(std::string_view body) {
  if (IsEmptyJson(body)) return ExportAnswer{};
  ExportAnswer answer;
  const bool is_one = ReadFields(body, [&](const Field& field) {
    if (field.number_of_field != kPartialSuccess) return true;
    return field.wire_type == kLengthDelimited && ReadPartialSuccess(field.bytes, answer);
  });
  // A negative count, in words of two's complement, says nothing.
  if (answer.rejected_points >> 63 != 0) answer.rejected_points = 0;
  return is_one ? std::optional(answer) : std::nullopt;
}

std::string MessageOfStatus(std::string_view body) {
  std::string message;
  const bool is_one = ReadFields(body, [&](const Field& field) {
    if (field.number_of_field == kStatusMessage && field.wire_type == kLengthDelimited) message = field.bytes;
    return true;
  });
  return is_one ? message : "";
}

}  // namespace brahe::otlp
