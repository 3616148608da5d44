// The host's etc/passwd.
#include "userspace/base/fuzz_input.h"
#include "userspace/base/temp_tree.h"
#include "userspace/workload/user_names.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using brahe::workload::UserNames;
  static const brahe::TempTree tree;
  tree.Write("1/root/etc/passwd", brahe::TextOf(data, size));
  UserNames names(tree.path(), [] { return true; });
  for (const uint32_t uid : {0U, 1U, 10U, 1000U, 65534U, 4294967295U}) {
    const std::string name = names.NameOf(uid);
    brahe::Require(!name.empty() && name.size() <= brahe::workload::kLongestUserName, "each user is called something");
    brahe::Require(name.find_first_of(":\n") == std::string::npos, "a name is a field of a line");
  }
  return 0;
}
