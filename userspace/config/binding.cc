#include "userspace/config/binding.h"

#include <algorithm>
#include <utility>

#include "userspace/base/duration.h"
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
