"""A virtual machine that boots a kernel on an initramfs, runs the plan in it, and hands back the results."""

import ctypes
import functools
import glob
import mmap
import os
import shutil
import subprocess
import tempfile
import time

import architectures

HERE = os.path.dirname(os.path.abspath(__file__))
RESULTS_BYTES = 64 << 20
# A model that the kernel's RAPL driver knows, without its counters.
CPU = "max,vendor=GenuineIntel,family=6,model=85"

# Several threads of translated code are not sound in QEMU 7.2: guests oops while programs are attached.
TCG = "tcg,thread=single"
KVM_PROBE_SECONDS = 15


def pack(root, out):
    """Appends a folder's content to an initramfs."""
    names = subprocess.run(["find", "."], cwd=root, check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], cwd=root, input=names, stdout=out, check=True)


class Initramfs:
    """Everything that a guest sees, as one file. Closing it removes the file. `init`: which file of this folder is its first
    process."""

    def __init__(self, architecture, init="init"):
        self.architecture = architecture
        self.folder = tempfile.mkdtemp(prefix="brahe-guest.")
        self.root = os.path.join(self.folder, "root")
        for name in ("bin", "tests", "proc", "sys", "dev", "tmp", "run", "results", "etc"):
            os.makedirs(os.path.join(self.root, name))
        self.copy(architecture.tool("busybox"), "/bin/busybox")
        self.copy(os.path.join(HERE, init), "/init")
        self.plan = []
        self.path = os.path.join(self.folder, "initramfs.cpio")

    def copy(self, source, target):
        target = self.root + target
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if not os.path.exists(target):
            shutil.copy(os.path.realpath(source), target)

    def write(self, target, content):
        with open(self.root + target, "wb") as out:
            out.write(content)

    def add_program(self, source):
        """Returns its path in the guest."""
        path = "/tests/" + os.path.basename(source)
        self.copy(source, path)
        self.add_libraries(source)
        return path

    def add_python(self):
        """Adds Debian's Python with its standard library; scripts are run by /bin/python3."""
        python = self.architecture.python()
        os.symlink(self.add_program(python), self.root + "/bin/python3")
        prefix, name = os.path.dirname(os.path.dirname(python)), os.path.basename(python)
        library, target = f"{prefix}/lib/{name}", f"/usr/lib/{name}"
        unused = ("test", "idlelib", "tkinter", "ensurepip", "lib2to3", "pydoc_data", "config-*", "dist-packages")
        shutil.copytree(library, self.root + target, ignore=shutil.ignore_patterns(*unused))
        for extension in glob.glob(f"{library}/lib-dynload/*.so"):
            self.add_libraries(extension)

    def add_libraries(self, program):
        for library, target in self.architecture.libraries(program):
            self.copy(library, target)

    def add_loaded_library(self, name):
        """Adds a library that no program names as one that it needs, with those that it needs itself."""
        library, target = self.architecture.loaded_library(name)
        self.copy(library, target)
        self.add_libraries(library)

    def run(self, name, seconds, command):
        """Adds a step to the plan: a shell command under a time limit."""
        self.plan.append(f"run {name} {seconds} {command}\n")

    def setup(self, command):
        """Adds a command that prepares for the steps after it, and must not fail."""
        self.plan.append(f"setup {command}\n")

    def build(self):
        with open(os.path.join(self.root, "plan"), "w") as plan:
            plan.writelines(self.plan)
        with open(self.path, "wb") as out:
            pack(self.root, out)

    def with_modules(self, modules, path):
        """Writes to `path` the same with a kernel's modules ({name: content}) in /modules."""
        with tempfile.TemporaryDirectory() as root:
            os.chmod(root, 0o755)  # this becomes the guest's root folder, which is for all users
            os.mkdir(f"{root}/modules")
            for name, content in modules.items():
                with open(f"{root}/modules/{name}.ko", "wb") as module:
                    module.write(content)
            with open(self.path, "rb") as common, open(path, "wb") as out:
                shutil.copyfileobj(common, out)
                out.flush()
                pack(root, out)

    def close(self):
        shutil.rmtree(self.folder)


