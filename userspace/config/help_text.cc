#include "userspace/config/help_text.h"

#include <algorithm>

namespace brahe::config {
namespace {

// What flags do begins in this column, on a line of its own where the flag reaches it.
constexpr size_t kColumn = 42;

void AppendLine(const std::string& flag, const std::string& help, std::string& text) {
  std::string left = "  " + flag;
  if (left.size() >= kColumn) left += "\n" + std::string(kColumn, ' ');
  left.resize(std::max(left.size(), kColumn), ' ');
  text += left + help + "\n";
}

std::string Left(const Flag& flag) {
  const std::string letter = flag.letter != 0 ? std::string("-") + flag.letter + "," : "";
  return letter + (flag.kind == OptionKind::kSwitch ? "--[no-]" + flag.name : "--" + flag.name + " " + flag.argument);
}

std::string Right(const Flag& flag) {
  return flag.help + (flag.fallback.empty() ? "" : " (default: " + flag.fallback + ")");
}

}  // namespace

std::vector<std::string> SectionsOf(const std::vector<Flag>& flags) {
  std::vector<std::string> sections;
  for (const Flag& flag : flags) {
    const bool known = std::find(sections.begin(), sections.end(), flag.section) != sections.end();
    if (!known) sections.push_back(flag.section);
  }
  return sections;
}

std::string HelpText(std::string_view head, const std::vector<Flag>& flags) {
  std::string text(head);
  for (const std::string& section : SectionsOf(flags)) {
    text += "\n" + section + ":\n";
    if (section == kGeneralSection) {
      AppendLine("-h,--help", "print this help and exit", text);
      AppendLine("--version", "print the version and exit", text);
    }
    for (const Flag& flag : flags) {
      if (flag.section == section && !flag.help.empty()) AppendLine(Left(flag), Right(flag), text);
    }
  }
  return text;
}

}  // namespace brahe::config
