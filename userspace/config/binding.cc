#include "userspace/config/binding.h"

#include <algorithm>
#include <utility>

#include "userspace/base/duration.h"
#include "userspace/base/file.h"
#include "userspace/base/local_rule.h"
#include "userspace/base/values.h"

namespace brahe::config {
namespace {

using Texts = std::vector<std::string>;

// `binding` with the value at `field` shown as `text` makes it, and the default as well.
template <typename T, typename Text>
Binding Shown(Binding binding, Field<T> field, Text text) {
  binding.show = [field, text](Config config) -> std::string { return text(field(config)); };
  binding.fallback = binding.show(Config());
  return binding;
}

// A binding of one value. `parse` turns its text into a Result<T> and `show` turns it back into text.
template <typename T, typename Parse, typename Show>
Binding ValueAt(Field<T> field, std::string argument, Parse parse, Show show) {
  Binding binding = {
      .kind = OptionKind::kValue,
      .argument = std::move(argument),
      .set = [field, parse](const Texts& texts, Config& config) -> Status {
        auto value = parse(texts.front());
        if (!value) return value.error();
        field(config) = std::move(*value);
        return {};
      },
  };
  return Shown(std::move(binding), field, show);
}

std::string AsItIs(const std::string& text) { return text; }

// The same of a quantity that is counted in millionths of a unit.
template <typename Quantity>
Binding QuantityAt(Field<Quantity> field, std::string argument, std::string unit) {
  const auto parse = [unit](const std::string& text) -> Result<Quantity> {
    const auto millionths = ParseMillionths(text, unit);
    if (!millionths) return millionths.error();
    return Quantity{*millionths};
  };
  return ValueAt(field, std::move(argument), parse, [](Quantity q) { return FormatMillionths(q.value); });
}

// A binding of a list. `parse` adds to the elements what a text stands for.
template <typename Parse>
Binding ListAt(Field<Texts> field, std::string argument, Parse parse) {
  Binding binding = {
      .kind = OptionKind::kList,
      .argument = std::move(argument),
      .set = [field, parse](const Texts& texts, Config& config) -> Status {
        if (texts.empty()) {
          Config untouched;
          field(config) = field(untouched);
          return {};
        }
        Texts elements;
        for (const std::string& text : texts) {
          if (const Status parsed = parse(text, elements); !parsed) return parsed.error();
        }
        field(config) = std::move(elements);
        return {};
      },
  };
  return Shown(std::move(binding), field, [](const Texts& texts) { return Joined(texts, ","); });
}

bool Contains(const Texts& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// The pieces of `text` between `separator`, trimmed, without empty ones.
Texts PiecesOf(std::string_view text, char separator) {
  Texts pieces;
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, text.find(separator));
    text.remove_prefix(std::min(text.size(), piece.size() + 1));
    if (!Trim(piece).empty()) pieces.emplace_back(Trim(piece));
  }
  return pieces;
}

using ChipRule = Config::Hwmon::ChipRule;

Result<unsigned> ParseSensor(std::string_view text) {
  constexpr uint64_t kMost = 999;
  const auto number = ParseCount(text, kMost);
  if (!number) return number.error();
  return static_cast<unsigned>(*number);
}

Status AddPairing(std::string_view text, ChipRule& rule) {
  const size_t colon = std::min(text.find(':'), text.size() - 1);
  const auto voltage = ParseSensor(text.substr(0, colon));
  if (!voltage) return voltage.error();
  const auto current = ParseSensor(text.substr(colon + 1));
  if (!current) return current.error();
  rule.pairings.emplace(*voltage, *current);
  return {};
}

Status AddNumber(std::string_view text, std::set<unsigned>& numbers) {
  const auto number = ParseSensor(text);
  if (!number) return number.error();
  numbers.insert(*number);
  return {};
}

// Takes one word of a rule.
Status AddWord(std::string_view key, std::string_view value, ChipRule& rule, bool& same_index) {
  if (key == "pairings") return AddPairing(value, rule);
  if (key == "skipVoltages") return AddNumber(value, rule.skip_voltages);
  if (key == "skipCurrents") return AddNumber(value, rule.skip_currents);
  if (key == "name") {
    rule.name = value;
    return {};
  }
  if (key != "useSameIndex") return MakeError("it is none of name, pairings, skipVoltages, skipCurrents, useSameIndex");
  const auto on = ParseBoolean(value);
  if (!on) return on.error();
  same_index = *on;
  return {};
}

Result<ChipRule> ParseChipRule(std::string_view text) {
  ChipRule rule;
  bool same_index = false;
  for (const std::string& word : PiecesOf(text, ' ')) {
    const size_t equals = word.find('=');
    const std::string key = word.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (const Status added = AddWord(key, value, rule, same_index); !added) {
      return MakeError(Printable(key) + ": " + added.error().message);
    }
  }
  if (rule.name.empty()) return MakeError("name: the chip's name is missing");
  if (same_index) rule.pairings.clear();
  return rule;
}

std::string ChipRuleText(const ChipRule& rule) {
  std::string text = "name=" + rule.name;
  for (const auto& [voltage, current] : rule.pairings) {
    text += " pairings=" + std::to_string(voltage) + ":" + std::to_string(current);
  }
  for (const unsigned voltage : rule.skip_voltages) text += " skipVoltages=" + std::to_string(voltage);
  for (const unsigned current : rule.skip_currents) text += " skipCurrents=" + std::to_string(current);
  return text;
}

}  // namespace

