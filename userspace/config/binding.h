#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/config/config.h"

namespace brahe::config {

// How an option is written.
enum class OptionKind {
  kValue,   // --flag=VALUE, one scalar in the file
  kSwitch,  // --flag or --no-flag, true or false in the file
  kList,    // --flag=A,B or --flag=A --flag=B, a list in the file
  kTree,    // sections of its own, in the file only
};

// Stores what was given for an option, trimmed texts, one unless the option is a list.
using Setter = std::function<Status(const std::vector<std::string>& texts, Config& config)>;
// Whether texts that the setter has taken ask for something.
using Asks = std::function<bool(const std::vector<std::string>& texts)>;

// How the texts of an option become a value of Config.
struct Binding {
  OptionKind kind = OptionKind::kValue;
  std::string argument = {};  // what --help calls the value: DURATION; empty for a switch
  std::string fallback = {};  // the default as text, taken from Config{}; empty: none
  Setter set = {};
  std::function<std::string(const Config&)> show = {};  // the value as text, without secrets; null: has none of its own
  Asks without_effect = {};                             // what is asked for is not there; null: it is
  std::vector<std::string> words = {};                  // one of these, each of a list; empty: any text
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

// One of `words`.
Binding WordAt(Field<std::string> field, std::vector<std::string> words);

// Lists; an empty one stands for the default. WordsAt takes each of `words` once.
Binding WordsAt(Field<std::vector<std::string>> field, std::vector<std::string> words, std::string argument);
Binding TextsAt(Field<std::vector<std::string>> field, std::string argument);
Binding AddressesAt(Field<std::vector<std::string>> field);
Binding LocalRulesAt(Field<std::vector<std::string>> field);

// Rules of hwmon chips. A text of them, as it is shown too, is "name=CHIP pairings=IN:CURR skipVoltages=IN
// skipCurrents=CURR", with any number of these words, and "; " between rules. What is set is added to what is there.
Binding ChipRulesAt(Field<std::vector<Config::Hwmon::ChipRule>> field);

// The same for another name of what `binding` sets, whose value is shown under its first name only.
Binding AnotherNameOf(Binding binding);
// Kepler's, accepted and without effect. A switch that is on asks for something, and so does a list that is not empty;
// a single value only says how to do what a switch beside it asks for.
Binding WithoutEffect(OptionKind kind);

}  // namespace brahe::config
