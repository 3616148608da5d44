#include "userspace/top/history.h"

#include <algorithm>
#include <cmath>

namespace brahe::top {
namespace {

// A pid may come again, with another name as a rule.
std::string KeyOf(const Row& row) { return row.id + '\0' + row.name; }

}  // namespace

void History::Add(const Frame& frame) {
  if (frame.zones.size() != zones_) *this = {};  // another exporter has come
  zones_ = frame.zones.size();
  ++frames_;
  for (size_t zone = 0; zone < zones_; ++zone) {
    AddPower(frame.zones[zone].all.power.value_or(Microwatts()).value, zone, node_);
  }
  for (const Level& level : frame.levels) {
    Tracks& tracks = levels_[level.name];
    for (size_t row = 0; row < level.rows.size(); ++row) {
      Track* track = nullptr;  // looked for once there is something to add
      for (size_t zone = 0; zone < zones_; ++zone) {
        const uint64_t power = level.FigureOf(row, zone).power.value_or(Microwatts()).value;
        if (power == 0) continue;
        if (track == nullptr) track = &tracks[KeyOf(level.rows[row])];
        AddPower(power, zone, *track);
      }
    }
  }
  const uint64_t cell = (frames_ - 1) / kFramesOfCell;
  if ((frames_ - 1) % kFramesOfCell != 0) return;
  for (auto& [name, tracks] : levels_) {
    std::erase_if(tracks, [&](const auto& track) { return track.second.newest + kCells <= cell; });
  }
}

void History::AddPower(uint64_t power, size_t zone, Track& track) const {
  const uint64_t cell = (frames_ - 1) / kFramesOfCell;
  track.powers.resize(kCells * zones_);
  // The places of what is too old, or was never.
  for (uint64_t passed = track.newest + 1; passed <= cell && passed <= track.newest + kCells; ++passed) {
    std::fill_n(track.powers.begin() + static_cast<ptrdiff_t>(passed % kCells * zones_), zones_, 0.F);
  }
  track.newest = cell;
  track.powers[cell % kCells * zones_ + zone] += static_cast<float>(power);
}

std::vector<double> History::MeansOf(const Track& track, size_t zone, size_t cells) const {
  std::vector<double> means;
  if (frames_ == 0 || zone >= zones_ || track.powers.empty()) return means;
  const uint64_t last = (frames_ - 1) / kFramesOfCell;
  const uint64_t count = std::min<uint64_t>({cells, kCells, last + 1});
  for (uint64_t cell = last + 1 - count; cell <= last; ++cell) {
    const bool is_kept = cell <= track.newest && cell + kCells > track.newest;
    const double frames = cell == last ? static_cast<double>((frames_ - 1) % kFramesOfCell + 1) : kFramesOfCell;
    means.push_back(is_kept ? static_cast<double>(track.powers[cell % kCells * zones_ + zone]) / frames : 0);
  }
  return means;
}

std::vector<double> History::Of(const std::string& level, const Row& row, size_t zone, size_t cells) const {
  const auto tracks = levels_.find(level);
  if (tracks == levels_.end()) return {};
  const auto track = tracks->second.find(KeyOf(row));
  return track == tracks->second.end() ? std::vector<double>() : MeansOf(track->second, zone, cells);
}

std::vector<double> History::OfNode(size_t zone, size_t cells) const { return MeansOf(node_, zone, cells); }

}  // namespace brahe::top
