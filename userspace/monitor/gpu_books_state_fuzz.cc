#include "userspace/base/fuzz_input.h"
#include "userspace/monitor/gpu_books_state.h"

namespace brahe::monitor {
namespace {

std::string Written(const GpuBooksState& state) {
  std::string message;
  ProtobufWriter writer(message);
  WriteGpuBooksState(state, writer);
  return message;
}

}  // namespace
}  // namespace brahe::monitor

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto read = brahe::monitor::ReadGpuBooksState(brahe::TextOf(data, size));
  if (!read) {
    brahe::RequireOneLine(read.error().message);
    return 0;
  }
  const auto again = brahe::monitor::ReadGpuBooksState(brahe::monitor::Written(*read));
  brahe::Require(again && *again == *read, "a state is read as it is written");
  return 0;
}
