#include "userspace/fetch/pruned_json.h"

#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace brahe::fetch {
namespace {

using Json = nlohmann::json;

// Builds the tree from the parser's events; the names are the library's.
class Pruner {
 public:
  using number_integer_t = Json::number_integer_t;
  using number_unsigned_t = Json::number_unsigned_t;
  using number_float_t = Json::number_float_t;
  using string_t = Json::string_t;
  using binary_t = Json::binary_t;

  Pruner(const std::unordered_set<std::string_view>& keys, const JsonBounds& bounds, const JsonPlace& place)
      : keys_(keys), bounds_(bounds), place_(place) {}

  bool null() { return Value(nullptr); }
  bool boolean(bool value) { return Value(value); }
  bool number_integer(number_integer_t value) { return Value(value); }
  bool number_unsigned(number_unsigned_t value) { return Value(value); }
  bool number_float(number_float_t value, const string_t& /*text*/) { return Value(value); }
  bool string(string_t& value) {
    return Skipping() || (value.size() > bounds_.max_string ? Value(nullptr) : Value(std::move(value)));
  }
  bool binary(binary_t& /*value*/) { return Value(nullptr); }  // JSON has none

  bool start_object(size_t /*count*/) { return Open(Json::object()); }
  bool end_object() { return Close(); }
  bool start_array(size_t /*count*/) { return Open(Json::array()); }
  bool end_array() { return Close(); }
  bool key(string_t& name) {
    if (Skipping()) return true;
    skipping_member_ = !keys_.contains(name);
    key_ = std::move(name);
    return true;
  }

  bool parse_error(size_t position, const std::string& /*token*/, const Json::exception& /*what*/) {
    return Fail(MakeError("not valid JSON at byte " + std::to_string(place_(position))));
  }

  [[nodiscard]] const Error& error() const { return error_; }
  Json TakeRoot() { return std::move(root_); }

 private:
  [[nodiscard]] bool Skipping() const { return skip_depth_ > 0; }

  bool Fail(Error why) {
    error_ = std::move(why);
    return false;
  }

  // Puts `value` where it belongs; nullptr with an error, or without one where it is not kept.
  Json* Place(Json value) {
    if (++values_ > bounds_.max_values) {
      Fail({E2BIG, "more than " + std::to_string(bounds_.max_values) + " values"});
      return nullptr;
    }
    if (open_.empty()) return &(root_ = std::move(value));
    Json& parent = *open_.back();
    if (parent.is_object()) return &(parent[key_] = std::move(value));
    parent.push_back(std::move(value));
    return &parent.back();
  }

  bool Value(Json value) {
    if (Skipping() || std::exchange(skipping_member_, false)) return true;
    return Place(std::move(value)) != nullptr;
  }

  bool Open(Json empty) {
    if (open_.size() + skip_depth_ >= bounds_.max_depth) {
      return Fail({E2BIG, "nested deeper than " + std::to_string(bounds_.max_depth)});
    }
    if (Skipping() || std::exchange(skipping_member_, false)) {
      ++skip_depth_;
      return true;
    }
    Json* placed = Place(std::move(empty));
    if (placed == nullptr) return false;
    open_.push_back(placed);
    return true;
  }

  bool Close() {
    if (Skipping()) {
      --skip_depth_;
    } else {
      open_.pop_back();
    }
    return true;
  }

  const std::unordered_set<std::string_view>& keys_;
  const JsonBounds bounds_;
  const JsonPlace& place_;
  Json root_;
  std::vector<Json*> open_;       // the arrays and objects that we are in; a parent does not change meanwhile
  size_t skip_depth_ = 0;         // how many of those that are not kept we are in
  bool skipping_member_ = false;  // the value to come is not kept
  std::string key_;               // of the value to come
  size_t values_ = 0;
  Error error_;
};

}  // namespace

Result<Json> ParsePruned(std::string_view text, const std::unordered_set<std::string_view>& keys,
                         const JsonBounds& bounds, const JsonPlace& place) {
  Pruner pruner(keys, bounds, place);
  if (!Json::sax_parse(text, &pruner)) return pruner.error();
  return pruner.TakeRoot();
}

}  // namespace brahe::fetch
