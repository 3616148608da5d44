#include "userspace/top/document_frame.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "userspace/top/row_names.h"

namespace brahe::top {
namespace {

using Json = nlohmann::json;

// The fields of an object that are no objects or lists themselves.
class Fields {
 public:
  struct Value {
    enum class Kind : uint8_t { kNull, kText, kCount, kBoolean } kind = Kind::kNull;
    std::string text = {};
    uint64_t count = 0;  // of a boolean: 1 or 0
  };

  void Clear() { used_ = 0; }
  // What was there keeps its memory for the next object.
  Value& Add(const std::string& key) {
    if (used_ == fields_.size()) fields_.emplace_back();
    auto& [name, value] = fields_[used_++];
    name = key;
    return value;
  }
  // Null where there is none of this kind.
  [[nodiscard]] const Value* Find(std::string_view key, Value::Kind kind) const {
    for (size_t i = 0; i < used_; ++i) {
      if (fields_[i].first == key && fields_[i].second.kind == kind) return &fields_[i].second;
    }
    return nullptr;
  }

 private:
  std::vector<std::pair<std::string, Value>> fields_;
  size_t used_ = 0;
};

using Kind = Fields::Value::Kind;

// Makes a frame of the parser's events, without a tree of the document between, which would take twice the time. A
// document is an object of fields and of lists of items; an item has fields, and within it are objects (labels, and
// figures: all, active and idle) and a list of figures by zone.
class FrameReader final : public nlohmann::json_sax<Json> {
 public:
  Result<Frame> Take() {
    if (error_.empty()) Finish();
    if (error_.empty()) return std::move(frame_);
    return MakeError(is_json_ ? "no snapshot of Brahe's: " + error_ : error_);
  }

  bool null() override { return Add(Kind::kNull, nullptr, 0); }
  bool boolean(bool value) override { return Add(Kind::kBoolean, nullptr, value ? 1 : 0); }
  bool number_unsigned(number_unsigned_t value) override { return Add(Kind::kCount, nullptr, value); }
  bool string(string_t& value) override { return Add(Kind::kText, &value, 0); }
  // Nothing that is read is of these kinds.
  bool number_integer(number_integer_t /*value*/) override { return true; }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
  bool binary(binary_t& /*value*/) override { return true; }

  bool key(string_t& name) override {
    key_.swap(name);
    return true;
  }
  bool start_object(size_t /*size*/) override {
    ++depth_;
    if (depth_ == kItem) {
      item_.Clear();
      labels_.clear();
      figures_.clear();
      parts_.clear();
    } else if (depth_ == kPart || depth_ == kZone) {
      if (depth_ == kPart) part_name_ = key_;
      part_.Clear();
    }
    return true;
  }
  bool end_object() override {
    const int depth = depth_--;
    if (!IsOfList()) return true;
    if (depth == kItem) return AddItem();
    if (depth == kZone && part_name_ == "zones") figures_.push_back(FigureOf(part_));
    const bool is_part = part_name_ == "all" || part_name_ == "active" || part_name_ == "idle";
    if (depth == kPart && is_part) parts_.emplace_back(part_name_, FigureOf(part_));
    return error_.empty();
  }
  bool start_array(size_t /*size*/) override {
    if (depth_ == 0) return Fail("an object is expected");
    ++depth_;
    if (depth_ == kDocument + 1 && IsRead(key_)) list_ = key_;
    if (depth_ == kPart) part_name_ = key_;
    return true;
  }
  bool end_array() override {
    if (--depth_ == kDocument) list_.clear();
    return true;
  }
  bool parse_error(size_t /*position*/, const std::string& /*token*/, const nlohmann::detail::exception&) override {
    is_json_ = false;
    return Fail("no JSON");
  }

 private:
  // How many objects and lists are open within each of these.
  static constexpr int kDocument = 1, kItem = 3, kPart = 4, kZone = 5;

  static bool IsRead(std::string_view list) {
    constexpr std::string_view kLists[] = {"zones", "socket_zones", "processes", "containers", "vms", "pods", "groups"};
    return std::find(std::begin(kLists), std::end(kLists), list) != std::end(kLists);
  }
  // Whether we are in one of these lists.
  [[nodiscard]] bool IsOfList() const { return !list_.empty(); }

  bool Fail(std::string why) {
    if (error_.empty()) error_ = std::move(why);
    return false;
  }

  bool Add(Kind kind, std::string* text, uint64_t count) {
    Fields* fields = nullptr;
    if (depth_ == kDocument) fields = &document_;
    if (IsOfList() && depth_ == kItem) fields = &item_;
    if (IsOfList() && (depth_ == kPart || depth_ == kZone)) fields = &part_;
    if (fields == nullptr) return true;
    if (fields == &part_ && part_name_ == "labels" && depth_ == kPart) {
      labels_.push_back(text == nullptr ? "" : *text);
      return true;
    }
    Fields::Value& value = fields->Add(key_);
    value.kind = kind;
    value.count = count;
    if (text != nullptr) value.text.swap(*text);
    return true;
  }

