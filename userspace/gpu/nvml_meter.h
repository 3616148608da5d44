#pragma once

#include <memory>
#include <string>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/fault_log.h"
#include "userspace/gpu/background.h"
#include "userspace/gpu/gpu_meter.h"
#include "userspace/gpu/gpu_meter_state.h"
#include "userspace/gpu/nvml_library.h"

namespace brahe::gpu {

struct NvmlOptions {
  std::string library = kNvmlSoname;
  // How long Take waits for cards after Ask. One that has not answered by the next Ask is waited for no more until it
  // has.
  Nanoseconds patience = Milliseconds(100);
  // How long Take waits for cards to be looked for. Otherwise they are found when they are.
  Nanoseconds find_patience = {};
  // Between two searches for the library, or for cards that are new or have come back. Where a card cannot be read, one
  // that may have come back is looked for sooner.
  Nanoseconds find_period = Seconds(30);
  Nanoseconds find_lost_period = Seconds(5);
};

// NVIDIA's cards, by NVML. The library is looked for now and then while it is not there, and nothing is said of that.
// Each card is read in a thread of its own, and so are they looked for: what hangs in the driver holds up nobody else.
class NvmlMeter final : public GpuMeter {
 public:
  // `clock` must outlive the meter and its threads: it is the kernel's, or the test's whose cards do not hang.
  NvmlMeter(NvmlOptions options, const Clock& clock);
  ~NvmlMeter() override;

  void Ask() override;
  std::vector<CardReading> Take() override;
  [[nodiscard]] GpuMeterState State() const override;
  void Resume(const GpuMeterState& state) override { resumed_ = state.cards; }

 private:
  struct Search;
  struct Card;

  void TakeFound();
  void GoOn(Card& card);
  CardReading TakeFrom(Card& card);
  void Say(Card& card, const CardReading& reading);

  const NvmlOptions options_;
  const Clock& clock_;
  Nanoseconds searched_;  // the last time that a card asked for it
  bool search_again_ = false;
  const std::shared_ptr<Search> search_;  // shared with its thread, as each card's state is
  std::vector<std::unique_ptr<Card>> cards_;
  std::vector<CardState> resumed_;  // those of another process that are not found yet
  FaultLog faults_;
  std::unique_ptr<Background> finder_;  // after what it uses
};

}  // namespace brahe::gpu