Binding DurationAt(Field<Nanoseconds> field) { return ValueAt(field, "DURATION", ParseDuration, FormatDuration); }

Binding EnergyAt(Field<Microjoules> field) { return QuantityAt(field, "JOULES", "joules"); }

Binding PowerAt(Field<Microwatts> field) { return QuantityAt(field, "WATTS", "watts"); }

Binding IntegerAt(Field<int64_t> field) {
  return ValueAt(field, "NUMBER", ParseInteger, [](int64_t n) { return std::to_string(n); });
}

Binding CountAt(Field<uint64_t> field, uint64_t most) {
  const auto parse = [most](const std::string& text) { return ParseCount(text, most); };
  return ValueAt(field, "NUMBER", parse, [](uint64_t n) { return std::to_string(n); });
}

Binding SwitchAt(Field<bool> field) {
  Binding binding = ValueAt(field, "", ParseBoolean, [](bool on) { return on ? "true" : "false"; });
  binding.kind = OptionKind::kSwitch;
  return binding;
}

Binding TextAt(Field<std::string> field, std::string argument) {
  const auto parse = [](const std::string& text) { return Result<std::string>(text); };
  return ValueAt(field, std::move(argument), parse, AsItIs);
}

Binding PathAt(Field<std::string> field) {
  const auto parse = [](const std::string& text) -> Result<std::string> {
    if (text.empty()) return MakeError("a path is expected");
    return text;
  };
  return ValueAt(field, "PATH", parse, AsItIs);
}

Binding UrlAt(Field<std::string> field) { return Shown(TextAt(field, "URL"), field, WithoutUser); }

Binding WordAt(Field<std::string> field, Texts words) {
  const auto parse = [words](const std::string& text) { return ParseWord(text, words); };
  Binding binding = ValueAt(field, Joined(words, "|"), parse, AsItIs);
  binding.words = std::move(words);
  return binding;
}

Binding WordsAt(Field<Texts> field, Texts words, std::string argument) {
  const auto parse = [words](const std::string& text, Texts& elements) -> Status {
    const auto word = ParseWord(text, words);
    if (!word) return word.error();
    if (!Contains(elements, *word)) elements.push_back(*word);
    return {};
  };
  Binding binding = ListAt(field, std::move(argument), parse);
  binding.words = std::move(words);
  return binding;
}

Binding TextsAt(Field<Texts> field, std::string argument) {
  return ListAt(field, std::move(argument), [](const std::string& text, Texts& elements) -> Status {
    if (text.empty()) return MakeError("an element of the list is empty");
    elements.push_back(text);
    return {};
  });
}

Binding AddressesAt(Field<Texts> field) {
  return ListAt(field, "ADDRESS", [](const std::string& text, Texts& elements) -> Status {
    if (const Status checked = CheckListenAddress(text); !checked) return checked.error();
    elements.push_back(text);
    return {};
  });
}

Binding LocalRulesAt(Field<Texts> field) {
  return ListAt(field, "WHO", [](const std::string& text, Texts& elements) -> Status {
    if (const auto rule = ParseLocalRule(text); !rule) return rule.error();
    elements.push_back(text);
    return {};
  });
}

Binding ChipRulesAt(Field<std::vector<ChipRule>> field) {
  Binding binding = {
      .kind = OptionKind::kTree,
      .argument = "list of sections",
      .set = [field](const Texts& texts, Config& config) -> Status {
        for (const std::string& text : PiecesOf(texts.front(), ';')) {
          auto rule = ParseChipRule(text);
          if (!rule) return rule.error();
          field(config).push_back(*std::move(rule));
        }
        return {};
      },
  };
  return Shown(std::move(binding), field, [](const std::vector<ChipRule>& rules) {
    Texts texts;
    for (const ChipRule& rule : rules) texts.push_back(ChipRuleText(rule));
    return Joined(texts, "; ");
  });
}

Binding AnotherNameOf(Binding binding) {
  binding.show = nullptr;
  binding.fallback.clear();
  return binding;
}

Binding WithoutEffect(OptionKind kind) {
  return {
      .kind = kind,
      .set = [kind](const Texts& texts, Config&) -> Status {
        if (kind != OptionKind::kSwitch) return {};
        if (const auto on = ParseBoolean(texts.front()); !on) return on.error();
        return {};
      },
      .without_effect =
          [kind](const Texts& texts) {
            if (kind == OptionKind::kSwitch) return *ParseBoolean(texts.front());
            return kind != OptionKind::kValue && !texts.empty();
          },
  };
}

}  // namespace brahe::config
