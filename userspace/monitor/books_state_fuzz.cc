#include "userspace/base/fuzz_input.h"
#include "userspace/monitor/books_state.h"

namespace brahe::monitor {
namespace {

std::string Written(const BooksState& state) {
  std::string message;
  ProtobufWriter writer(message);
  WriteBooks(state, writer);
  return message;
}

}  // namespace
}  // namespace brahe::monitor

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto read = brahe::monitor::ReadBooks(brahe::TextOf(data, size));
  if (!read) {
    brahe::RequireOneLine(read.error().message);
    return 0;
  }
  for (const auto& process : read->processes) {
    brahe::Require(process.labels != nullptr, "each process has labels");
    brahe::Require(process.account.energy.size() == read->series.size(), "each process has each series");
  }
  const auto again = brahe::monitor::ReadBooks(brahe::monitor::Written(*read));
  brahe::Require(again && brahe::monitor::Written(*again) == brahe::monitor::Written(*read),
                 "a state is read as it is written");
  return 0;
}
