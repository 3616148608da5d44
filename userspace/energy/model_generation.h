#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "userspace/energy/model_figures.h"
#include "userspace/energy/processor.h"

namespace brahe::energy {

// The figures for a machine, and by what they were found, for people.
struct ModelGeneration {
  const ModelFigures* figures = nullptr;  // null: nothing is known of such a machine
  std::string found_by = {};
};

// The CPU's vendor, family, model, stepping and name tell the generation, where the table has it. A cloud's instance
// type (DMI's product_name, such as "m7g.large") rules out generations that it does not run on, and tells where the CPU
// does not. Else a newest generation of the CPU's vendor stands in.
ModelGeneration FindGeneration(const Processor& processor);

// All keys that FindGeneration may look for.
std::vector<std::string_view> GenerationKeys();

}  // namespace brahe::energy
