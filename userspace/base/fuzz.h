#pragma once

#include <functional>
#include <string>
#include <vector>

namespace brahe {

// Calls `check` with texts that are near those of `corpus`: bytes changed, pieces left out, repeated, exchanged and put
// together with pieces of others. Every thousandth is repeated until it is a megabyte long, and fails the test if it
// takes time that grows faster than the length. The texts are the same in every run: `texts` of them, or as many as
// BRAHE_FUZZ_SECONDS, a variable of the environment, leaves time for. Ends at the test's first failure.
void Fuzz(const std::vector<std::string>& corpus, const std::function<void(const std::string&)>& check,
          int texts = 20'000);

}  // namespace brahe
