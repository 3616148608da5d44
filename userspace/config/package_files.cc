#include "userspace/config/package_files.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

#include "userspace/config/check_line.h"
#include "userspace/config/config.h"
#include "userspace/config/flags.h"
#include "userspace/config/help_text.h"
#include "userspace/config/options.h"
#include "userspace/config/run_line.h"
#include "userspace/config/state_line.h"
#include "userspace/config/top_line.h"
#include "userspace/config/unpin_line.h"
#include "userspace/config/version.h"

namespace brahe::config {
namespace {

constexpr std::string_view kManualHead = R"(.SH NAME
brahe \- tells how many joules each process, container, virtual machine and pod uses
.SH SYNOPSIS
.B brahe
.RI [ OPTIONS ]
.br
.B brahe run
.RI [ OPTIONS ]\ [\-\-]
.I COMMAND
.RI [ ARGUMENT ...]
.br
.B brahe check
.RI [ OPTIONS ]
.br
.B brahe unpin
.RI [ OPTIONS ]
.br
.B brahe top
.RI [ OPTIONS ]
.br
.B brahe state
.RI [ OPTIONS ]
.SH DESCRIPTION
A BPF program counts every nanosecond of CPU time inside the kernel, the energy counters of the machine say what those
nanoseconds cost, and Prometheus reads the result at
.BR /metrics ,
in the metric schema of Kepler.
Where BPF or the counters are not to be had,
.B brahe
counts from /proc and estimates energy from CPU time, and says so in its log and in its metrics.
.PP
Each setting is given by a flag, or by a key of the file that
.B \-\-config.file
names.
Flags win over the file, and the file wins over the defaults.
.PP
.B brahe run
runs a command and tells how many joules it and all its descendants use.
.B brahe check
tells whether this machine measures well.
.B brahe unpin
takes out of the kernel what an exporter that has ended left there.
.B brahe top
shows live on the terminal who uses how many watts.
.B brahe state
shows what is kept over a restart.
.SH OPTIONS
Flags are written \fB\-\-name=value\fR or \fB\-\-name value\fR, and switches \fB\-\-name\fR and \fB\-\-no\-name\fR.
Lists take commas.
)";

constexpr std::string_view kManualTail = R"(.SH SIGNALS
.TP
.B SIGHUP
The files are read again, and what can change without a restart does.
A file with a fault changes nothing.
.TP
.BR SIGTERM ", " SIGINT
It ends.
.SH ENVIRONMENT
Those that systemd sets for a service:
.TP
.B NOTIFY_SOCKET
It is told there when there are figures, and of each reload and of the end
.RI ( Type=notify ).
.TP
.B WATCHDOG_USEC
It is told twice in this time that the thread that measures is alive.
.TP
.BR LISTEN_FDS ", " LISTEN_PID
These sockets take the place of web.listenAddresses.
.TP
.B STATE_DIRECTORY
The first of these folders takes the place of state.dir where that is not set.
.SH FILES
.TP
.I /etc/brahe/brahe.yaml
The settings, where the packaged service is started.
.TP
.I /run/brahe/brahe.sock
The local socket of the packaged service
.RI ( web.localSocket.path ).
.TP
.I /var/lib/brahe
What the packaged service keeps over a restart
.RI ( state.dir ).
.TP
.I /sys/fs/bpf/brahe
The maps of the BPF program while it runs, if it may write there.
.SH EXIT STATUS
0 after SIGTERM or SIGINT, 1 if it cannot start; the last line on standard error says why and what to do.
.SH SEE ALSO
.BR systemctl (1),
.BR systemd.service (5),
.BR capabilities (7),
.BR bpftool (8)
)";

constexpr std::string_view kRunHead = R"(.SH RUN
.B brahe run
runs a command, as root, and writes to standard error how many joules it and all its descendants use of each zone, with
its mean and peak power, its part of the node's energy, and how far the counters' resolution lets that be off.
.B \-\-vs
between two commands compares them, run in turns.
The exit status is the command's, 127 or 126 where it cannot be run, and 125 where it cannot be measured.
.PP
)";

constexpr std::string_view kCheckHead = R"(.SH CHECK
.B brahe check
watches the machine for some seconds, as root, and tells of its sensors, of what the kernel side counts beside the
kernel's own books, of the sums in its books, of rights and of its own cost whether they are good, with what to do where
they are not.
The exit status is 0 where all figures are right, 1 where some are wrong or may be, and 2 where nothing can be told.
.PP
)";

constexpr std::string_view kUnpinHead = R"(.SH UNPIN
.B brahe unpin
takes out of the kernel, as root, what an exporter that has ended left there to go on counting for the next one.
What was counted since the exporter ended is lost.
It is refused while an exporter runs.
The exit status is 0 also where nothing was there, and 1 where it cannot be removed.
.PP
)";