def accelerator(image):
    """What QEMU is to run guests of amd64 with. KVM is believed only if a guest ends: where the machine is virtual itself,
    /dev/kvm may be there and open, and the guest hangs."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return TCG
    guest = Initramfs(architectures.of("amd64"))
    try:
        guest.build()
        trouble = boot("amd64", image, guest.path, os.path.join(guest.folder, "results"), KVM_PROBE_SECONDS, "kvm")
    finally:
        guest.close()
    return TCG if trouble else "kvm"


def clock_options(accel):
    """A guest measures its TSC when it boots, and wrongly by a factor of up to eight where the host is busy: then its
    time runs away. In emulation its TSC is the host's."""
    if accel != TCG:
        return []
    return ["clocksource=tsc", "tsc=reliable", f"tsc_early_khz={host_tsc_khz()}"]


@functools.cache
def host_tsc_khz():
    code = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(bytes.fromhex("0f31 48c1e220 4809d0 c3"))  # rdtsc; shl $32, %rdx; or %rdx, %rax; ret
    read_tsc = ctypes.CFUNCTYPE(ctypes.c_uint64)(ctypes.addressof(ctypes.c_char.from_buffer(code)))

    def instant():
        """(ns, ticks) at one instant: of several tries the one that was interrupted least."""
        tries = [(time.monotonic_ns(), read_tsc(), time.monotonic_ns()) for _ in range(100)]
        begin, ticks, end = min(tries, key=lambda found: found[2] - found[0])
        return (begin + end) / 2, ticks

    begin_ns, begin_ticks = instant()
    time.sleep(0.2)
    end_ns, end_ticks = instant()
    return round((end_ticks - begin_ticks) / (end_ns - begin_ns) * 1e6)


def emulator(architecture, accel):
    """QEMU's command, and what the kernel is told of the machine."""
    if architecture == "arm64":  # a CPU as in many clouds, with the atomic instructions of ARMv8.1
        machine = ("qemu-system-aarch64", "-machine", "virt,gic-version=3", "-cpu", "neoverse-n1", "-accel", TCG)
        # With random addresses the kernel would keep tables of its own, and QEMU lose its cache at each system call.
        return machine, ["console=ttyAMA0", "nokaslr"]
    return ("qemu-system-x86_64", "-cpu", CPU, "-accel", accel), ["console=ttyS0", *clock_options(accel)]


def boot(architecture, image, initramfs, results, seconds, accel):
    """Runs a guest (paths of a kernel and an initramfs) to its end. Fills the folder `results` with what it left behind
    and console.log.

    Returns None, or why there is no complete set of results.
    """
    shutil.rmtree(results, ignore_errors=True)
    os.makedirs(results)
    console = os.path.join(results, "console.log")
    disk = os.path.join(results, "disk")
    with open(disk, "wb") as out:
        out.truncate(RESULTS_BYTES)
    machine, arguments = emulator(architecture, accel)
    command = [
        *(*machine, "-m", "1G", "-smp", "4,sockets=2"),
        *("-kernel", image, "-initrd", initramfs, "-no-reboot", "-display", "none", "-nodefaults"),
        *("-append", " ".join(["quiet panic=-1 mitigations=off", *arguments])),
        *("-serial", f"file:{console}"),
        *("-drive", f"file={disk},if=none,id=results,format=raw", "-device", "nvme,serial=results,drive=results"),
    ]
    try:
        process = subprocess.run(command, timeout=seconds, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if process.returncode != 0:
            return f"qemu: exit {process.returncode}: {process.stderr.strip()}"
        subprocess.run(["tar", "-C", results, "-xf", disk], check=True, capture_output=True)
    except subprocess.TimeoutExpired:
        return f"no end within {seconds} s"
    except subprocess.CalledProcessError:
        return "the guest died"
    finally:
        os.unlink(disk)
    return None if os.path.exists(os.path.join(results, "done")) else "the guest did not end its plan"
