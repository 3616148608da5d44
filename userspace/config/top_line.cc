#include "userspace/config/top_line.h"

#include <string>

#include "userspace/base/values.h"

namespace brahe::config {
namespace {

constexpr std::string_view kHead =
    "Shows live who uses how many watts, on the whole terminal; ? there lists its keys. As root, or as one whom an\n"
    "exporter lets in.\n"
    "Usage: brahe top [OPTIONS]\n";

const std::vector<OwnOption>& OwnOptions() {
  constexpr uint64_t kMostMegabytes = 1'000'000;
  static const std::vector<OwnOption> options = {
      {0,
       {"Top", "", "level", "the level that is shown first",
        WordAt([](Config & c) -> auto& { return c.top.level; },
               {"process", "program", "container", "pod", "namespace", "owner", "vm", "unit", "user", "job", "socket",
                "tree"})}},
      {0, {"Top", "", "interval", "time between two looks, at least 100ms", DurationAt([](Config & c) -> auto& {
             return c.top.interval;
           })}},
      {0, {"Top", "", "once", "print the table once, for pipes and files", SwitchAt([](Config & c) -> auto& {
             return c.top.once;
           })}},
      {0, {"Top", "", "json", "print a JSON snapshot each interval, one a line; with --once a single one", SwitchAt([
           ](Config & c) -> auto& { return c.top.json; })}},
      {0,
       {"Top", "", "url",
        "ask this exporter instead of counting, such as http://localhost:28282 or unix:/run/brahe/brahe.sock",
        UrlAt([](Config & c) -> auto& { return c.top.url; })}},
      {0,
       {"Top", "", "user", "who asks the exporter",
        TextAt(
            [](Config & c) -> auto& { return c.top.user; }, "NAME")}},
      {0, {"Top", "", "password-file", "file with the password of --user", PathAt([](Config & c) -> auto& {
             return c.top.password_file;
           })}},
      {0, {"Top", "", "ca-file", "file with the authorities that may sign the exporter's certificate", PathAt([
           ](Config & c) -> auto& { return c.top.ca_file; })}},
      {0, {"Top", "", "cert-file", "file with our own certificate", PathAt([](Config & c) -> auto& {
             return c.top.cert_file;
           })}},
      {0, {"Top", "", "key-file", "file with its key", PathAt([](Config & c) -> auto& { return c.top.key_file; })}},
      {0, {"Top", "", "insecure-skip-verify", "take any certificate from the exporter", SwitchAt([
           ](Config & c) -> auto& { return c.top.insecure_skip_verify; })}},
      {0, {"Top", "", "record", "write what is shown into this new file as well", PathAt([](Config & c) -> auto& {
             return c.top.record;
           })}},
      {0,
       {"Top", "", "record-limit", "megabytes at which the recording ends",
        CountAt(
            [](Config & c) -> auto& { return c.top.record_limit; }, kMostMegabytes)}},
      {0, {"Top", "", "replay", "show what was recorded in this file", PathAt([](Config & c) -> auto& {
             return c.top.replay;
           })}},
  };
  return options;
}

// What is said of the exporter that is asked.
Status CheckAccess(const Config::Top& top) {
  const bool has_certificate = !top.cert_file.empty() || !top.key_file.empty();
  const bool has_access = has_certificate || !top.user.empty() || !top.password_file.empty() || !top.ca_file.empty() ||
                          top.insecure_skip_verify;
  if (top.url.empty() && has_access) return TopFlags().Failure("--url is expected with what is said of an exporter");
  if (top.url == "unix:") return TopFlags().Failure("--url: a path is expected after unix:");
  if (top.url.starts_with("unix:") && has_access) {
    return TopFlags().Failure("a local socket wants no password and no certificate: it is told by the kernel who asks");
  }
  if (top.cert_file.empty() != top.key_file.empty()) {
    return TopFlags().Failure("--cert-file and --key-file are given together or not at all");
  }
  return {};
}

Status CheckTop(const Config::Top& top) {
  if (top.interval < Milliseconds(100)) return TopFlags().Failure("--interval: at least 100ms are expected");
  if (top.record_limit == 0) return TopFlags().Failure("--record-limit: at least 1 is expected");
  if (!top.url.empty() && !top.replay.empty()) {
    return TopFlags().Failure("figures come from one place: --url or --replay");
  }
  if (!top.record.empty() && !top.replay.empty()) {
    return TopFlags().Failure("--record: a recording is not recorded again; copy the file");
  }
  return CheckAccess(top);
}

}  // namespace

const CommandFlags& TopFlags() {
  static const CommandFlags flags("top", kHead, OwnOptions());
  return flags;
}

Result<CommandArguments> ParseTopLine(const Arguments& arguments) {
  auto parsed = TopFlags().Parse(arguments);
  if (!parsed || !parsed->text.empty()) return parsed;
  if (parsed->rest < arguments.size()) {
    return TopFlags().Failure(Printable(arguments[parsed->rest]) + ": nothing but flags is expected");
  }
  if (const Status checked = CheckTop(parsed->config.top); !checked) return checked.error();
  return parsed;
}

}  // namespace brahe::config
