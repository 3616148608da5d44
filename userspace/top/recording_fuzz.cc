#include "userspace/base/fuzz_input.h"
#include "userspace/base/temp_tree.h"
#include "userspace/top/recording.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace brahe::top;
  static const brahe::TempTree tree;
  tree.Write("recording", brahe::TextOf(data, size));
  const auto recording = Recording::Open(tree.At("recording"));
  if (!recording) {
    brahe::RequireOneLine(recording.error().message);
    return 0;
  }
  brahe::Require(recording->frames() > 0, "a recording has a frame");
  uint64_t bytes = 0;
  for (size_t frame = 0; frame < recording->frames(); ++frame) {
    const auto document = recording->Document(frame);
    brahe::Require(document.has_value(), "each frame can be read");
    brahe::Require(document->find('\n') >= document->size() - 1, "a frame is one line");
    bytes += recording->bytes(frame);
  }
  brahe::Require(bytes <= size, "frames lie in the file");
  return 0;
}
