#include "userspace/otlp/snapshot_encoder.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "userspace/base/protobuf_writer.h"
#include "userspace/otlp/attribute_writer.h"
#include "userspace/otlp/exact_double.h"
#include "userspace/otlp/node_metrics.h"
#include "userspace/otlp/workload_attributes.h"

namespace brahe::otlp {
namespace {

using Kind = MetricSpec::Kind;

// Fields of InstrumentationScope.
constexpr uint32_t kScopeName = 1;
constexpr uint32_t kScopeVersion = 2;

RequestBuilder::Frame MakeFrame(const Origin& origin, size_t max_bytes) {
  RequestBuilder::Frame frame{.max_bytes = max_bytes};
  AttributeWriter resource(AttributeWriter::kOfResource, frame.resource);
  for (const auto& [name, value] : origin.resource) resource.Text(name, value);
  ProtobufWriter scope(frame.scope);
  scope.Bytes(kScopeName, "brahe");
  scope.Bytes(kScopeVersion, origin.version);
  return frame;
}

// Writes one level of one snapshot.
class LevelWriter {
 public:
  LevelWriter(const monitor::Snapshot& snapshot, const WallTime& times, Nanoseconds started, RequestBuilder& builder)
      : times_(times), started_(times.At(started)), now_(times.At(snapshot.time)), builder_(builder) {
    for (const monitor::ZoneSeries& zone : snapshot.zones) {
      AttributeWriter(AttributeWriter::kOfPoint, zones_.emplace_back()).Text("brahe.zone", zone.name);
    }
  }

  // `append` writes the attributes of labels.
  template <typename Labels>
  void Add(std::string_view level, const monitor::WorkloadList<Labels>& list, TwinMarks& twins, const auto& append) {
    const std::string prefix = "brahe." + std::string(level);
    const std::vector<std::string> attributes = AttributesOf(list, twins, append);
    builder_.Begin({prefix + ".cpu.energy", "J", Kind::kCounter, "Active energy of the CPU time"});
    ForEach(list, [&](size_t item, size_t zone, const monitor::EnergyFigure& figure) {
      builder_.Add({attributes[item], zones_[zone], StartOf(list[item].since), now_, InJoules(figure.energy)});
    });
    builder_.Begin({prefix + ".cpu.power", "W", Kind::kGauge, "Mean active power in the last epoch"});
    ForEach(list, [&](size_t item, size_t zone, const monitor::EnergyFigure& figure) {
      if (figure.power) builder_.Add({attributes[item], zones_[zone], 0, now_, InWatts(*figure.power)});
    });
    builder_.Begin({prefix + ".cpu.time", "s", Kind::kCounter, "CPU time"});
    for (size_t item = 0; item < list.size(); ++item) {
      builder_.Add({attributes[item], {}, StartOf(list[item].since), now_, InSeconds(list[item].cpu_time)});
    }
    AddRest(prefix, list.rest());
  }

 private:
  [[nodiscard]] uint64_t StartOf(monitor::PackedInstant since) const { return since ? times_.At(*since) : 0; }

  void ForEach(const auto& list, const auto& visit) const {
    for (size_t item = 0; item < list.size(); ++item) {
      for (size_t zone = 0; zone < zones_.size(); ++zone) visit(item, zone, list.At(item, zone));
    }
  }

  template <typename Labels>
  std::vector<std::string> AttributesOf(const monitor::WorkloadList<Labels>& list, TwinMarks& twins,
                                        const auto& append) const {
    std::vector<std::string> attributes(list.size());
    std::vector<TwinMarks::Item> items;
    items.reserve(list.size());
    for (size_t item = 0; item < list.size(); ++item) {
      AttributeWriter writer(AttributeWriter::kOfPoint, attributes[item]);
      append(*list[item].labels, writer);
      items.push_back({.hash = std::hash<std::string>()(attributes[item]), .serial = list[item].serial});
    }
    const std::vector<bool> marks = twins.Mark(items);
    for (size_t item = 0; item < list.size(); ++item) {
      if (!marks[item]) continue;
      AttributeWriter(AttributeWriter::kOfPoint, attributes[item]).Number("brahe.serial", list[item].serial);
    }
    return attributes;
  }

  // What completes the sum of a level to the active energy.
  void AddRest(const std::string& prefix, const std::vector<monitor::ListRest>& rest) {
    builder_.Begin({prefix + ".unlisted.energy", "J", Kind::kCounter, "Active energy that none of the listed has"});
    for (size_t zone = 0; zone < rest.size(); ++zone) {
      builder_.Add({zones_[zone], {}, started_, now_, InJoules(rest[zone].unlisted.energy)});
    }
    builder_.Begin({prefix + ".unlisted.power", "W", Kind::kGauge, "Mean active power that none of the listed has"});
    for (size_t zone = 0; zone < rest.size(); ++zone) {
      const auto power = rest[zone].unlisted.power;
      if (power) builder_.Add({zones_[zone], {}, 0, now_, InWatts(*power)});
    }
    builder_.Begin({prefix + ".pending.energy", "J", Kind::kAmount,
                    "Active energy of those that are listed as soon as their names are known"});
    for (size_t zone = 0; zone < rest.size(); ++zone) {
      builder_.Add({zones_[zone], {}, started_, now_, InJoules(rest[zone].pending)});
    }
  }

  const WallTime& times_;
  const uint64_t started_;
  const uint64_t now_;
  RequestBuilder& builder_;
  std::vector<std::string> zones_;  // attributes
};

}  // namespace

SnapshotEncoder::SnapshotEncoder(const Origin& origin, size_t max_bytes)
    : host_(origin.host), started_(origin.started), frame_(MakeFrame(origin, max_bytes)) {}

void SnapshotEncoder::Encode(const monitor::Snapshot& snapshot, const std::vector<std::string>& levels,
                             std::function<void(Request)> take) {
  const auto chosen = [&](std::string_view level) {
    return std::find(levels.begin(), levels.end(), level) != levels.end();
  };
  times_.Adjust(snapshot.time, snapshot.unix_ms);
  RequestBuilder builder(frame_, std::move(take));
  if (chosen("node")) AddNode(snapshot, host_, {times_.At(started_), times_.At(snapshot.time)}, builder);
  LevelWriter writer(snapshot, times_, started_, builder);
  const auto add = [&](std::string_view level, const auto& list) {
    if (!chosen(level)) return;
    writer.Add(level, list, twins_[std::string(level)],
               [](const auto& labels, AttributeWriter& attributes) { AppendAttributes(labels, attributes); });
  };
  add("process", snapshot.processes);
  add("container", snapshot.containers);
  add("vm", snapshot.vms);
  add("pod", snapshot.pods);
  for (const monitor::GroupList& groups : snapshot.groups) {
    if (!chosen(groups.level)) continue;
    writer.Add(groups.level, groups.groups, twins_[std::string(groups.level)],
               [&](const monitor::GroupLabels& labels, AttributeWriter& attributes) {
                 AppendAttributes(labels, groups.level, groups.label_names, attributes);
               });
  }
  builder.Finish();
}

}  // namespace brahe::otlp