  const Fields::Value& Get(const Fields& fields, std::string_view key, Kind kind) {
    static const Fields::Value kNone;
    const Fields::Value* value = fields.Find(key, kind);
    if (value == nullptr)
      Fail(std::string(key) + (list_.empty() ? "" : " in " + list_) + " is missing or of another kind");
    return value == nullptr ? kNone : *value;
  }
  const std::string& Text(std::string_view key) { return Get(item_, key, Kind::kText).text; }
  uint64_t Count(std::string_view key) { return Get(item_, key, Kind::kCount).count; }

  Figure FigureOf(const Fields& fields) {
    Figure figure{.energy = {Get(fields, "energy_uj", Kind::kCount).count}, .power = {}};
    if (fields.Find("power_uw", Kind::kNull) == nullptr) {
      figure.power = Microwatts{Get(fields, "power_uw", Kind::kCount).count};
    }
    return figure;
  }
  Figure Part(std::string_view name) {
    for (const auto& [part, figure] : parts_) {
      if (part == name) return figure;
    }
    Fail(std::string(name) + " in " + list_ + " is missing");
    return {};
  }

  bool AddItem() {
    if (list_ == "zones") {
      frame_.zones.push_back({Text("zone"), Part("all"), Part("active"), Part("idle")});
    } else if (list_ == "socket_zones") {
      const bool has_socket = item_.Find("socket", Kind::kNull) == nullptr;
      AddRow(kSocketLevel, {.name = Text("zone"),
                            .id = has_socket ? std::to_string(Count("socket")) : "",
                            .detail = Text("path"),
                            .cpu_time = {}});
      levels_.back().figures.push_back(Part("all"));
    } else if (list_ == "processes") {
      AddWorkload("process", ProcessRow(Count("pid"), Text("comm"), Text("exe"), Text("container_id"), Text("vm_id")));
    } else if (list_ == "containers") {
      AddWorkload("container",
                  ContainerRow(Text("container_id"), Text("container_name"), Text("runtime"), Text("pod_id")));
    } else if (list_ == "vms") {
      AddWorkload("vm", VmRow(Text("vm_id"), Text("vm_name"), Text("hypervisor")));
    } else if (list_ == "pods") {
      AddWorkload("pod", PodRow(Text("pod_id"), Text("pod_name"), Text("pod_namespace")));
    } else if (list_ == "groups") {
      AddWorkload(Text("level"), GroupRow(labels_));
    }
    return error_.empty();
  }

  // To the last level if it is of this name, else to a new one: those of a level come one after the other.
  void AddRow(const std::string& level, Row row) {
    if (levels_.empty() || levels_.back().name != level) {
      levels_.push_back(
          {.name = level, .rows = {}, .series = level == kSocketLevel ? 1 : figures_.size(), .figures = {}});
    }
    levels_.back().rows.push_back(std::move(row));
  }

  void AddWorkload(const std::string& level, Row row) {
    row.cpu_time = {Count("cpu_time_ns")};
    if (list_ != "groups") row.ended = Text("state") == "terminated";
    AddRow(level, std::move(row));
    Level& added = levels_.back();
    if (figures_.size() != added.series) Fail("zones in " + list_ + ": the same are expected in each");
    added.figures.insert(added.figures.end(), figures_.begin(), figures_.end());
  }

  // What is known at the document's end.
  void Finish() {
    const auto count = [this](std::string_view key) { return Get(document_, key, Kind::kCount).count; };
    const auto text = [this](std::string_view key) { return Get(document_, key, Kind::kText).text; };
    frame_.epoch = count("epoch");
    frame_.unix_ms = count("unix_ms");
    frame_.duration = {count("duration_ns")};
    frame_.node_name = text("node_name");
    frame_.cpu_time_source = text("cpu_time_source");
    frame_.energy_source = text("energy_source");
    frame_.energy_measured = Get(document_, "energy_measured", Kind::kBoolean).count != 0;
    frame_.usage_ppm = count("usage_ppm");
    const std::string primary = frame_.zones.empty() ? "" : text("primary_zone");
    const auto zone = std::find_if(frame_.zones.begin(), frame_.zones.end(),
                                   [&](const FrameZone& each) { return each.name == primary; });
    if (zone != frame_.zones.end()) frame_.primary_zone = static_cast<size_t>(zone - frame_.zones.begin());
    for (const Level& level : levels_) {
      const bool as_node = level.name == kSocketLevel || level.series == frame_.zones.size();
      if (!as_node) Fail("the zones of level " + level.name + " are not the node's");
    }
    frame_.levels = Arranged(std::move(levels_));
  }

  Frame frame_;
  std::vector<Level> levels_;
  std::string error_;  // empty: none so far
  bool is_json_ = true;
  int depth_ = 0;    // open objects and lists
  std::string key_;  // the last one
  std::string list_;
  Fields document_, item_, part_;
  std::string part_name_;  // of the object within an item
  std::vector<std::string> labels_;
  std::vector<Figure> figures_;                        // by zone, of an item
  std::vector<std::pair<std::string, Figure>> parts_;  // by name, of an item
};

}  // namespace

Result<Frame> ReadFrame(std::string_view document) {
  FrameReader reader;
  Json::sax_parse(document.begin(), document.end(), &reader);
  return reader.Take();
}

}  // namespace brahe::top
