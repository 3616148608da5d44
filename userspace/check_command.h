#pragma once

namespace brahe {

// The command `check`, of the arguments behind its name: whether this machine measures well. Returns the exit status: 0
// good or limited, 1 faulty, 2 not known. To be called once, before there are threads.
int CheckCommand(int count, char** arguments);

}  // namespace brahe
