"""Runs a command under as much of a unit's confinement as needs no systemd: confine.py UNIT COMMAND...

Its user is another one with the unit's capabilities and no others, it can get no more, it can call what SystemCallFilter
and RestrictAddressFamilies let it call (anything else ends it, where the unit has the call refused), and no memory is
both written and executed (Linux 6.3). What is made of mounts, such as ProtectSystem, is left to systemd. x86-64 only."""

import ctypes
import os
import re
import struct
import subprocess
import sys

USER = "4321"
HEADER = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"
ARCHITECTURE = 0xC000003E  # AUDIT_ARCH_X86_64
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}
# linux/bpf_common.h, linux/seccomp.h, linux/prctl.h
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, KILL = 0x7FFF0000, 0x80000000
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, PR_SET_MDWE = 22, 38, 65


def settings(unit):
    """{key: [value of each line]}."""
    found = {}
    with open(unit) as lines:
        for line in lines:
            match = re.match(r"(\w+)=(.*)", line)
            if match:
                found.setdefault(match.group(1), []).append(match.group(2).split())
    return found


def calls_of(name):
    """A call, or those of a set of systemd's."""
    if not name.startswith("@"):
        return {name}
    listed = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager", name], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    members = [line.strip() for line in listed.splitlines()[1:] if line.strip() and "#" not in line]
    return set().union(*map(calls_of, members))


def allowed_calls(lines):
    """As systemd.exec(5) has it: the first line makes it a list of what is allowed, and ~ takes away."""
    allowed = calls_of("@default")
    for names in lines:
        takes_away = names[0].startswith("~")
        calls = set().union(*(calls_of(name.lstrip("~")) for name in names))
        allowed = allowed - calls if takes_away else allowed | calls
    return allowed


def program(unit):
    """The filter, in classic BPF. Names that have no number here are calls of other architectures."""
    with open(HEADER) as header:
        numbers = dict(re.findall(r"#define __NR_(\w+) (\d+)", header.read()))
    allowed = allowed_calls(unit["SystemCallFilter"])
    families = [FAMILIES[name] for name in unit["RestrictAddressFamilies"][0]]

    def instruction(code, operand, if_true=0, if_false=0):
        return struct.pack("HBBI", code, if_true, if_false, operand)

    def allow_if_equal(value):
        return instruction(EQUAL, value, 0, 1) + instruction(RETURN, ALLOW)

    filters = instruction(LOAD, 4) + instruction(EQUAL, ARCHITECTURE, 1, 0) + instruction(RETURN, KILL)
    filters += instruction(LOAD, 0)
    filters += b"".join(allow_if_equal(int(numbers[name])) for name in sorted(allowed - {"socket"}) if name in numbers)
    filters += instruction(EQUAL, int(numbers["socket"]), 1, 0) + instruction(RETURN, KILL)
    filters += instruction(LOAD, 16)  # its first argument
    filters += b"".join(map(allow_if_equal, families))
    return filters + instruction(RETURN, KILL)


def under(unit, python=sys.executable):
    """The command line that confines the one after it."""
    capabilities = ",".join(["-all", *("+" + name[4:].lower() for name in settings(unit)["CapabilityBoundingSet"][0])])
    sets = [f"--{which}={capabilities}" for which in ("bounding-set", "inh-caps", "ambient-caps")]
    return [
        *("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *sets),
        *(python, os.path.abspath(__file__), unit),
    ]


def main():
    unit, command = settings(sys.argv[1]), sys.argv[2:]
    libc = ctypes.CDLL(None, use_errno=True)

    def prctl(*arguments):
        if libc.prctl(*map(ctypes.c_ulong, arguments), *[ctypes.c_ulong(0)] * (5 - len(arguments))) != 0:
            raise OSError(ctypes.get_errno(), f"prctl {arguments}")

    code = program(unit)
    buffer = ctypes.create_string_buffer(code)
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer)))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    if tuple(map(int, re.match(r"(\d+)\.(\d+)", os.uname().release).groups())) >= (6, 3):
        prctl(PR_SET_MDWE, 1)
    # The interpreter itself calls nothing but execve from here on.
    prctl(PR_SET_SECCOMP, 2, ctypes.addressof(header))
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
