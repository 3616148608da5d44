#include "userspace/gpu/nvml_meter.h"

#include <glog/logging.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "userspace/base/result.h"
#include "userspace/gpu/card_account.h"
#include "userspace/gpu/card_look.h"

namespace brahe::gpu {
namespace {

// More cards than this are not read. A machine has 16 at most today.
constexpr unsigned kMostCards = 64;
// Between two readings of a power that stands for a counter.
constexpr Nanoseconds kPowerPeriod = Seconds(1);

struct FoundCard {
  CardNames names;
  NvmlDevice device = nullptr;
};

std::string TextOf(NvmlReturn (*function)(NvmlDevice, char*, unsigned), NvmlDevice device) {
  char text[kNvmlTextSize] = {};
  if (function(device, text, sizeof text) != kNvmlSuccess) return {};
  text[sizeof text - 1] = '\0';
  return text;
}

std::string NameOf(const CardNames& card) {
  return "GPU " + std::to_string(card.index) + " (" + card.name + ", " + card.uuid + ")";
}

}  // namespace

// What the search has found, and what it goes on from.
struct NvmlMeter::Search {
  // By its thread alone.
  std::optional<NvmlLibrary> nvml;
  bool initialized = false;

  std::mutex mutex;  // of the rest
  std::optional<NvmlLibrary> ready;
  std::vector<FoundCard> found;
  std::optional<Error> error;  // other than that there is no library

  void Run(const std::string& library) {
    std::vector<FoundCard> cards;
    Status status = Load(library);
    if (status) status = Find(cards);
    const std::lock_guard lock(mutex);
    error.reset();
    if (!status && status.error().code != ENOENT) error = status.error();
    found = std::move(cards);
    if (status) ready = nvml;
  }

 private:
  Status Load(const std::string& library) {
    if (nvml) return {};
    auto loaded = LoadNvml(library);
    if (!loaded) return loaded.error();
    nvml = *loaded;
    return {};
  }

  Status Find(std::vector<FoundCard>& cards) {
    unsigned count = 0;
    // After the driver was loaded anew the library must begin anew as well.
    if (initialized && nvml->count(&count) != kNvmlSuccess) {
      nvml->shutdown();
      initialized = false;
    }
    if (!initialized) {
      if (const NvmlReturn code = nvml->init(); code != kNvmlSuccess) return NvmlError(*nvml, "nvmlInit_v2", code);
      initialized = true;
    }
    if (const NvmlReturn code = nvml->count(&count); code != kNvmlSuccess) {
      return NvmlError(*nvml, "nvmlDeviceGetCount_v2", code);
    }
    for (unsigned index = 0; index < std::min(count, kMostCards); ++index) {
      FoundCard card{.names = {.index = index, .uuid = {}, .name = {}}, .device = nullptr};
      // One that is lost has no handle.
      if (nvml->handle(index, &card.device) != kNvmlSuccess) continue;
      card.names.uuid = TextOf(nvml->uuid, card.device);
      card.names.name = TextOf(nvml->name, card.device);
      if (!card.names.uuid.empty()) cards.push_back(std::move(card));
    }
    return {};
  }
};

struct NvmlMeter::Card {
  // Shared with its thread.
  struct State {
    const NvmlLibrary nvml;
    const Clock& clock;
    uint64_t seen_us = 0;  // by its thread alone

    std::mutex mutex;  // of the rest; never held while the library is called
    NvmlDevice device;
    CardAccount account;
    std::optional<Error> error;  // of the last look
    uint64_t seen_by_account_us = 0;

    State(const NvmlLibrary& library, const Clock& of_looks, NvmlDevice handle)
        : nvml(library), clock(of_looks), device(handle) {}

    std::optional<Nanoseconds> Look() {
      const NvmlDevice now = [this] {
        const std::lock_guard lock(mutex);
        return device;
      }();
      const Nanoseconds before = clock.Now();
      const Result<CardLook> look = LookAt(nvml, now, seen_us);
      const Nanoseconds time = energy::MiddleOf(before, clock.Now());
      const std::lock_guard lock(mutex);
      error.reset();
      seen_by_account_us = seen_us;
      if (look) {
        account.Add(*look, time, clock.Suspended());
      } else {
        account.AddFailure();
        error = look.error();
      }
      return account.needs_power() ? std::optional(kPowerPeriod) : std::nullopt;
    }
  };

  Card(CardNames of_card, const NvmlLibrary& nvml, const Clock& clock, NvmlDevice device)
      : names(std::move(of_card)),
        state(std::make_shared<State>(nvml, clock, device)),
        reader([state = state] { return state->Look(); }) {}

