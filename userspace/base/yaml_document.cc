#include "userspace/base/yaml_document.h"

#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <sstream>
#include <vector>

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

std::string At(const std::string& path, const YAML::Mark& mark) {
  return mark.is_null() ? path : path + ":" + std::to_string(mark.line + 1);
}

// yaml-cpp's text on one line: it may quote what it met.
std::string OneLine(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
  return text;
}

}  // namespace

Result<YAML::Node> LoadYamlDocument(const std::string& path, std::string_view content) {
  // yaml-cpp takes a quote that is never closed, with all that it swallowed, if a line break ends the file.
  const std::string text(content.substr(0, content.find_last_not_of(" \t\r\n") + 1));
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    DocumentMarks documents;
    while (documents.marks.size() < 2 && parser.HandleNextDocument(documents)) continue;
    if (documents.marks.size() < 2) return YAML::Load(text);
    return MakeError(At(path, documents.marks[1]) + ": a second document begins; only one is expected");
  } catch (const YAML::Exception& e) {
    return MakeError(At(path, e.mark) + ": not valid YAML: " + OneLine(e.msg));
  }
}

}  // namespace brahe
