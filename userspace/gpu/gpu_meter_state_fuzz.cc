#include "userspace/base/fuzz_input.h"
#include "userspace/gpu/gpu_meter_state.h"

namespace brahe::gpu {
namespace {

std::string Written(const GpuMeterState& state) {
  std::string message;
  ProtobufWriter writer(message);
  WriteGpuMeterState(state, writer);
  return message;
}

}  // namespace
}  // namespace brahe::gpu

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto read = brahe::gpu::ReadGpuMeterState(brahe::TextOf(data, size));
  if (!read) {
    brahe::RequireOneLine(read.error().message);
    return 0;
  }
  const auto again = brahe::gpu::ReadGpuMeterState(brahe::gpu::Written(*read));
  brahe::Require(again && *again == *read, "a state is read as it is written");
  return 0;
}
