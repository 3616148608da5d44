// write_package_files FOLDER: brahe.8, brahe.bash and brahe.yaml of a package.
#include <iostream>
#include <string>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/config/package_files.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: write_package_files FOLDER\n";
    return 2;
  }
  const std::string folder = argv[1];
  for (const auto& [name, text] :
       {std::pair("/brahe.8", brahe::config::ManualPage()), std::pair("/brahe.bash", brahe::config::BashCompletion()),
        std::pair("/brahe.yaml", brahe::config::SampleConfiguration())}) {
    const auto written = brahe::WriteFile(folder + name, text);
    if (written) continue;
    std::cerr << written.error().message << "\n";
    return 1;
  }
  return 0;
}
