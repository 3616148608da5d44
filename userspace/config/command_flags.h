#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/config/config.h"
#include "userspace/config/flags.h"
#include "userspace/config/options.h"

namespace brahe::config {

// An option that one command alone has. Its key is not in the file: it is of one call.
struct OwnOption {
  char letter = 0;  // its short form, "-r"; 0: none
  Option option;
};

// What the command line of a command besides the exporter says.
struct CommandArguments {
  std::string text;                // to print on stdout and exit, if not empty
  Config config;                   // log.level is warn unless it is given
  size_t rest = 0;                 // the first argument that is no flag, "--" left out
  bool says_how_to_count = false;  // by flags of the exporter's other than those of the log
};

// The flags that a command besides the exporter takes: its own, and those of the exporter's that say where figures come
// from. Immutable; parses in one thread at a time, as ParseCommandLine.
class CommandFlags {
 public:
  // `name`: "run". `head`: what its help begins with. `own` all have one section, and outlive this. `left_out`: flags
  // of the exporter's that it does not take all the same.
  CommandFlags(std::string name, std::string_view head, const std::vector<OwnOption>& own,
               const std::set<std::string_view>& left_out = {});
  // `taken`: those flags of the exporter's that it takes, instead of those that say where figures come from.
  static CommandFlags WithOnly(std::string name, std::string_view head, const std::vector<OwnOption>& own,
                               const std::set<std::string_view>& taken);

  [[nodiscard]] const std::string& name() const { return name_; }
  // Its own come first.
  [[nodiscard]] const std::vector<Flag>& flags() const { return flags_; }
  [[nodiscard]] bool IsOwn(const Flag& flag) const { return flag.section == own_section_; }

  // `arguments` are those after the command's name. Flags end at "--", at `stop` (empty: nowhere), or at the first
  // argument that is none. An Error is one line that begins with the command's name.
  [[nodiscard]] Result<CommandArguments> Parse(const Arguments& arguments, std::string_view stop = "") const;
  // The Error of this text.
  [[nodiscard]] Error Failure(const std::string& text) const { return MakeError("brahe " + name_ + ": " + text); }

 private:
  struct Written;

  CommandFlags(std::string name, std::string_view head, const std::vector<OwnOption>& own,
               const std::function<bool(const Flag&)>& takes);

  [[nodiscard]] Written Find(std::string_view argument) const;
  [[nodiscard]] Error Unknown(std::string_view argument, std::string_view stop) const;

  const std::string name_;
  const std::string_view head_;
  const std::string own_section_;
  std::vector<Flag> flags_;
};

}  // namespace brahe::config
