#pragma once

namespace brahe {

// The command that is meant where none is named: the exporter, from its command line to the signal that ends it.
// Returns the exit status. Errors go to standard error. To be called once, before there are threads.
int Serve(int argc, char** argv);

}  // namespace brahe
