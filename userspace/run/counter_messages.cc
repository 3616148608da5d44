#include "userspace/run/counter_messages.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace brahe::run {
namespace {

using Json = nlohmann::json;

constexpr std::pair<Question::Kind, const char*> kQuestions[] = {{Question::Kind::kBegin, "begin"},
                                                                 {Question::Kind::kProcesses, "processes"},
                                                                 {Question::Kind::kEnd, "end"},
                                                                 {Question::Kind::kAbandon, "abandon"}};

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json JsonOf(const std::vector<LeftProcess>& processes) {
  Json list = Json::array();
  for (const LeftProcess& process : processes) list.push_back({{"pid", process.pid}, {"comm", process.comm}});
  return list;
}

std::vector<LeftProcess> ProcessesIn(const Json& json) {
  std::vector<LeftProcess> processes;
  for (const Json& process : json) processes.push_back({process.at("pid"), process.at("comm")});
  return processes;
}

Json JsonOf(const ZoneRun& zone) {
  return {{"zone", zone.zone},
          {"energy_uj", zone.energy.value},
          {"error_uj", zone.error ? Json(zone.error->value) : Json(nullptr)},
          {"mean_uw", zone.mean.value},
          {"peak_uw", zone.peak.value},
          {"node_uj", zone.node.value},
          {"node_idle_uj", zone.node_idle.value},
          {"known", zone.known}};
}

ZoneRun ZoneIn(const Json& json) {
  const Json& error = json.at("error_uj");
  return {.zone = json.at("zone"),
          .energy = {json.at("energy_uj")},
          .error = error.is_null() ? std::nullopt : std::optional(Microjoules{error.get<uint64_t>()}),
          .mean = {json.at("mean_uw")},
          .peak = {json.at("peak_uw")},
          .node = {json.at("node_uj")},
          .node_idle = {json.at("node_idle_uj")},
          .known = json.at("known")};
}

Json JsonOf(const RunFigures& figures) {
  Json zones = Json::array();
  for (const ZoneRun& zone : figures.zones) zones.push_back(JsonOf(zone));
  return {{"elapsed_ns", figures.elapsed.value},
          {"cpu_time_ns", figures.cpu_time.value},
          {"measured_ns", figures.measured.value},
          {"zones", std::move(zones)},
          {"left_running", JsonOf(figures.left_running)}};
}

RunFigures FiguresIn(const Json& json) {
  RunFigures figures{.elapsed = {json.at("elapsed_ns")},
                     .cpu_time = {json.at("cpu_time_ns")},
                     .measured = {json.at("measured_ns")},
                     .zones = {},
                     .left_running = ProcessesIn(json.at("left_running"))};
  for (const Json& zone : json.at("zones")) figures.zones.push_back(ZoneIn(zone));
  return figures;
}

Json JsonOf(const Origin& origin) {
  return {{"protocol", kProtocolVersion},
          {"energy_source", origin.energy_source},
          {"measured", origin.measured},
          {"cpu_time_source", origin.cpu_time_source}};
}

Origin OriginIn(const Json& json) {
  const int protocol = json.at("protocol");
  if (protocol != kProtocolVersion) {
    throw std::runtime_error("it speaks version " + std::to_string(protocol) + " of the protocol, and this is " +
                             std::to_string(kProtocolVersion) + "; restart the service after an upgrade");
  }
  return {.version = "",
          .energy_source = json.at("energy_source"),
          .measured = json.at("measured"),
          .cpu_time_source = json.at("cpu_time_source")};
}

// What `read` makes of a line; exceptions of the JSON library become an Error.
template <typename Read>
auto Parsed(std::string_view line, Read read) -> Result<decltype(read(Json()))> {
  try {
    return read(Json::parse(line));
  } catch (const std::exception& fault) {
    return MakeError(fault.what());
  }
}

}  // namespace

std::string LineOf(const Question& question) {
  Json json;
  for (const auto& [kind, word] : kQuestions) {
    if (kind == question.kind) json["ask"] = word;
  }
  if (question.kind == Question::Kind::kEnd) json["elapsed_ns"] = question.elapsed.value;
  return Dump(json);
}

Result<Question> QuestionIn(std::string_view line) {
  return Parsed(line, [](const Json& json) {
    const std::string asked = json.at("ask");
    for (const auto& [kind, word] : kQuestions) {
      if (asked != word) continue;
      Question question{.kind = kind};
      if (kind == Question::Kind::kEnd) question.elapsed = {json.at("elapsed_ns")};
      return question;
    }
    throw std::runtime_error("nothing is called \"" + asked + "\"");
  });
}

std::string LineOf(const Answer& answer) {
  if (answer.error) return Dump({{"error", *answer.error}});
  Json json = {{"processes", JsonOf(answer.processes)}};
  if (answer.origin) json["origin"] = JsonOf(*answer.origin);
  if (answer.figures) json["figures"] = JsonOf(*answer.figures);
  return Dump(json);
}

Result<Answer> AnswerIn(std::string_view line) {
  return Parsed(line, [](const Json& json) {
    Answer answer;
    if (json.contains("error")) {
      answer.error = json.at("error");
      return answer;
    }
    answer.processes = ProcessesIn(json.at("processes"));
    if (json.contains("origin")) answer.origin = OriginIn(json.at("origin"));
    if (json.contains("figures")) answer.figures = FiguresIn(json.at("figures"));
    return answer;
  });
}

}  // namespace brahe::run
