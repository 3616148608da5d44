// What runtimes leave of a container's name: JSON, arguments and environments.
#include "userspace/base/fuzz_input.h"
#include "userspace/workload/container_name_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace brahe::workload;
  const std::string_view text = brahe::TextOf(data, size);
  // As the corpus has it.
  const std::string_view id = "0123456789abcdef";
  for (const std::string& name : {NameInConmonArguments(text, id), NameInDockerConfig(text, id),
                                  NameInBundleConfig(text), NameInEnvironment(text)}) {
    brahe::Require(name.size() <= 256, "a name keeps its bound");
  }
  for (const std::string& path : {DockerFolderInBundleConfig(text, id), DataRootInDockerdArguments(text),
                                  ConfigFileInDockerdArguments(text), DataRootInDockerdConfig(text)}) {
    brahe::Require(path.size() <= size, "a path is a part of the text");
  }
  return 0;
}
