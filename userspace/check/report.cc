#include "userspace/check/report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "userspace/base/plain_text.h"
#include "userspace/check/words.h"

namespace brahe::check {
namespace {

std::string NameOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kGood:
      return "good";
    case Outcome::kLimited:
      return "limited";
    case Outcome::kFaulty:
      break;
  }
  return "faulty";
}

std::string Padded(std::string text, size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

std::string Summary(const std::vector<Verdict>& verdicts) {
  const auto count = [&](Outcome outcome) {
    return static_cast<uint64_t>(std::count_if(verdicts.begin(), verdicts.end(),
                                               [&](const Verdict& verdict) { return verdict.outcome == outcome; }));
  };
  const uint64_t faulty = count(Outcome::kFaulty);
  const uint64_t limited = count(Outcome::kLimited);
  if (faulty > 0)
    return "Figures are wrong or may be: " + Count(faulty, "fault") + ", " + Count(limited, "limit") + ".";
  if (limited > 0) return "What is told is right, with " + Count(limited, "limit") + ".";
  return "This machine measures well.";
}

}  // namespace

Outcome Worst(const std::vector<Verdict>& verdicts) {
  Outcome worst = Outcome::kGood;
  for (const Verdict& verdict : verdicts) worst = std::max(worst, verdict.outcome);
  return worst;
}

std::string AsText(const Report& report) {
  size_t width = 0;
  for (const auto& [name, value] : report.facts) width = std::max(width, name.size());
  std::string text;
  for (const auto& [name, value] : report.facts) text += Padded(name, width) + "  " + PlainText(value) + "\n";
  text += "\n";
  width = 0;
  for (const Verdict& verdict : report.verdicts) width = std::max(width, verdict.subject.size());
  const size_t indent = Padded(NameOf(Outcome::kLimited), 0).size() + 2;
  for (const Verdict& verdict : report.verdicts) {
    text += Padded(NameOf(verdict.outcome), indent) + Padded(verdict.subject, width) + "  " +
            PlainText(verdict.finding) + "\n";
    if (!verdict.remedy.empty())
      text += std::string(indent + width + 2, ' ') + "-> " + PlainText(verdict.remedy) + "\n";
  }
  if (!report.log.empty()) text += "\nSaid meanwhile:\n";
  for (const std::string& line : report.log) text += "  " + PlainText(line) + "\n";
  return text + "\n" + Summary(report.verdicts) + "\n";
}

std::string AsJson(const Report& report) {
  nlohmann::ordered_json json;
  for (const auto& [name, value] : report.facts) json[name] = value;
  json["seconds"] = static_cast<double>(report.time.value) / 1e9;
  json["outcome"] = NameOf(Worst(report.verdicts));
  json["verdicts"] = nlohmann::ordered_json::array();
  for (const Verdict& verdict : report.verdicts) {
    json["verdicts"].push_back({{"subject", verdict.subject},
                                {"outcome", NameOf(verdict.outcome)},
                                {"finding", verdict.finding},
                                {"remedy", verdict.remedy}});
  }
  json["log"] = report.log;
  // Names of processes may be any bytes.
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace brahe::check
