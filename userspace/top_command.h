#pragma once

namespace brahe {

// `brahe top`: the live table. `arguments` are those after "top". Returns the exit status: 1 where nothing can be
// shown.
int TopCommand(int count, char** arguments);

}  // namespace brahe
