#include "userspace/base/yaml_document.h"

#include <yaml-cpp/eventhandler.h>

#include <optional>
#include <set>
#include <sstream>

#include "userspace/base/values.h"

namespace brahe {
namespace {

std::string Place(const std::string& path, const YAML::Mark& mark) {
  return mark.is_null() ? path : path + ":" + std::to_string(mark.line + 1);
}

// Notes of the document that was read last where it begins and whether anything stands in it.
class DocumentWatch : public YAML::EventHandler {
 public:
  [[nodiscard]] const YAML::Mark& begin() const { return begin_; }
  [[nodiscard]] bool filled() const { return filled_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    begin_ = mark;
    filled_ = false;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override { filled_ = true; }
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override { filled_ = true; }
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    filled_ = true;
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    filled_ = true;
  }
  void OnMapEnd() override {}

 private:
  YAML::Mark begin_;
  bool filled_ = false;
};

struct Documents {
  size_t filled = 0;                 // the number of the one that something stands in; 0 if there is none
  std::optional<YAML::Mark> second;  // where another begins, or what is none
};

// Looks for the only document that something stands in: templates leave empty ones before and behind it. Before what it
// cannot parse, such as ", a", the parser finds documents without end, all at one place.
Documents FindDocuments(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  DocumentWatch watch;
  Documents documents;
  bool found = false;
  std::optional<int> previous;
  for (size_t number = 0; parser.HandleNextDocument(watch); ++number) {
    const bool stuck = previous && watch.begin().pos <= *previous;
    previous = watch.begin().pos;
    if (!stuck && !watch.filled()) continue;
    if (stuck || found) {
      documents.second = watch.begin();
      break;
    }
    documents.filled = number;
    found = true;
  }
  return documents;
}

bool IsMergeKey(const YAML::Node& key) {
  constexpr const char* kPlain = "?";  // yaml-cpp's tag of what stands without quotes
  return key.IsScalar() && key.Scalar() == "<<" && key.Tag() == kPlain;
}

// Collects the entries of a map and of those that are merged into it.
class Merger {
 public:
  explicit Merger(const std::string& path) : path_(path) {}

  Status Add(const YAML::Node& map) {
    std::vector<YamlEntry> merged;
    std::set<std::string> own;
    for (const auto& entry : map) {
      if (IsMergeKey(entry.first)) {
        merged.emplace_back(entry.first, entry.second);
        continue;
      }
      // A key that this map has twice is told twice.
      if (entry.first.IsScalar()) {
        if (seen_.contains(entry.first.Scalar())) continue;
        own.insert(entry.first.Scalar());
      }
      entries_.emplace_back(entry.first, entry.second);
    }
    seen_.merge(own);
    for (const auto& [key, value] : merged) {
      if (const Status added = Merge(key, value); !added) return added;
    }
    return {};
  }

  std::vector<YamlEntry> TakeEntries() { return std::move(entries_); }

 private:
  // `key` is where it is said.
  Status Merge(const YAML::Node& key, const YAML::Node& value) {
    // A map that is merged into itself, and chains of such as make a short file long.
    constexpr int kMaxMerged = 100;
    if (value.IsNull()) return {};
    if (++merged_ > kMaxMerged) return MakeError(YamlPlace(path_, key) + ": more than 100 maps are merged by <<");
    if (value.IsMap()) return Add(value);
    if (!value.IsSequence()) return MakeError(YamlPlace(path_, key) + ": <<: a map or a list of maps is expected");
    for (const auto& element : value) {
      if (!element.IsMap()) return MakeError(YamlPlace(path_, key) + ": <<: a map or a list of maps is expected");
      if (const Status added = Merge(key, element); !added) return added;
    }
    return {};
  }

  const std::string& path_;
  std::vector<YamlEntry> entries_;
  std::set<std::string> seen_;
  int merged_ = 0;
};

}  // namespace

Result<YAML::Node> ParseYamlDocument(const std::string& path, std::string_view content) {
  // yaml-cpp takes a quote that is never closed, with all that it swallowed, if a line break ends the file.
  const std::string text(content.substr(0, content.find_last_not_of(" \t\r\n") + 1));
  try {
    const Documents documents = FindDocuments(text);
    if (documents.second) {
      return MakeError(Place(path, *documents.second) + ": a second document begins; only one is expected");
    }
    return documents.filled == 0 ? YAML::Load(text) : YAML::LoadAll(text)[documents.filled];
  } catch (const YAML::Exception& e) {
    // After a colon some messages go on with a piece of the text, which may be a secret.
    return MakeError(Place(path, e.mark) + ": not valid YAML: " + Printable(e.msg.substr(0, e.msg.find(':'))));
  }
}

Result<std::vector<YamlEntry>> YamlEntries(const std::string& path, const YAML::Node& map) {
  Merger merger(path);
  if (const Status added = merger.Add(map); !added) return added.error();
  return merger.TakeEntries();
}

std::string YamlPlace(const std::string& path, const YAML::Node& node) { return Place(path, node.Mark()); }

std::string YamlShape(const YAML::Node& node) {
  if (node.IsMap()) return "a map";
  if (node.IsSequence()) return "a list";
  return node.IsNull() ? "nothing" : "a single value";
}

}  // namespace brahe