  CardNames names;
  const std::shared_ptr<State> state;
  Background reader;
  bool asked = false;  // once at least
  bool hangs = false;  // it had not answered at the last Ask
  bool said = false;   // where its energy comes from
  CardState after_take;
};

NvmlMeter::NvmlMeter(NvmlOptions options, const Clock& clock)
    : options_(std::move(options)), clock_(clock), search_(std::make_shared<Search>()), faults_(clock) {
  finder_ = std::make_unique<Background>(
      [search = search_, library = options_.library, period = options_.find_period]() -> std::optional<Nanoseconds> {
        search->Run(library);
        return period;
      });
  finder_->Ask();
}

NvmlMeter::~NvmlMeter() = default;

void NvmlMeter::TakeFound() {
  finder_->Wait(options_.find_patience);
  const std::lock_guard lock(search_->mutex);
  if (search_->error) {
    faults_.Report("nvml", "GPUs are left out: " + search_->error->message);
  } else if (search_->ready) {
    faults_.Clear("nvml", "GPUs: NVML works again");
  }
  // What was found is taken once: a card that is lost meanwhile has no handle that is worth a second try.
  for (const FoundCard& found : std::exchange(search_->found, {})) {
    const auto same = [&](const auto& card) { return card->names.uuid == found.names.uuid; };
    const auto known = std::find_if(cards_.begin(), cards_.end(), same);
    if (known != cards_.end()) {
      // Its labels stay what they were: a card that is called another way would be another series.
      const std::lock_guard card_lock((*known)->state->mutex);
      (*known)->state->device = found.device;
    } else if (cards_.size() < kMostCards) {
      cards_.push_back(std::make_unique<Card>(found.names, *search_->ready, clock_, found.device));
      GoOn(*cards_.back());
    }
  }
}

// From what another process knew of the card.
void NvmlMeter::GoOn(Card& card) {
  card.after_take.uuid = card.names.uuid;
  const auto before = std::find_if(resumed_.begin(), resumed_.end(),
                                   [&](const CardState& state) { return state.uuid == card.names.uuid; });
  if (before == resumed_.end()) return;
  const std::lock_guard lock(card.state->mutex);
  card.state->account.Resume(*before, clock_.Now());
  card.state->seen_us = card.state->seen_by_account_us = before->seen_us;  // its thread has not looked yet
  card.after_take = *before;
  resumed_.erase(before);
}

GpuMeterState NvmlMeter::State() const {
  GpuMeterState state{.cards = resumed_};
  for (const auto& card : cards_) state.cards.push_back(card->after_take);
  return state;
}

void NvmlMeter::Ask() {
  if (std::exchange(search_again_, false) && clock_.Now() - searched_ >= options_.find_lost_period) {
    searched_ = clock_.Now();
    finder_->Ask();
  }
  TakeFound();
  for (const auto& card : cards_) {
    card->hangs = !card->reader.Idle();
    card->reader.Ask();
    card->asked = true;
  }
}

std::vector<CardReading> NvmlMeter::Take() {
  std::vector<CardReading> readings;
  for (const auto& card : cards_) {
    if (card->asked) readings.push_back(TakeFrom(*card));
  }
  return readings;
}

CardReading NvmlMeter::TakeFrom(Card& card) {
  const std::string fault = "late " + card.names.uuid;
  if (card.reader.Wait(card.hangs ? Nanoseconds{} : options_.patience)) {
    faults_.Clear(fault, NameOf(card.names) + " answers again");
  } else {
    faults_.Report(fault, NameOf(card.names) + " does not answer; its energy is left out until it does");
  }
  // Of a late one, what the look before has found, if that was late as well.
  CardReading reading;
  std::optional<Error> error;
  {
    const std::lock_guard lock(card.state->mutex);
    reading = card.state->account.Take();
    card.after_take = card.state->account.State();
    card.after_take.seen_us = card.state->seen_by_account_us;
    error = card.state->error;
  }
  reading.names = card.names;
  card.after_take.uuid = card.names.uuid;
  if (error) {
    search_again_ = true;
    faults_.Report(card.names.uuid, NameOf(card.names) + " cannot be read, its counters stay: " + error->message);
  } else {
    faults_.Clear(card.names.uuid, NameOf(card.names) + " is read again");
    Say(card, reading);
  }
  return reading;
}

void NvmlMeter::Say(Card& card, const CardReading& reading) {
  if (reading.source == CardSource::kNone || std::exchange(card.said, true)) return;
  LOG(INFO) << NameOf(card.names) << ": energy "
            << (reading.source == CardSource::kCounter ? "from its counter" : "from its power, each second");
}

}  // namespace brahe::gpu
