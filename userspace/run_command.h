#pragma once

namespace brahe {

// `brahe run`: from its command line to the report. `arguments` are those after "run". Returns the exit status: the
// command's, or kRunFailed where it could not be measured. To be called once, before there are threads.
int RunCommand(int count, char** arguments);

}  // namespace brahe
