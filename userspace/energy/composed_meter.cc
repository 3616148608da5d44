#include "userspace/energy/composed_meter.h"

#include <glog/logging.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace brahe::energy {
namespace {

// Those of `candidates`, which are indexes of `zones`, that are of the socket of `zone`. One alone may be the whole
// machine's, or `zone` may.
std::vector<size_t> Matching(const Zone& zone, const std::vector<size_t>& candidates, const std::vector<Zone>& zones) {
  std::vector<size_t> matching;
  for (const size_t candidate : candidates) {
    const std::optional<uint32_t>& socket = zones[candidate].socket;
    const bool is_whole = candidates.size() == 1 && (!socket || !zone.socket);
    if (is_whole || socket == zone.socket) matching.push_back(candidate);
  }
  return matching;
}

// What several counters of one zone make known together.
void AddUsed(std::optional<Microjoules> used, std::optional<Microjoules>& sum) {
  sum = used && sum ? std::optional(*sum + *used) : std::nullopt;
}

}  // namespace

ComposedMeter::ComposedMeter(std::vector<EnergySource> sources) : sources_(std::move(sources)) {
  for (size_t source = 0; source < sources_.size(); ++source) AddSource(source);
}

void ComposedMeter::AddSource(size_t source) {
  const std::vector<Zone>& zones = sources_[source].meter->zones();
  std::vector<Supply> added;
  std::vector<Provider> reserves(supplies_.size(), Provider{.source = source, .zones = {}, .zone_to_ours = {}});
  for (size_t z = 0; z < zones.size(); ++z) {
    const auto has_name = [&](const Supply& supply) { return supply.name == zones[z].name; };
    const auto supply = std::find_if(supplies_.begin(), supplies_.end(), has_name);
    if (supply != supplies_.end()) {
      reserves[static_cast<size_t>(supply - supplies_.begin())].zones.push_back(z);
      continue;
    }
    auto own = std::find_if(added.begin(), added.end(), has_name);
    if (own == added.end()) {
      own = added.insert(
          own,
          {.name = zones[z].name, .zones = {}, .providers = {{.source = source, .zones = {}, .zone_to_ours = {}}}});
    }
    own->zones.push_back(zones_.size());
    own->providers[0].zones.push_back(z);
    own->providers[0].zone_to_ours.push_back(zones_.size());
    zones_.push_back(zones[z]);
  }
  for (size_t i = 0; i < reserves.size(); ++i) AddReserve(supplies_[i], std::move(reserves[i]));
  for (Supply& supply : added) supplies_.push_back(std::move(supply));
}

void ComposedMeter::AddReserve(Supply& supply, Provider provider) const {
  const std::vector<Zone>& theirs = sources_[provider.source].meter->zones();
  std::vector<size_t> taken(zones_.size());  // how many of theirs are added to ours
  for (const size_t z : provider.zones) {
    const std::vector<size_t> matching = Matching(theirs[z], supply.zones, zones_);
    if (matching.empty()) return;
    // Of the dies of one socket each gets one; what is left over is the last one's.
    const auto free = std::find_if(matching.begin(), matching.end(), [&](size_t ours) { return taken[ours] == 0; });
    provider.zone_to_ours.push_back(free != matching.end() ? *free : matching.back());
    ++taken[provider.zone_to_ours.back()];
  }
  for (const size_t ours : supply.zones) {
    const auto of_socket = [&](size_t z) { return taken[z] != 0 && zones_[z].socket == zones_[ours].socket; };
    if (std::none_of(supply.zones.begin(), supply.zones.end(), of_socket)) return;
  }
  supply.providers.push_back(std::move(provider));
}

std::vector<ZoneState> ComposedMeter::States() const {
  std::vector<std::vector<ZoneState>> theirs;
  for (const EnergySource& source : sources_) theirs.push_back(source.meter->States());
  std::vector<std::optional<ZoneState>> states(zones_.size());
  for (const Supply& supply : supplies_) {
    const Provider& active = supply.providers[supply.active];
    for (size_t i = 0; i < active.zones.size(); ++i) {
      const ZoneState& of = theirs[active.source][active.zones[i]];
      std::optional<ZoneState>& state = states[active.zone_to_ours[i]];
      state = state ? Together(*state, of) : of;
    }
    // A die whose socket's energy is all another die's.
    const ZoneState none{.source = sources_[active.source].name,
                         .measured = theirs[active.source][active.zones.front()].measured};
    for (const size_t ours : supply.zones) states[ours] = states[ours].value_or(none);
    for (const Provider& provider : supply.providers) {
      if (&provider == &active) continue;
      for (size_t i = 0; i < provider.zones.size(); ++i) {
        states[provider.zone_to_ours[i]]->read_errors += theirs[provider.source][provider.zones[i]].read_errors;
        states[provider.zone_to_ours[i]]->resets += theirs[provider.source][provider.zones[i]].resets;
      }
    }
  }
  std::vector<ZoneState> result;
  for (const std::optional<ZoneState>& state : states) result.push_back(*state);
  return result;
}

bool ComposedMeter::OpensPerfEvents() const {
  for (size_t source = 0; source < sources_.size(); ++source) {
    if (InUse(source) && sources_[source].meter->OpensPerfEvents()) return true;
  }
  return false;
}

