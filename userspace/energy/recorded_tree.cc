#include "userspace/energy/recorded_tree.h"

#include <fstream>
#include <stdexcept>

namespace brahe::energy {

void UnpackTree(const std::string& listing, const TempTree& tree) {
  std::ifstream lines(listing);
  if (!lines) throw std::runtime_error("open " + listing);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    const size_t file = line.find(" = ");
    const size_t link = line.find(" -> ");
    if (file != std::string::npos) {
      tree.Write(line.substr(0, file), line.substr(file + 3) + "\n");
    } else if (link != std::string::npos) {
      tree.Link(line.substr(0, link), line.substr(link + 4));
    } else {
      throw std::runtime_error(listing + ": malformed line: " + line);
    }
  }
}

}  // namespace brahe::energy
