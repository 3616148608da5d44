#pragma once

namespace brahe {

// The command `unpin`, of the arguments behind its name: takes out of the kernel what an exporter left there. Returns
// the exit status: 0 done, or there was nothing, 1 not. To be called once, before there are threads.
int UnpinCommand(int count, char** arguments);

}  // namespace brahe
