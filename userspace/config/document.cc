#include "userspace/config/document.h"

#include <string_view>

#include "userspace/config/options.h"

namespace brahe::config {
namespace {

constexpr std::string_view kHead = R"(# Configuration

<!-- Made from the table in userspace/config/options.cc by: bazel run //userspace/config:write_document -->

A setting is given by a flag or by a key of the YAML file that `--config.file` names. Flags win over the file, and the
file over the defaults. Names and meanings are Kepler's where Kepler has the setting, so that its files and arguments
work as they are.

- **Flags** are written `--name=value` or `--name value`. Switches are `--name` and `--no-name`, also `--name=true` and
  `--name=false`. Lists take commas, and flags of lists may be repeated. Of any other flag that is repeated, the last one
  counts. A value that begins with `--` is written `--name=value`.
- **glog's flags** `--v=1` (verbosity), `--vmodule=settings=1,bpf*=1` (verbosity of single source files) and
  `--log_utc_time` are taken as well, on the command line only. `--v` wins over the verbosity that `log.level` stands for:
  1 at `debug`, else 0. At `warn` and `error` such lines are left out. No other flag of a library is taken.
- **The file** has a section for each dot of a key, or the dots themselves (`monitor.interval: 1s`). A list that a flag
  gives replaces the file's. What is left empty, such as a section without keys, keeps its default, and so does an empty
  list. Merge keys (`<<: *defaults`) work. Empty documents, such as a lone `---` at the end, do not count.
- **Values**: durations are `5s`, `500ms` or `1m30s`; energies are decimal joules, powers decimal watts; times, energies
  and powers are never negative. Switches take `true`, `yes`, `on` and `1`, and their opposites.
- **Errors** end the start with one line that names the file and line or the flag, the key, and what is expected; of a
  flag that nobody knows, the nearest one that is known.
- **A key that nobody knows** is ignored with a warning that names the nearest one that is known, as Kepler does it, so
  that files of other releases start. With the flag `--config.strict` it is an error.
- **What Kepler has and Brahe does not** is accepted; the [last table](#keplers-not-supported-yet) lists it. What of it is
  on is said at the start in one line of level INFO, what is off is not.

## Which meter is taken

Each zone comes from the first of `cpu.preferredMeters` that has it here: packages from `rapl`, say, and the whole
machine, `platform`, from `hwmon`. `rapl`, `perf` and `msr` read the same sensor; `hwmon` reads
sensors of boards and firmware, which [a table](#sensors-of-hwmon) lists; `model` estimates energy from
CPU time and works everywhere ([how, and how well](energy-model.md)); `fake` makes it up. `brahe_energy_source_info` tells
the source of each zone, with `measured="false"` where it is an estimate. Where no zone is measured, one warning says so.

- `model` estimates packages where no other meter is, or no more: where all counters of a meter stand still though CPUs
  are busy, the next one that has the zone takes its place, until they move again; both are said. With
  `model.dramWattsPerGib` it estimates memory as well, where nothing measures it; 0.4 W is usual of DDR4.
- `guest` reads what the host of a virtual machine [says that it uses](guests.md), and comes first where `guest.path` is
  set.
- `fake` is taken only where no other meter of the list works.

- A list that names only `rapl`, `perf` or both is taken at its word: without a sensor the start ends with an error.
  So estimates are never taken for measurements where nobody asked for them; add `model` to have them.
- `msr` reads RAPL's registers themselves, without a driver of RAPL, where it is named: `[msr, rapl, model]`. That takes
  the kernel module `msr` and a right that is [best not given](security.md#reading-registers).
- AMD's processors count each core by itself. `perf` (from Linux 6.15) and `msr` add up the cores of a socket as `core`;
  `rapl` has only `package` there, because powercap's zone `core` is of a single core.
- `hwmon` and `msr` are Kepler's words. A list with one of them, such as the `[rapl, hwmon]` of all files that Kepler
  ships, goes on with the default order after its end, so that it always starts.

## Sensors of hwmon

Of each chip in `/sys/class/hwmon` the best kind of sensor is read that it has: counters of energy, else powers (the
average before the momentary one), else a voltage and a current. Without any setting these are taken:

| chip | sensor, by its label | zone | socket |
|---|---|---|---|
| `power_meter` (ACPI), as in NVIDIA Grace | `Grace Power Socket N`, of which the next two are parts | `package` | the N-th |
| | `CPU Power Socket N` | `core` | the N-th |
| | `SysIO Power Socket N` | `uncore` | the N-th |
| `power_meter` (ACPI) | of those that say none of this: the only one | `platform` | the whole machine |
| `apm_xgene`, of X-Gene | `CPU power` | `core` | the whole machine |
| | `IO power` | `uncore` | the whole machine |
| `amd_energy`, of EPYC | `EsocketN`; the cores' `EcoreN` are parts of it | `package` | the N-th |
| `ina3221`, as on Jetson boards | `VDD_IN`, `POM_5V_IN` | `platform` | the whole machine |
| | `CPU`, `VDD_CPU`, `VDD_SYS_CPU`, `POM_5V_CPU` | `core` | the whole machine |

- **`experimental.hwmon.zones`** keeps the zones and sensors that it names: by zone (`package`), by label (`VDD_IN`), by
  sensor (`power1`) or with the chip's name before that (`ina226_power1`), in either case. Some must be named to be
  taken: `module` (`Module Power Socket N` of Grace, which has the GPU's energy in it), `platform` of a laptop's battery,
  which tells only while the battery discharges, and several ACPI meters that do not say what they measure.
- **`experimental.hwmon.chipRules`** takes chips that are not in the table, and says which voltage `inN` and which current
  `currN` belong together: by `pairings`, else those of the same number, without `skipVoltages` and `skipCurrents`.
  `useSameIndex: true` sets `pairings` aside. The first rule of a chip counts.
- **`experimental.hwmon.forceEnabled`** tries hwmon before all other meters and takes every chip that has such a sensor.
- The zone of a chip that is not in the table is called by the sensor's label in small letters, with `_` for all but letters
  and digits, else by chip and sensor. GPUs, disks, network cards, chargers and a mouse's battery are never taken.

```yaml
experimental:
  hwmon:
    zones: [ltc2992_power0]
    chipRules:
      - name: ltc2992
        pairings: {0: 1, 2: 2}
        skipVoltages: [1, 3, 4, 5]
```

A power is read each second and made into energy on a straight line from reading to reading, exact to the microjoule. If it
cannot be read for more than 5 s, its energy of that time is not known and not guessed; a counter catches up when it is back.
A negative power, or one above 5 kW, as the 4294967295 mW of an ACPI meter that does not know, is a read that failed.
The label `path` is the device's folder with the sensor, such as `/sys/devices/LNXSYSTM:00/.../ACPI000D:00/power1`: it does
not depend on the number of `hwmonN`, which changes from boot to boot.

## GPUs

With `experimental.gpu.enabled` NVIDIA's GPUs are read, as soon as their driver's library is there ([how](gpu.md)); without
it nothing is lost and nothing is said. `experimental.gpu.idlePower` is what each of them uses at rest; by default that is
the lowest that was seen.

## The local socket

With `web.localSocket.path` the exporter for Prometheus answers at a Unix socket as well, as it does by TCP, and whatever
`web.configFile` says: without TLS, passwords and `rate_limit`. The package has it at `/run/brahe/brahe.sock`, and there
[`brahe top`](top.md) finds it.

```
curl --unix-socket /run/brahe/brahe.sock http://localhost/metrics
```

`web.localSocket.allow` lists who may ask: `root`, `everyone`, `user:NAME` and `group:NAME`, each by name or number. By
default that is root; the exporter's own user always may. Who asks is told by the kernel (`SO_PEERCRED`, and for
supplementary groups `SO_PEERGROUPS`), as it was at the connection; the file itself has mode 0666 and keeps nobody out.
Anybody else is answered 403 and one line with his uid. A name that nobody has here lets nobody in, and is warned of.

The folder must exist and should be the exporter's or root's alone. What a dead exporter left is replaced; a socket that
somebody listens on, and what is no socket, stay and end the start with an error. The file is removed at the end. It has
64 connections of its own, of which a user has 16 at most ([limits](http.md#what-a-client-can-cost)).

## What is in effect

Each setting that is not left to its default is logged at the start, with the place that it comes from; at
`log.level: debug` all of them are. The page at `/` lists them all. A user and a password within a URL are not shown.

## Changes without a restart

On SIGHUP (`systemctl reload` where the unit has `ExecReload=kill -HUP $MAINPID`) arguments and file are read again.
The settings that say *SIGHUP* below take effect at once. For every other one that differs, the log says that a restart
applies it. If there is any error, it is logged and everything stays as it was. A key that nobody knows is what it
is at the start: a warning, or with `--config.strict` such an error. A flag given at the start still wins over the file.
The content of the file that `web.configFile` names, and of the certificates that it names, is read again by the web
server itself. So is that of `experimental.platform.redfish.configFile`, and the BMC is asked anew.
)";

// `text` for a cell of a table.
std::string Cell(std::string_view text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|') cell += '\\';
    cell += c;
  }
  return cell;
}

std::string Code(const std::string& text) { return text.empty() ? "" : "`" + Cell(text) + "`"; }

std::string FlagOf(const Option& option) {
  if (option.flag.empty()) return "";
  const bool is_switch = option.binding.kind == OptionKind::kSwitch;
  return Code((is_switch ? "--[no-]" : "--") + option.flag);
}

// "DURATION", "true or false", "list of LEVEL".
std::string KindOf(const Binding& binding) {
  switch (binding.kind) {
    case OptionKind::kSwitch:
      return "true or false";
    case OptionKind::kList:
      return "list of " + binding.argument;
    case OptionKind::kTree:
    case OptionKind::kValue:
      break;
  }
  return Cell(binding.argument);
}

void AppendRow(const Option& option, std::string& document) {
  document += "| " + Code(option.key) + " | " + FlagOf(option) + " | " + KindOf(option.binding) + " | " +
              Code(option.binding.fallback) + " | " + (option.reloadable ? "SIGHUP" : "") + " | " + Cell(option.help) +
              " |\n";
}

// The tables of the sections, one after the other.
void AppendSections(std::string& document) {
  std::string section;
  for (const Option& option : Options()) {
    if (option.section == kWithoutEffectSection) continue;
    if (option.section != section) {
      section = option.section;
      document +=
          "\n## " + section + "\n\n| key | flag | value | default | re-read on | |\n|---|---|---|---|---|---|\n";
    }
    AppendRow(option, document);
  }
}

void AppendWithoutEffect(std::string& document) {
  document += "\n## " + std::string(kWithoutEffectSection) +
              "\n\nThese are accepted and do nothing.\n\n"
              "| key | flag |\n|---|---|\n";
  for (const Option& option : Options()) {
    if (option.section != kWithoutEffectSection) continue;
    document += "| " + Code(option.key) + " | " + FlagOf(option) + " |\n";
  }
}

}  // namespace

std::string ConfigurationDocument() {
  std::string document(kHead);
  AppendSections(document);
  AppendWithoutEffect(document);
  return document;
}

}  // namespace brahe::config