constexpr std::string_view kTopHead = R"(.SH TOP
.B brahe top
shows on the whole terminal the watts and joules of processes, programs, containers, pods and all other levels, and of
the last minutes; ? there lists its keys.
It counts by itself, as root, beside a running exporter or without one; or it asks an exporter, or shows a recording.
Who is not root asks the exporter at /run/brahe/brahe.sock where there is one.
The exit status is 0 after q, SIGTERM or SIGINT, and 1 where nothing can be shown; then standard error says why.
NO_COLOR in the environment takes the colours away.
.PP
)";

constexpr std::string_view kStateHead = R"(.SH STATE
.B brahe state
shows what an exporter keeps over its end: when it was written, by whom, in which boot, and its parts.
It changes nothing, and works beside a running exporter.
The exit status is 0, and 1 where nothing is kept or it cannot be read; then standard error says why.
.PP
)";

// A command besides the exporter, with what the manual page says of it.
struct Command {
  const CommandFlags& flags;
  std::string_view head;
};

std::vector<Command> Commands() {
  return {{RunFlags(), kRunHead},
          {CheckFlags(), kCheckHead},
          {TopFlags(), kTopHead},
          {StateFlags(), kStateHead},
          {UnpinFlags(), kUnpinHead}};
}

// `text` as roff prints it unchanged, within a line.
std::string Roff(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

void AppendEntry(const std::string& name, const std::string& argument, const std::string& help, std::string& page) {
  page += ".TP\n\\fB" + Roff(name) + "\\fR";
  if (!argument.empty()) page += " \\fI" + Roff(argument) + "\\fR";
  page += "\n\\&" + Roff(help) + ".\n";
}

std::string NameOf(const Flag& flag) {
  const std::string letter = flag.letter != 0 ? std::string("-") + flag.letter + ", " : "";
  return letter + (flag.kind == OptionKind::kSwitch ? "--[no-]" : "--") + flag.name;
}

void AppendFlag(const Flag& flag, std::string& page) {
  std::string help = flag.help;
  if (!flag.fallback.empty()) help += " (default: " + flag.fallback + ")";
  if (flag.option != nullptr && flag.option->reloadable) help += "; read again on SIGHUP";
  AppendEntry(NameOf(flag), flag.argument, help, page);
  const std::string key = flag.option != nullptr ? flag.option->key : "";
  if (!key.empty() && key != flag.name) page += "Key:\n.BR " + Roff(key) + " .\n";
}

// What the flag's value may be, in words of bash's; empty: anything.
std::string WordsOf(const Flag& flag) {
  std::string words;
  if (flag.option == nullptr) return words;
  for (const std::string& word : flag.option->binding.words) words += (words.empty() ? "" : " ") + word;
  return words;
}

bool IsPlain(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '/' || c == '_';
  });
}

std::string Scalar(std::string_view text) {
  return IsPlain(text) ? std::string(text) : "\"" + std::string(text) + "\"";
}

// The default as YAML has it.
std::string YamlOf(const Binding& binding) {
  if (binding.kind == OptionKind::kTree) return "[]";
  if (binding.kind != OptionKind::kList) return Scalar(binding.fallback);
  std::string list;
  for (std::string_view rest = binding.fallback; !rest.empty();) {
    const std::string_view element = rest.substr(0, rest.find(','));
    list += (list.empty() ? "" : ", ") + Scalar(element);
    rest.remove_prefix(std::min(rest.size(), element.size() + 1));
  }
  return "[" + list + "]";
}

// The one setting of the sample that is not its default: the folder is the service's, RuntimeDirectory=brahe.
bool IsPackagedSocket(const Option& option) { return option.key == "web.localSocket.path"; }

std::string CommentOf(const Option& option) {
  std::string comment = "# " + option.help;
  const Binding& binding = option.binding;
  if (!binding.words.empty() && binding.kind != OptionKind::kList) comment += " (" + binding.argument + ")";
  if (option.reloadable) comment += "; changes on a reload";
  return comment;
}

// Its own flags, and the names of the exporter's that it takes.
void AppendCommand(const Command& command, std::string& page) {
  page += command.head;
  std::string others;
  for (const Flag& flag : command.flags.flags()) {
    if (command.flags.IsOwn(flag)) {
      AppendFlag(flag, page);
    } else if (!flag.help.empty()) {
      others += (others.empty() ? "" : ", ") + ("\\fB" + Roff("--" + flag.name) + "\\fR");
    }
  }
  page += ".PP\n.na\nOf the flags above it takes\n" + others + ".\n.ad\n";
}

