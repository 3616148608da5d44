#pragma once

#include <functional>
#include <string>
#include <vector>

namespace brahe {

// Calls `check` with texts that are near those of `corpus`: bytes changed, pieces left out, repeated, exchanged and put
// together with pieces of others. Every thousandth is repeated until it is a megabyte long, so that time that grows
// faster than the length is felt. The texts are the same in every run: 20,000 of them, or as many as
// BRAHE_FUZZ_SECONDS, a variable of the environment, leaves time for. Ends early if `check` returns false.
void Fuzz(const std::vector<std::string>& corpus, const std::function<bool(const std::string&)>& check);

}  // namespace brahe
