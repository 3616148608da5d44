#pragma once

#include "userspace/base/result.h"

namespace brahe {

// Opens /dev/null as each of standard input, output and error that is closed. Whatever is opened next would get that
// descriptor otherwise, and a client's socket would get what is meant for the log. To be called before anything is
// opened. The Error names the remedy.
Status OpenStandardFiles();

}  // namespace brahe
