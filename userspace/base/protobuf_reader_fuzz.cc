#include "userspace/base/fuzz_input.h"
#include "userspace/base/protobuf_reader.h"

namespace {

// Reads each part as a message too, as whoever knows it does.
void Read(std::string_view message, int depth) {
  brahe::ProtobufReader reader(message);
  size_t fields = 0;
  while (reader.Next()) {
    brahe::Require(reader.ok(), "a field is well formed");
    brahe::Require(reader.field() > 0 && ++fields <= message.size(), "each field takes a byte");
    const std::string_view bytes = reader.bytes();
    brahe::Require(bytes.size() < message.size(), "a part is less than the whole");
    brahe::Require(bytes.empty() || (bytes.data() > message.data() &&
                                     bytes.data() + bytes.size() <= message.data() + message.size()),
                   "a part lies in the whole");
    brahe::Require(bytes.empty() || reader.uint() == 0, "a part is no number");
    static_cast<void>(reader.sint());
    static_cast<void>(reader.number());
    if (depth > 0) Read(bytes, depth - 1);
  }
  brahe::Require(!reader.Next(), "the end stays the end");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Read(brahe::TextOf(data, size), 3);
  return 0;
}
