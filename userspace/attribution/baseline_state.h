#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "userspace/attribution/baseline_split.h"
#include "userspace/base/protobuf_writer.h"
#include "userspace/base/result.h"

namespace brahe::attribution {

// What a BaselineSplit has learnt, for one in another process.

// Appends what is `learnt` of each zone with what it is called there. `zones`: by zone, what none but it is called,
// such as its name, path and socket; not fewer than `learnt`.
void WriteBaseline(const std::vector<ZoneBaseline>& learnt, const std::vector<std::string>& zones,
                   ProtobufWriter& writer);
// What is learnt of `zones`, in their order, whatever order they were written in; nothing is of those that were not
// there. Takes any bytes. An Error that names the field where they are no such state.
Result<std::vector<ZoneBaseline>> ReadBaseline(std::string_view message, const std::vector<std::string>& zones);

}  // namespace brahe::attribution
