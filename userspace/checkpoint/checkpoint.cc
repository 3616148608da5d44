#include "userspace/checkpoint/checkpoint.h"

#include <utility>

#include "userspace/base/protobuf_reader.h"

namespace brahe::checkpoint {
namespace {

// Numbers as in state.proto; never one of these for anything else.
enum Field : uint32_t {
  kLayoutField = 1,
  kBootId = 2,
  kUnixMs = 3,
  kMonotonicNs = 4,
  kVersion = 5,
  kRevision = 6,
  // To 15: spare.
  kBooks = 16,
  kMeters = 17,
  kSource = 18,
  kSplit = 19,
  kGpus = 20,
  kCards = 21,
};

// Those of text and bytes, and where they stand.
constexpr std::pair<Field, std::string Checkpoint::*> kTexts[] = {
    {kBootId, &Checkpoint::boot_id}, {kVersion, &Checkpoint::version}, {kRevision, &Checkpoint::revision},
    {kBooks, &Checkpoint::books},    {kMeters, &Checkpoint::meters},   {kSource, &Checkpoint::source},
    {kSplit, &Checkpoint::split},    {kGpus, &Checkpoint::gpus},       {kCards, &Checkpoint::cards},
};

}  // namespace

void WriteCheckpoint(const Checkpoint& checkpoint, ProtobufWriter& writer) {
  writer.Uint(kLayoutField, kLayout);
  writer.Uint(kUnixMs, checkpoint.unix_ms);
  writer.Uint(kMonotonicNs, checkpoint.monotonic.value);
  for (const auto& [field, text] : kTexts) {
    if (!(checkpoint.*text).empty()) writer.Bytes(field, checkpoint.*text);
  }
}

Result<Checkpoint> ReadCheckpoint(std::string_view message) {
  Checkpoint checkpoint;
  uint64_t layout = 0;
  ProtobufReader reader(message);
  while (reader.Next()) {
    if (reader.field() == kLayoutField) layout = reader.uint();
    if (reader.field() == kUnixMs) checkpoint.unix_ms = reader.uint();
    if (reader.field() == kMonotonicNs) checkpoint.monotonic = {reader.uint()};
    for (const auto& [field, text] : kTexts) {
      if (reader.field() == field) checkpoint.*text = reader.bytes();
    }
  }
  if (!reader.ok()) return MakeError("the checkpoint: not a message, or cut off");
  if (layout == 0) return MakeError("the checkpoint: layout is missing");
  if (layout > kLayout) {
    return MakeError("the checkpoint: layout " + std::to_string(layout) + " is of a newer release, this one reads " +
                     std::to_string(kLayout));
  }
  if (checkpoint.boot_id.empty()) return MakeError("the checkpoint: boot_id is missing");
  return checkpoint;
}

}  // namespace brahe::checkpoint
