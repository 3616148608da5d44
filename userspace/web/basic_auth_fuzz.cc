#include <string>

#include "userspace/base/base64.h"
#include "userspace/base/fuzz_input.h"
#include "userspace/web/basic_auth.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto read = brahe::web::ParseBasicAuth(brahe::TextOf(data, size));
  if (!read) return 0;
  brahe::Require(read->user.find(':') == std::string::npos, "a name has no colon");
  const auto again = brahe::web::ParseBasicAuth("Basic " + brahe::EncodeBase64(read->user + ":" + read->password));
  brahe::Require(again && again->user == read->user && again->password == read->password,
                 "credentials are read as they are written");
  return 0;
}
