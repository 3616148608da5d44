// The main of a fuzz target that is run as a test: FOLDER. Each of its files is an input, in the order of their names,
// and once more repeated until it is long: what takes time that grows with the square of the length then takes minutes.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "userspace/base/fuzz_input.h"

namespace {

constexpr size_t kLong = 1 << 16;
// For each input. Generous to slow machines.
constexpr unsigned kSeconds = 20;

void Run(const std::vector<char>& bytes) {
  alarm(kSeconds);
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1], error)) files.push_back(entry.path());
  if (files.empty()) {
    std::fprintf(stderr, "%s: no corpus: %s\n", argv[1], error.message().c_str());
    return 1;
  }
  std::sort(files.begin(), files.end());
  for (const auto& path : files) {
    // Ahead of it: where it ends the program, this is the last line.
    std::printf("%s\n", path.c_str());
    std::fflush(stdout);
    std::ifstream file(path, std::ios::binary);
    // Of exactly its size, so that a sanitizer sees each byte that is read behind it.
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    Run(bytes);
    if (bytes.empty()) continue;
    std::vector<char> repeated;
    for (repeated.reserve(kLong + bytes.size()); repeated.size() < kLong;) {
      repeated.insert(repeated.end(), bytes.begin(), bytes.end());
    }
    Run(std::vector<char>(repeated.begin(), repeated.end()));
  }
  return 0;
}
