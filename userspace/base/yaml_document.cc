#include "userspace/base/yaml_document.h"

#include <yaml-cpp/eventhandler.h>

#include <optional>
#include <sstream>

#include "userspace/base/file.h"
#include "userspace/base/values.h"

namespace brahe {
namespace {

std::string Place(const std::string& path, const YAML::Mark& mark) {
  return mark.is_null() ? path : path + ":" + std::to_string(mark.line + 1);
}

// Notes where documents begin, and nothing else.
class DocumentStarts : public YAML::EventHandler {
 public:
  [[nodiscard]] const YAML::Mark& last() const { return last_; }

  void OnDocumentStart(const YAML::Mark& mark) override { last_ = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

 private:
  YAML::Mark last_;
};

// Where a second document begins, if there is one. YAML::LoadAll would tell as well, but before what it cannot parse,
// such as ", a", it finds documents without end.
std::optional<YAML::Mark> SecondDocument(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  DocumentStarts starts;
  if (!parser.HandleNextDocument(starts) || !parser.HandleNextDocument(starts)) return std::nullopt;
  return starts.last();
}

}  // namespace

Result<YAML::Node> ReadYamlDocument(const std::string& path) {
  const auto content = ReadRegularFile(path);
  if (!content) return content.error();
  return ParseYamlDocument(path, *content);
}

Result<YAML::Node> ParseYamlDocument(const std::string& path, std::string_view content) {
  // yaml-cpp takes a quote that is never closed, with all that it swallowed, if a line break ends the file.
  const std::string text(content.substr(0, content.find_last_not_of(" \t\r\n") + 1));
  try {
    if (const auto second = SecondDocument(text)) {
      return MakeError(Place(path, *second) + ": a second document begins; only one is expected");
    }
    return YAML::Load(text);
  } catch (const YAML::Exception& e) {
    // After a colon some messages go on with a piece of the text, which may be a secret.
    return MakeError(Place(path, e.mark) + ": not valid YAML: " + Printable(e.msg.substr(0, e.msg.find(':'))));
  }
}

std::string YamlPlace(const std::string& path, const YAML::Node& node) { return Place(path, node.Mark()); }

std::string YamlShape(const YAML::Node& node) {
  if (node.IsMap()) return "a map";
  if (node.IsSequence()) return "a list";
  return node.IsNull() ? "nothing" : "a single value";
}

}  // namespace brahe
