// Prints the unit of each cgroup path that it reads, one a line; an empty line where there is none.
#include <iostream>
#include <string>

#include "userspace/workload/unit_rules.h"

int main() {
  for (std::string path; std::getline(std::cin, path);) std::cout << brahe::workload::UnitOfPath(path) << "\n";
}