// The names of flags, as bash completes them.
std::string NamesOf(const std::vector<Flag>& flags) {
  std::string names = "--help --version";
  for (const Flag& flag : flags) {
    if (flag.help.empty() || flag.name.size() == 1) continue;
    const bool is_switch = flag.kind == OptionKind::kSwitch;
    names += " --" + flag.name + (is_switch ? " --no-" + flag.name : "=");
  }
  return names;
}

// How the flag's value is completed; empty: not at all.
std::string CaseOf(const Flag& flag) {
  if (flag.help.empty() || flag.name.size() == 1 || flag.kind == OptionKind::kSwitch) return "";
  const std::string pattern = "    --" + flag.name + (flag.letter != 0 ? std::string("|-") + flag.letter : "") + ") ";
  if (const std::string words = WordsOf(flag); !words.empty()) {
    return pattern + "mapfile -t COMPREPLY < <(compgen -W '" + words + "' -- \"$word\") ;;\n";
  }
  if (flag.argument != "FILE" && flag.argument != "PATH") return "";
  return pattern + "mapfile -t COMPREPLY < <(compgen -f -- \"$word\"); compopt -o filenames ;;\n";
}

}  // namespace

std::string ManualPage() {
  std::string page = ".\\\" Made from the table of options by write_package_files.\n.TH BRAHE 8 \"\" \"Brahe " +
                     std::string(kVersion) + "\" \"System Manager's Manual\"\n";
  page += kManualHead;
  for (const std::string& section : SectionsOf(Flags())) {
    page += ".SS " + Roff(section) + "\n";
    if (section == kGeneralSection) {
      AppendEntry("-h, --help", "", "print the flags and exit", page);
      AppendEntry("--version", "", "print the version and exit", page);
    }
    for (const Flag& flag : Flags()) {
      if (flag.section == section && !flag.help.empty()) AppendFlag(flag, page);
    }
  }
  for (const Command& command : Commands()) AppendCommand(command, page);
  page += kManualTail;
  return page;
}

std::string BashCompletion() {
  std::string cases;
  for (const Flag& flag : Flags()) cases += CaseOf(flag);
  std::string commands;
  std::string their_names;
  for (const Command& command : Commands()) {
    for (const Flag& flag : command.flags.flags()) {
      if (command.flags.IsOwn(flag)) cases += CaseOf(flag);
    }
    commands += command.flags.name() + " ";
    their_names += "  if [ \"$COMP_CWORD\" -gt 1 ] && [ \"${COMP_WORDS[1]}\" = " + command.flags.name() +
                   " ]; then names='" + NamesOf(command.flags.flags()) + "'; fi\n";
  }
  return "# Completion of brahe(8) in bash. Made from the table of options by write_package_files.\n"
         "_brahe() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD - 1]}\n"
         "  # bash takes --flag=value for three words.\n"
         "  if [ \"$flag\" = = ]; then flag=${COMP_WORDS[COMP_CWORD - 2]}; fi\n"
         "  if [ \"$word\" = = ]; then word=\"\"; fi\n"
         "  COMPREPLY=()\n"
         "  local names='" +
         NamesOf(Flags()) +
         "'\n"
         "  if [ \"$COMP_CWORD\" = 1 ]; then names=\"" +
         commands + "$names\"; fi\n" + their_names + "  case \"$flag\" in\n" + cases +
         "    *)\n"
         "      mapfile -t COMPREPLY < <(compgen -W \"$names\" -- \"$word\")\n"
         "      # A command's name.\n"
         "      if [ \"${COMP_WORDS[1]}\" = run ] && [ \"$COMP_CWORD\" -gt 1 ] && [ \"${word:0:1}\" != - ]; then\n"
         "        mapfile -t COMPREPLY < <(compgen -c -- \"$word\")\n"
         "      fi\n"
         "      if [ \"${#COMPREPLY[@]}\" = 1 ] && [ \"${COMPREPLY[0]: -1}\" = = ]; then compopt -o nospace; fi\n"
         "      ;;\n"
         "  esac\n"
         "}\n"
         "complete -F _brahe brahe\n";
}

std::string SampleConfiguration() {
  std::string text =
      "# Settings of Brahe. Each with a # before it has its default: remove the # to set another value.\n"
      "# Files in Kepler's schema work as well. Flags win over this file; brahe(8) lists them.\n"
      "# After a change: systemctl reload brahe, or restart where a setting does not change on a reload.\n";
  std::string section;
  for (const Option& option : Options()) {
    if (option.key.empty() || option.help.empty() || !option.binding.show) continue;
    if (option.section != section) {
      section = option.section;
      text += "\n# " + section + ":\n";
    }
    const std::string set = IsPackagedSocket(option) ? option.key + ": " + Scalar(kPackagedSocket)
                                                     : "#" + option.key + ": " + YamlOf(option.binding);
    text += "\n" + CommentOf(option) + "\n" + set + "\n";
  }
  return text;
}

}  // namespace brahe::config
