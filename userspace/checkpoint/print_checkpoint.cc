// print_checkpoint BOOT_ID [FOLDER]: a checkpoint with something in each field, on standard output or as it is kept.
#include <iostream>
#include <string>

#include "userspace/base/clock.h"
#include "userspace/base/protobuf_writer.h"
#include "userspace/base/result.h"
#include "userspace/base/units.h"
#include "userspace/checkpoint/checkpoint.h"
#include "userspace/checkpoint/checkpoint_file.h"

namespace brahe::checkpoint {
namespace {

int Main(int argc, char** argv) {
  if (argc < 2) return 2;
  std::string message;
  ProtobufWriter writer(message);
  WriteCheckpoint({.boot_id = argv[1],
                   .unix_ms = 1'800'000'000'123,
                   .monotonic = argc > 2 ? SystemClock().Now() : Seconds(3600),
                   .version = "1.2.3",
                   .revision = "abcdef",
                   .books = "the books",
                   .meters = "the meters",
                   .source = "the source",
                   .split = "the split",
                   .gpus = "the gpus",
                   .cards = "the cards"},
                  writer);
  if (argc == 2) {
    std::cout << message;
    return 0;
  }
  auto file = CheckpointFile::Open(argv[2]);
  Status kept = file ? file->Write(message) : Status(file.error());
  if (kept) kept = file->Write(message);
  if (kept) kept = file->Sync();
  if (!kept) std::cerr << kept.error().message << "\n";
  return kept ? 0 : 1;
}

}  // namespace
}  // namespace brahe::checkpoint

int main(int argc, char** argv) { return brahe::checkpoint::Main(argc, argv); }
