#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/config/config.h"

namespace brahe {

// How an option is written.
enum class OptionKind {
  kValue,   // --flag=VALUE, one scalar in the file
  kSwitch,  // --flag or --no-flag, true or false in the file
  kList,    // --flag=A,B or --flag=A --flag=B, a list in the file
  kTree,    // anything at all, in the file only
};

// What a setter has to say, besides the value that it stores. Each is said after the name of the option.
using Remarks = std::vector<std::string>;

// Stores what was given for an option, trimmed texts, one unless the option is a list.
using Setter = std::function<Status(const std::vector<std::string>& texts, Config& config, Remarks& remarks)>;

// How the texts of an option become a value of Config.
struct Binding {
  OptionKind kind = OptionKind::kValue;
  std::string argument = {};  // what --help calls the value: DURATION; empty for a switch
  std::string fallback = {};  // the default as text, taken from Config{}; empty: none
  Setter set = {};
  std::function<std::string(const Config&)> show = {};  // the value as text, without secrets; null: has none of its own
};

// Where in Config a value of type T stands.
template <typename T>
using Field = T& (*)(Config&);

Binding DurationAt(Field<Nanoseconds> field);
// Decimal joules or watts.
Binding EnergyAt(Field<Microjoules> field);
Binding PowerAt(Field<Microwatts> field);
// A whole number; the second from 0 to `most`.
Binding IntegerAt(Field<int64_t> field);
Binding CountAt(Field<uint64_t> field, uint64_t most);
Binding SwitchAt(Field<bool> field);
// Any text, and one that must not be empty.
Binding TextAt(Field<std::string> field, std::string argument);
Binding PathAt(Field<std::string> field);
// A URL, shown without the user and the password that may stand in it.
Binding UrlAt(Field<std::string> field);

// What a word may be. `planned` are names that are known but not there yet: they are left out with a remark.
struct Vocabulary {
  std::vector<std::string> words;
  std::vector<std::string> planned = {};
};
Binding WordAt(Field<std::string> field, Vocabulary vocabulary);

// Lists; an empty one stands for the default. WordsAt takes each word once.
Binding WordsAt(Field<std::vector<std::string>> field, Vocabulary vocabulary, std::string argument);
Binding TextsAt(Field<std::vector<std::string>> field, std::string argument);
Binding AddressesAt(Field<std::vector<std::string>> field);

// The same for another name of what `binding` sets, whose value is shown under its first name only.
Binding AnotherNameOf(Binding binding);
// Kepler's, accepted with a remark that it does nothing.
Binding WithoutEffect(OptionKind kind, std::string argument = "");

}  // namespace brahe
