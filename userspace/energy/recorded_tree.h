#pragma once

#include <string>

#include "userspace/base/temp_tree.h"

namespace brahe::energy {

// Makes the files and links that `listing` names in `tree`. A listing is a text file, because Bazel takes no file with
// a colon in its name, as powercap's have. Each line is one of:
//   PATH = CONTENT      a file; the line's end belongs to the content
//   PATH -> TARGET      a symbolic link
//   # anything
// A malformed line or listing throws std::runtime_error: the test cannot go on.
void UnpackTree(const std::string& listing, const TempTree& tree);

}  // namespace brahe::energy
