// /proc/cpuinfo, of which each architecture has its own.
#include "userspace/base/fuzz_input.h"
#include "userspace/base/temp_tree.h"
#include "userspace/energy/processor.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const brahe::TempTree tree;
  tree.Write("cpuinfo", brahe::TextOf(data, size));
  const brahe::energy::Processor processor = brahe::energy::ReadProcessor(tree.path(), tree.path());
  for (const std::string& text : {processor.vendor, processor.name, processor.part}) {
    brahe::Require(text.size() <= size && text.find('\n') == std::string::npos, "a value is a part of a line");
  }
  return 0;
}
