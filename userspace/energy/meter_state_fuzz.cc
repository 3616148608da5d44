#include "userspace/base/fuzz_input.h"
#include "userspace/energy/meter_state.h"

namespace brahe::energy {
namespace {

std::string Written(const MeterState& state) {
  std::string message;
  ProtobufWriter writer(message);
  WriteMeterState(state, writer);
  return message;
}

}  // namespace
}  // namespace brahe::energy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto read = brahe::energy::ReadMeterState(brahe::TextOf(data, size));
  if (!read) {
    brahe::RequireOneLine(read.error().message);
    return 0;
  }
  const auto again = brahe::energy::ReadMeterState(brahe::energy::Written(*read));
  brahe::Require(again && *again == *read, "a state is read as it is written");
  return 0;
}
