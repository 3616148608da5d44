#include "userspace/base/fuzz_input.h"
#include "userspace/checkpoint/checkpoint.h"
#include "userspace/checkpoint/describe.h"

namespace brahe::checkpoint {
namespace {

std::string Written(const Checkpoint& checkpoint) {
  std::string message;
  ProtobufWriter writer(message);
  WriteCheckpoint(checkpoint, writer);
  return message;
}

}  // namespace
}  // namespace brahe::checkpoint

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace brahe::checkpoint;
  const auto read = ReadCheckpoint(brahe::TextOf(data, size));
  if (!read) {
    brahe::RequireOneLine(read.error().message);
    return 0;
  }
  const std::string written = Written(*read);
  const auto again = ReadCheckpoint(written);
  brahe::Require(again && Written(*again) == written, "a checkpoint is read as it is written");
  brahe::Require(again->books == read->books && again->gpus == read->gpus && again->unix_ms == read->unix_ms,
                 "nothing is lost");
  const Found found{.path = "checkpoint", .checkpoint = *read, .boot_id = "boot", .unix_ms = 1, .monotonic = {1}};
  for (const unsigned char c : AsText(found, {}) + AsJson(found, {})) {
    brahe::Require(c >= ' ' || c == '\n', "what is told of it is for a terminal");
  }
  return 0;
}
