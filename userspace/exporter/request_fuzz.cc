// What a request says: headers by which formats are chosen, and a query's arguments, as they come decoded.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "userspace/base/fuzz_input.h"
#include "userspace/exporter/asked_history.h"
#include "userspace/exporter/asked_levels.h"
#include "userspace/exporter/negotiation.h"

namespace {

std::vector<std::pair<std::string, std::string>> ArgumentsOf(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> arguments;
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    const size_t sign = std::min(one.find('='), one.size());
    arguments.emplace_back(one.substr(0, sign), one.substr(std::min(sign + 1, one.size())));
    query.remove_prefix(std::min(one.size() + 1, query.size()));
  }
  return arguments;
}

void CheckQuery(std::string_view query) {
  using namespace brahe::exporter;
  const auto arguments = ArgumentsOf(query);
  const auto levels = AskedLevels(arguments);
  if (levels) {
    for (const std::string& level : *levels) {
      const auto again = AskedLevels({{"level", level}});
      brahe::Require(again && again->size() == 1 && again->front() == level, "a level is read as it is written");
    }
  } else {
    brahe::RequireOneLine(levels.error().message);
  }
  const auto history = AskedHistoryOf(arguments);
  if (!history) brahe::RequireOneLine(history.error().message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string header(brahe::TextOf(data, size));
  const auto format = brahe::exporter::FormatFor(header);
  brahe::Require(brahe::exporter::FormatFor(" " + header + "\t") == format, "white space around it says nothing");
  brahe::exporter::TakesGzip(header);
  CheckQuery(header);
  return 0;
}
