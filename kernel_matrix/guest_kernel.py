"""A kernel as ordinary virtual machines have it, for scripts/guest_test: Debian's with the file system 9p, which its kernels
for clouds lack."""

import glob
import re

import packages

NAME = "guest"
ARCHITECTURE = "amd64"
SUITES = [("debian-security", "bookworm-security")]
IMAGE_PACKAGE = r"linux-image-6\.1\.0-\d+-amd64"


def pins():
    with packages.Archives(ARCHITECTURE, SUITES) as archives:
        found = [name for name in archives.names("linux-image-") if re.fullmatch(IMAGE_PACKAGE, name)]
        if not found:
            raise packages.PackageError(f"{NAME}: no package matches {IMAGE_PACKAGE}")
        return [archives.pin(max(found, key=lambda name: [int(number) for number in re.findall(r"\d+", name)]))]


def image():
    """Path of its boot image."""
    [path] = glob.glob(f"{packages.unpacked(NAME, pins)}/boot/vmlinuz-*")
    return path


def modules(names):
    """{name: content} of modules with all that they need, in the order in which they are to be loaded."""
    folder = packages.unpacked(NAME, pins)
    found = {}

    def add(name):
        if name in found:
            return
        # A file's name may have "-" where the module's has "_".
        [path] = glob.glob(f"{folder}/lib/modules/*/kernel/**/{re.sub('[-_]', '[-_]', name)}.ko", recursive=True)
        with open(path, "rb") as module:
            content = module.read()
        for needed in re.search(rb"\0depends=([^\0]*)\0", content)[1].decode().split(","):
            if needed:
                add(needed)
        found[name] = content

    for name in names:
        add(name)
    return found