void ComposedMeter::Sample() {
  for (size_t source = 0; source < sources_.size(); ++source) {
    if (InUse(source)) sources_[source].meter->Sample();
  }
}

EnergyEpoch ComposedMeter::Collect(const MeterEpoch& epoch) {
  std::vector<EnergyEpoch> theirs(sources_.size());
  EnergyEpoch result{.used = std::vector<std::optional<Microjoules>>(zones_.size(), Microjoules{})};
  for (size_t source = 0; source < sources_.size(); ++source) {
    if (!InUse(source)) continue;
    theirs[source] = sources_[source].meter->Collect(epoch);
    const std::vector<Nanoseconds>& lags = theirs[source].read_lags;
    result.read_lags.insert(result.read_lags.end(), lags.begin(), lags.end());
  }
  for (const Supply& supply : supplies_) {
    const Provider& active = supply.providers[supply.active];
    for (size_t i = 0; i < active.zones.size(); ++i) {
      AddUsed(theirs[active.source].used[active.zones[i]], result.used[active.zone_to_ours[i]]);
    }
  }
  ChooseProviders(epoch);
  return result;
}

MeterState ComposedMeter::State() const {
  MeterState state;
  for (size_t source = 0; source < sources_.size(); ++source) {
    const bool in_use = InUse(source);
    for (MeterZoneState& zone : sources_[source].meter->State().zones) {
      // What it counts until somebody listens to it again is nobody's.
      if (!in_use) {
        zone.last.reset();
        zone.pending = {};
      }
      state.zones.push_back(std::move(zone));
    }
  }
  for (const Supply& supply : supplies_) {
    if (supply.providers.size() == 1) continue;
    state.supplies.push_back({.zone = supply.name, .source = sources_[supply.providers[supply.active].source].name});
  }
  return state;
}

void ComposedMeter::Resume(const MeterState& state) {
  for (Supply& supply : supplies_) {
    for (size_t provider = 0; provider < supply.providers.size(); ++provider) {
      const std::string& source = sources_[supply.providers[provider].source].name;
      const MeterSupplyState now{.zone = supply.name, .source = source};
      if (std::find(state.supplies.begin(), state.supplies.end(), now) != state.supplies.end()) {
        supply.active = provider;
      }
    }
  }
  const auto is_source = [&](const std::string& name) {
    return std::any_of(sources_.begin(), sources_.end(),
                       [&](const EnergySource& source) { return source.name == name; });
  };
  for (const MeterZoneState& zone : state.zones) {
    if (!is_source(zone.source)) SayGone(zone);
  }
  for (const EnergySource& source : sources_) {
    MeterState theirs;
    std::copy_if(state.zones.begin(), state.zones.end(), std::back_inserter(theirs.zones),
                 [&](const MeterZoneState& zone) { return zone.source == source.name; });
    source.meter->Resume(theirs);
  }
}

bool ComposedMeter::InUse(size_t source) const {
  // The one that is listened to, and those before it, for the time when they move again.
  return std::any_of(supplies_.begin(), supplies_.end(), [&](const Supply& supply) {
    const auto end = supply.providers.begin() + static_cast<std::ptrdiff_t>(supply.active) + 1;
    return std::any_of(supply.providers.begin(), end,
                       [&](const Provider& provider) { return provider.source == source; });
  });
}

bool ComposedMeter::Stands(const Provider& provider, const std::vector<ZoneState>& states) {
  return std::all_of(provider.zones.begin(), provider.zones.end(),
                     [&](size_t z) { return states[z].still && !states[z].measured; });
}

void ComposedMeter::ChooseProviders(const MeterEpoch& epoch) {
  for (Supply& supply : supplies_) {
    if (supply.providers.size() == 1) continue;
    const auto moves = [&](const Provider& provider) {
      return !Stands(provider, sources_[provider.source].meter->States());
    };
    const auto chosen = std::find_if(supply.providers.begin(), supply.providers.end(), moves);
    if (chosen == supply.providers.end()) continue;
    const auto index = static_cast<size_t>(chosen - supply.providers.begin());
    if (index != supply.active) Switch(supply, index, epoch);
  }
}

void ComposedMeter::Switch(Supply& supply, size_t provider, const MeterEpoch& epoch) {
  const EnergySource& next = sources_[supply.providers[provider].source];
  const std::string& last = sources_[supply.providers[supply.active].source].name;
  if (provider > supply.active) {
    if (!InUse(supply.providers[provider].source)) {
      // It begins at this epoch's end: what it counted while nobody listened is not this zone's.
      next.meter->Sample();
      next.meter->Collect(epoch);
    }
    LOG(WARNING) << "Energy of zone " << supply.name << ": no counter of " << last << " moves, though CPUs are busy; "
                 << next.name << " takes its place until one does";
  } else {
    LOG(INFO) << "Energy of zone " << supply.name << ": counters of " << next.name
              << " move again, and take the place of " << last;
  }
  supply.active = provider;
}

std::optional<Nanoseconds> ComposedMeter::MaxSampleInterval() const {
  std::optional<Nanoseconds> shortest;
  for (size_t source = 0; source < sources_.size(); ++source) {
    const std::optional<Nanoseconds> interval = sources_[source].meter->MaxSampleInterval();
    if (InUse(source) && interval) shortest = std::min(*interval, shortest.value_or(*interval));
  }
  return shortest;
}

}  // namespace brahe::energy
