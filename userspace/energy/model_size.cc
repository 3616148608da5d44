#include "userspace/energy/model_size.h"

#include <algorithm>
#include <cmath>

namespace brahe::energy {
namespace {

// The powers of two ratios to what is usual, and the logarithm of the factor for a machine that has one socket where
// two or more are usual.
struct SizeEffect {
  double threads_per_socket;
  double mib_per_thread;
  double one_socket;
};

struct SizeEffects {
  SizeEffect idle;
  SizeEffect max;
  double farthest_ratio;  // a size that is farther from the usual one counts as this, or as one by this
};

constexpr SizeEffects kEffects = {
#include "userspace/energy/model_size.inc"
};

// The logarithm of `value` / `usual`, neither of which is 0.
double LogRatio(uint32_t value, uint32_t usual) {
  const double farthest = std::log(kEffects.farthest_ratio);
  return std::clamp(std::log(static_cast<double>(value) / usual), -farthest, farthest);
}

Microwatts Times(Microwatts power, const SizeEffect& effect, const MachineSize& size, const MachineSize& usual) {
  const double log_factor = effect.threads_per_socket * LogRatio(size.threads_per_socket, usual.threads_per_socket) +
                            effect.mib_per_thread * LogRatio(size.mib_per_thread, usual.mib_per_thread) +
                            effect.one_socket * (int{size.one_socket} - int{usual.one_socket});
  return {static_cast<uint64_t>(std::llround(static_cast<double>(power.value) * std::exp(log_factor)))};
}

}  // namespace

IdleAndMax WattsOfSize(const ModelFigures& figures, const MachineSize& size) {
  if (!figures.usual) return {figures.idle, figures.max};
  const Microwatts idle = Times(figures.idle, kEffects.idle, size, *figures.usual);
  return {idle, std::max(idle, Times(figures.max, kEffects.max, size, *figures.usual))};
}

}  // namespace brahe::energy
