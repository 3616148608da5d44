// What the kernel tells of a process, of which its name may be anything.
#include <string>

#include "userspace/base/fuzz_input.h"
#include "userspace/base/process_stat.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = brahe::TextOf(data, size);
  brahe::ProcessStat stat;
  if (brahe::ParseProcessStat(text, stat)) {
    brahe::Require(stat.comm.size() <= 15, "a name is as long as the kernel's at most");
    const bool has_escapes = text.find('\\') != text.npos;
    brahe::Require(has_escapes || text.find(stat.comm) != text.npos, "a name stands in the text");
    brahe::ProcessStat again;
    brahe::Require(brahe::ParseProcessStat(std::string(text) + " 1 2 3\n", again), "more may come behind");
    brahe::Require(again.start_ticks == stat.start_ticks && again.comm == stat.comm,
                   "what comes behind is not looked at");
  }
  brahe::ParseRealUid(text);
  return 0;
}
