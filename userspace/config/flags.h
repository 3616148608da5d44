#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/config/options.h"

namespace brahe::config {

inline constexpr char kGeneralSection[] = "General";
inline constexpr char kConfigFile[] = "config.file";
inline constexpr char kConfigStrict[] = "config.strict";

// A flag that the command line takes. gflags keeps its value, under the same name.
struct Flag {
  std::string section;  // heading in --help
  std::string name;     // without its dashes
  OptionKind kind = OptionKind::kValue;
  std::string argument;            // what --help calls the value; empty for a switch
  std::string fallback;            // what it is where it is not given; empty: nothing
  std::string help;                // empty: --help does not list it
  const Option* option = nullptr;  // the row of the table that it sets; null: none
  bool of_glog = false;            // glog registers and reads it
  char letter = 0;                 // its short form, "-r"; 0: none
};

// The general ones, those of Options() in their order, and those of glog's that are taken. The first call makes them
// known to gflags. --help and --version are not among them: see TextAskedFor.
const std::vector<Flag>& Flags();

using Arguments = std::vector<std::string_view>;

// "help" or "version", the first of them that is asked for, in whatever company; empty: none.
std::string_view TextAskedFor(const Arguments& arguments);

// Makes gflags' values what the arguments say, and those of flags of ours that are not given the defaults. A flag of
// glog's takes effect at once and stays as it was where it is not given. Returns the flags that are given. An Error
// names the flag and what to do; the values are of no use then. One thread at a time, and again as often as wanted.
Result<std::set<const Flag*>> SetFlags(const Arguments& arguments);

// As gflags keeps it: the elements of a list with commas between them, "true" or "false" of a switch.
std::string ValueOf(const Flag& flag);

}  // namespace brahe::config
