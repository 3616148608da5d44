// A file that something else has damaged, or written. Of an input the first byte says what the rest is: the file, or
// the beginnings of its three slots, of each of which the checksum may be put right, as no fuzzer guesses it.
#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "userspace/base/file.h"
#include "userspace/base/fuzz_input.h"
#include "userspace/base/temp_tree.h"
#include "userspace/checkpoint/checkpoint_file.h"

namespace {

constexpr size_t kSlot = 4096;
constexpr size_t kHeader = 32, kCheck = 12, kLength = 24;

void PutCheckRight(char* slot) {
  uint64_t length = 0;
  std::memcpy(&length, slot + kLength, sizeof(length));
  const size_t checked = kHeader + std::min<uint64_t>(length, kSlot - kHeader);
  std::memset(slot + kCheck, 0, sizeof(uint32_t));
  const auto check = static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(slot), checked));
  std::memcpy(slot + kCheck, &check, sizeof(check));
}

std::string FileOf(std::string_view input) {
  if (input.empty()) return "";
  const auto how = static_cast<uint8_t>(input.front());
  input.remove_prefix(1);
  if ((how & 1) != 0) return std::string(input);
  const size_t piece = std::min(input.size() / 3, kSlot);
  std::string file(3 * kSlot, '\0');
  for (size_t slot = 0; slot < 3; ++slot) {
    input.copy(file.data() + slot * kSlot, piece, slot * piece);
    if ((how >> slot & 2) != 0) PutCheckRight(file.data() + slot * kSlot);
  }
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace brahe::checkpoint;
  static const brahe::TempTree tree;
  static const std::string folder = tree.At("state");
  tree.Remove("state");
  tree.MakeFolder("state");
  const std::string content = FileOf(brahe::TextOf(data, size));
  tree.Write("state/checkpoint", content);
  chmod(folder.c_str(), 0700);
  chmod((folder + "/checkpoint").c_str(), 0600);

  const auto read = ReadCheckpointFile(folder);
  auto file = CheckpointFile::Open(folder);
  brahe::Require(file.has_value(), "a file that is damaged is opened all the same");
  const auto value = file->Read();
  brahe::Require(value.has_value() == read.has_value(), "both readers judge alike");
  if (!read) {
    brahe::RequireOneLine(read.error().message);
  } else if (*value) {
    brahe::Require(*read && (*read)->value == **value, "both read the same");
    brahe::Require((*value)->size() < content.size(), "a value is less than its file");
  }
  brahe::Require(file->Write("next").has_value(), "the next value is written whatever was there");
  const auto next = ReadCheckpointFile(folder);
  brahe::Require(next && *next && (*next)->value == "next", "the next value is read");
  return 0;
}
