#include "userspace/base/yaml_document.h"

#include <yaml-cpp/eventhandler.h>

#include <sstream>
#include <vector>

#include "userspace/base/file.h"
#include "userspace/base/values.h"

namespace brahe {
namespace {

// Notes where documents begin, and nothing of what is in them.
class DocumentMarks final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override { marks.push_back(mark); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnAlias(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnScalar(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                const std::string& /*value*/) override {}
  void OnSequenceStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                       YAML::EmitterStyle::value /*style*/) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {}
  void OnMapEnd() override {}

  std::vector<YAML::Mark> marks;
};

std::string Place(const std::string& path, const YAML::Mark& mark) {
  return mark.is_null() ? path : path + ":" + std::to_string(mark.line + 1);
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
    // Not by YAML::LoadAll, which in yaml-cpp before 0.9 never ends and takes all memory at a comma outside of brackets.
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    DocumentMarks documents;
    while (documents.marks.size() < 2 && parser.HandleNextDocument(documents)) continue;
    if (documents.marks.size() < 2) return YAML::Load(text);
    return MakeError(Place(path, documents.marks[1]) + ": a second document begins; only one is expected");
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
