#include "userspace/otlp/node_metrics.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "userspace/otlp/attribute_writer.h"
#include "userspace/otlp/exact_double.h"

namespace brahe::otlp {
namespace {

using Kind = MetricSpec::Kind;

// A series of each: of energy and of power.
struct Series {
  std::string attributes = {};
  monitor::EnergyFigure figure;
};

void AddBoth(const std::vector<Series>& all, const MetricSpec& energy, const MetricSpec& power, const PointTimes& times,
             RequestBuilder& builder) {
  builder.Begin(energy);
  for (const Series& series : all) {
    builder.Add({.attributes = series.attributes,
                 .start = times.start,
                 .time = times.now,
                 .value = InJoules(series.figure.energy)});
  }
  builder.Begin(power);
  for (const Series& series : all) {
    if (!series.figure.power) continue;
    builder.Add({.attributes = series.attributes, .time = times.now, .value = InWatts(*series.figure.power)});
  }
}

// The zone that counts the whole machine, which only hw.host.* may tell of.
bool IsWholeMachine(const monitor::SocketZone& zone) { return zone.name == "psys"; }

// Perf's zones have one path for all sockets.
std::string IdOf(const monitor::SocketZone& zone, const std::vector<monitor::SocketZone>& zones) {
  const auto same = [&](const monitor::SocketZone& other) { return other.path == zone.path; };
  const bool alone = std::count_if(zones.begin(), zones.end(), same) == 1;
  return alone || !zone.socket ? zone.path : zone.path + "#" + std::to_string(*zone.socket);
}

// The package that a zone is a part of: its energy is in the package's as well. Empty: there is none, or not just one.
std::string ParentOf(const monitor::SocketZone& zone, const std::vector<monitor::SocketZone>& zones) {
  if (zone.name != "core" && zone.name != "uncore") return "";
  const auto contains = [&](const monitor::SocketZone& other) {
    return other.name == "package" && other.socket == zone.socket;
  };
  if (std::count_if(zones.begin(), zones.end(), contains) != 1) return "";
  return IdOf(*std::find_if(zones.begin(), zones.end(), contains), zones);
}

std::string HardwareAttributes(const monitor::SocketZone& zone, const std::vector<monitor::SocketZone>& zones) {
  std::string attributes;
  AttributeWriter(AttributeWriter::kOfPoint, attributes)
      .Text("hw.id", IdOf(zone, zones))
      .Text("hw.name", zone.socket ? zone.name + "-" + std::to_string(*zone.socket) : zone.name)
      .Text("hw.parent", ParentOf(zone, zones))
      .Text("hw.type", zone.name == "dram" ? "memory" : "cpu")
      .Text("brahe.zone", zone.name);
  return attributes;
}

void AddHost(const monitor::Snapshot& snapshot, std::string_view host, const PointTimes& times,
             RequestBuilder& builder) {
  if (snapshot.zones.empty()) return;
  const monitor::ZoneSeries& zone = snapshot.zones[snapshot.primary_zone];
  Series series{.figure = zone.figures.all};
  AttributeWriter(AttributeWriter::kOfPoint, series.attributes).Text("hw.id", host).Text("brahe.zone", zone.name);
  AddBoth({series}, {"hw.host.energy", "J", Kind::kCounter, "Energy of the host, as its widest zone tells it"},
          {"hw.host.power", "W", Kind::kGauge, "Mean power of the host in the last epoch"}, times, builder);
}

void AddZones(const monitor::Snapshot& snapshot, const PointTimes& times, RequestBuilder& builder) {
  std::vector<Series> all;
  for (const monitor::SocketZone& zone : snapshot.socket_zones) {
    if (IsWholeMachine(zone)) continue;
    all.push_back({HardwareAttributes(zone, snapshot.socket_zones), zone.figures.all});
  }
  AddBoth(all, {"hw.energy", "J", Kind::kCounter, "Energy used in a zone of the hardware"},
          {"hw.power", "W", Kind::kGauge, "Mean power of a zone in the last epoch"}, times, builder);
}

void AddActivity(const monitor::Snapshot& snapshot, const PointTimes& times, RequestBuilder& builder) {
  std::vector<Series> all;
  for (const monitor::ZoneSeries& zone : snapshot.zones) {
    for (const bool active : {true, false}) {
      Series series{.figure = active ? zone.figures.active : zone.figures.idle};
      AttributeWriter(AttributeWriter::kOfPoint, series.attributes)
          .Text("brahe.zone", zone.name)
          .Text("brahe.activity", active ? "active" : "idle");
      all.push_back(std::move(series));
    }
  }
  AddBoth(all,
          {"brahe.node.cpu.energy", "J", Kind::kCounter,
           "Energy of a zone, of all sockets, for the time in which CPUs were busy or idle"},
          {"brahe.node.cpu.power", "W", Kind::kGauge, "Mean power of the same in the last epoch"}, times, builder);
}

void AddSources(const monitor::Snapshot& snapshot, const PointTimes& times, RequestBuilder& builder) {
  const auto attributes_of = [](const monitor::ZoneSeries& zone) {
    std::string attributes;
    AttributeWriter(AttributeWriter::kOfPoint, attributes)
        .Text("brahe.zone", zone.name)
        .Text("brahe.energy.source", zone.state.source);
    return attributes;
  };
  builder.Begin({"brahe.energy.measured", "1", Kind::kGauge, "1 where energy is measured, 0 where it is estimated"});
  for (const monitor::ZoneSeries& zone : snapshot.zones) {
    const std::string attributes = attributes_of(zone);
    builder.Add({.attributes = attributes, .time = times.now, .value = zone.state.measured ? 1.0 : 0.0});
  }
  builder.Begin({"brahe.energy.uncertainty", "1", Kind::kGauge,
                 "By which part of itself a zone's energy in the last epoch may be off: 19 of 20 are nearer"});
  for (const monitor::ZoneSeries& zone : snapshot.zones) {
    if (!zone.state.uncertainty_ppm) continue;
    const std::string attributes = attributes_of(zone);
    builder.Add({.attributes = attributes,
                 .time = times.now,
                 .value = static_cast<double>(*zone.state.uncertainty_ppm) / 1'000'000});
  }
}

}  // namespace

void AddNode(const monitor::Snapshot& snapshot, std::string_view host, const PointTimes& times,
             RequestBuilder& builder) {
  AddHost(snapshot, host, times, builder);
  AddZones(snapshot, times, builder);
  AddActivity(snapshot, times, builder);
  AddSources(snapshot, times, builder);
}

}  // namespace brahe::otlp
