#include "userspace/base/fuzz_input.h"
#include "userspace/fetch/pruned_json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = brahe::TextOf(data, size);
  const brahe::fetch::JsonBounds bounds{.max_depth = 5, .max_values = 20, .max_string = 30};
  const auto json = brahe::fetch::ParsePruned(text, {"a", "items", "name"}, bounds);
  if (!json) {
    brahe::RequireOneLine(json.error().message);
    return 0;
  }
  brahe::Require(nlohmann::json::accept(text), "what is read is JSON");
  const std::string written = json->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  const auto again = brahe::fetch::ParsePruned(written, {"a", "items", "name"}, bounds);
  brahe::Require(again && *again == *json, "what is kept is kept again");
  return 0;
}
