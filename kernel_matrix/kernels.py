"""The kernels that tests run on, each a set of pinned packages."""

import glob
import re
from typing import NamedTuple

import packages


class Source(NamedTuple):
    """Where Debian has a kernel: architecture, archive, suite, and the package that has its image."""

    architecture: str
    archive: str
    suite: str
    image_package: str


SOURCES = {
    "5.10": Source("amd64", "debian-security", "bullseye-security", r"linux-image-5\.10\.0-\d+-cloud-amd64"),
    "6.1": Source("amd64", "debian-security", "bookworm-security", r"linux-image-6\.1\.0-\d+-cloud-amd64"),
    "6.12": Source("amd64", "debian-security", "bookworm-security", r"linux-image-6\.12\.\d+\+deb12-cloud-amd64"),
    "newest": Source("amd64", "debian", "sid", r"linux-(?:binary|image)-\d+\.\d+\.\d+(?:\+deb\d+)?-cloud-amd64"),
    "6.1-arm64": Source("arm64", "debian-security", "bookworm-security", r"linux-image-6\.1\.0-\d+-cloud-arm64"),
}
# What the newest kernel's build tools are linked with, which is newer than what a stable machine has.
TOOL_LIBRARIES = {"newest": ["libc6", "libelf1t64", "zlib1g", "libzstd1"]}


def pins(release, archives):
    """Of the newest packages of a kernel."""
    source = SOURCES[release]
    names = archives.names("linux-")
    found = sorted((name for name in names if re.fullmatch(source.image_package, name)), key=version_key)
    if not found:
        raise packages.PackageError(f"kernel {release}: no package matches {source.image_package}")
    wanted = [found[-1], *build_packages(release, found[-1], names), *TOOL_LIBRARIES.get(release, [])]
    return [archives.pin(package) for package in wanted]


def unpacked(release):
    """Folder with the packages of a kernel."""
    source = SOURCES[release]

    def newest():
        with packages.Archives(source.architecture, [(source.archive, source.suite)]) as archives:
            return pins(release, archives)

    return packages.unpacked(release, newest)


def build_packages(release, image_package, names):
    """The packages beside a kernel's image that building modules for it takes, and its own modules."""
    if not has_test_modules(release):
        return
    version = re.fullmatch(r"linux-(?:binary|image)-(.*)-cloud-amd64", image_package)[1]
    short = re.match(r"\d+\.\d+", version)[0]
    choices = {
        "headers": [f"linux-headers-{version}-cloud-amd64"],
        "common headers": [f"linux-headers-{version}-common"],
        "build tools": [f"linux-kbuild-{version}", f"linux-kbuild-{short}"],
        # Where the image does not have them.
        "modules": [f"linux-modules-{version}-cloud-amd64", image_package],
    }
    for what, candidates in choices.items():
        there = [name for name in candidates if name in names]
        if not there:
            raise packages.PackageError(f"kernel {release}: no package has its {what}: none of {', '.join(candidates)}")
        if there[0] != image_package:
            yield there[0]


def version_key(name):
    return [int(number) for number in re.findall(r"\d+", name)]


def has_test_modules(release):
    """They stand in for RAPL, which only x86 has."""
    return release in SOURCES and SOURCES[release].architecture == "amd64"


def image(release):
    """Path of the kernel's boot image."""
    folder = unpacked(release)
    images = glob.glob(f"{folder}/boot/vmlinuz-*") + glob.glob(f"{folder}/usr/lib/modules/*/vmlinuz")
    if len(images) != 1:
        raise packages.PackageError(f"kernel {release}: its packages have {len(images)} boot images")
    return images[0]
