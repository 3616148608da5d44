"""A virtual machine that runs Brahe and does what it is told on its console, for scripts/guest_test and
scripts/suspend_test."""

import json
import os
import socket
import subprocess
import threading

import architectures
import guest_kernel
import machine
from exposition import Exposition

GUEST_SECONDS = 480


def make_initramfs(brahe, before, flags, modules=()):
    """`before`: shell commands ahead of Brahe, which gets `flags`. `modules` are loaded first."""
    initramfs = machine.Initramfs(architectures.of("amd64"), init="guest_init")
    initramfs.add_program(brahe)
    found = guest_kernel.modules(modules)
    os.mkdir(f"{initramfs.root}/modules")
    for name, content in found.items():
        initramfs.write(f"/modules/{name}.ko", content)
    initramfs.write("/modules/order", "".join(f"{name}\n" for name in found).encode())
    initramfs.write("/before", before.encode())
    initramfs.write("/flags", " ".join(flags).encode())
    initramfs.build()
    return initramfs


class Guest:
    """The machine. It has two sockets of one CPU, none of which is the host's. `options` are QEMU's."""

    def __init__(self, initramfs, *options):
        command, arguments = machine.emulator("amd64", machine.TCG)
        self._monitor_path = os.path.join(initramfs.folder, "monitor")
        self.process = subprocess.Popen(
            [
                *(*command, "-m", "512M", "-smp", "2,sockets=2", *options),
                *("-kernel", guest_kernel.image(), "-initrd", initramfs.path, "-no-reboot", "-display", "none"),
                *("-nodefaults", "-serial", "stdio", "-qmp", f"unix:{self._monitor_path},server=on,wait=off"),
                *("-append", " ".join(["quiet panic=-1 mitigations=off", *arguments])),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        # One that hangs ends, and with it the wait for its answer.
        self.limit = threading.Timer(GUEST_SECONDS, self.process.kill)
        self.limit.start()
        print("".join(self.answer()), flush=True)

    def answer(self):
        """The lines up to the next "done"."""
        lines = []
        for line in self.process.stdout:
            if line.strip() == "done":
                return lines
            lines.append(line)
        raise RuntimeError("the guest died:\n" + "".join(lines))

    def tell(self, command):
        """Does not wait for its answer."""
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def ask(self, command):
        self.tell(command)
        return "".join(self.answer())

    def scrape(self):
        return Exposition(self.ask("scrape"))

    def control(self, command):
        """A command of QEMU's monitor, such as "stop"."""
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.settimeout(30)
            monitor.connect(self._monitor_path)
            lines = monitor.makefile("rw")
            lines.readline()  # a greeting
            for order in ("qmp_capabilities", command):
                lines.write(json.dumps({"execute": order}) + "\n")
                lines.flush()
                # Events may come in between.
                answer = next(said for said in map(json.loads, lines) if "return" in said or "error" in said)
                if "error" in answer:
                    raise RuntimeError(f"{order}: {answer['error']}")

    def kill(self):
        self.limit.cancel()
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
