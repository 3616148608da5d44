#pragma once

namespace brahe {

// The command `state`, of the arguments behind its name: what an exporter keeps over its end. Returns the exit status:
// 1 where nothing is kept or it cannot be read. To be called once, before there are threads.
int StateCommand(int count, char** arguments);

}  // namespace brahe
