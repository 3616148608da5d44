"""The kernels that tests run on: packages of Debian, pinned in packages.lock, fetched once into a cache.

No host is named here or in the lock file: the archives are the ones that this machine's apt is configured for.
"""

import glob
import hashlib
import json
import os
import re
import subprocess
import tempfile
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
LOCK = os.path.join(HERE, "packages.lock")
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "brahe/kernels")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

# Release of the kernel: archive, suite, and the package that has its image.
SOURCES = {
    "5.10": ("debian-security", "bullseye-security", r"linux-image-5\.10\.0-\d+-cloud-amd64"),
    "6.1": ("debian-security", "bookworm-security", r"linux-image-6\.1\.0-\d+-cloud-amd64"),
    "6.12": ("debian-security", "bookworm-security", r"linux-image-6\.12\.\d+\+deb12-cloud-amd64"),
    "newest": ("debian", "sid", r"linux-(?:binary|image)-\d+\.\d+\.\d+(?:\+deb\d+)?-cloud-amd64"),
}
# What the newest kernel's build tools are linked with, which is newer than what a stable machine has.
TOOL_LIBRARIES = {"newest": ["libc6", "libelf1t64", "zlib1g", "libzstd1"]}


class KernelError(Exception):
    """Says what could not be had, and what to do about it."""


def archive_url(archive):
    """Where this machine's apt finds an archive ("debian", "debian-security")."""
    text = ""
    for path in ["/etc/apt/sources.list", *glob.glob("/etc/apt/sources.list.d/*")]:
        if os.path.isfile(path):
            with open(path) as source:
                text += re.sub(r"#.*", "", source.read()) + "\n"
    urls = re.findall(r"\bhttps?://\S+", text)
    for url in urls:
        if re.search(rf"/{archive}/?$", url):
            return url.rstrip("/")
    # A mirror that has both archives side by side often is configured for one of them only.
    for url in urls:
        if re.search(r"/debian(-security)?/?$", url):
            return re.sub(r"/debian(-security)?/?$", f"/{archive}", url)
    raise KernelError(f"no archive {archive} in apt's sources: add Debian's to /etc/apt/sources.list")


def renew():
    """Pins the newest package of each kernel. apt, with a root of its own, checks the archives' signatures."""
    with tempfile.TemporaryDirectory() as root:
        for folder in ("state/lists/partial", "cache/archives/partial"):
            os.makedirs(os.path.join(root, folder))
        suites = sorted({(archive, suite) for archive, suite, _ in SOURCES.values()})
        with open(f"{root}/sources.list", "w") as sources:
            for archive, suite in suites:
                sources.write(f"deb [signed-by={KEYRING}] {archive_url(archive)} {suite} main\n")
        with open(f"{root}/apt.conf", "w") as conf:
            conf.write(
                f'Dir::State "{root}/state"; Dir::Cache "{root}/cache"; Dir::State::status "/dev/null";\n'
                f'Dir::Etc::sourcelist "{root}/sources.list"; Dir::Etc::sourceparts "/dev/null";\n'
                'Acquire::Check-Valid-Until "false"; Acquire::Languages "none"; APT::Sandbox::User "root";\n'
            )
        env = {**os.environ, "APT_CONFIG": f"{root}/apt.conf"}

        def apt(*command):
            return subprocess.run(command, env=env, check=True, text=True, stdout=subprocess.PIPE).stdout

        apt("apt-get", "update", "-qq")
        names = apt("apt-cache", "pkgnames", "linux-").split()

        def pin(archive, package):
            [uri] = re.findall(r"'(\S+)' \S+ (\d+) SHA256:(\S+)", apt("apt-get", "download", "--print-uris", package))
            path = uri[0].removeprefix(archive_url(archive) + "/")
            return {"package": package, "archive": archive, "path": path, "size": int(uri[1]), "sha256": uri[2]}

        lock = {}
        for release, (archive, _, pattern) in SOURCES.items():
            found = sorted((name for name in names if re.fullmatch(pattern, name)), key=version_key)
            if not found:
                raise KernelError(f"kernel {release}: no package matches {pattern}")
            packages = [found[-1], *build_packages(release, found[-1], names), *TOOL_LIBRARIES.get(release, [])]
            lock[release] = [pin(archive, package) for package in packages]
    with open(LOCK, "w") as out:
        json.dump(lock, out, indent=2)
        out.write("\n")


def build_packages(release, image_package, names):
    """The packages beside a kernel's image that building modules for it takes, and its own modules."""
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
            raise KernelError(f"kernel {release}: no package has its {what}: none of {', '.join(candidates)}")
        if there[0] != image_package:
            yield there[0]


def version_key(name):
    return [int(number) for number in re.findall(r"\d+", name)]


def locked():
    with open(LOCK) as lock:
        return json.load(lock)


def unpacked(release):
    """Folder with the packages of a kernel, fetched and unpacked if need be."""
    pins = locked()[release]
    digest = hashlib.sha256("".join(pin["sha256"] for pin in pins).encode()).hexdigest()
    folder = os.path.join(CACHE, digest[:16])
    if os.path.isdir(folder):
        return folder
    os.makedirs(CACHE, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        target = os.path.join(scratch, "unpacked")
        for pin in pins:
            package = os.path.join(scratch, "package.deb")
            fetch(release, pin, package)
            subprocess.run(["dpkg", "-x", package, target], check=True)
        try:
            os.rename(target, folder)
        except OSError:
            if not os.path.isdir(folder):  # else another run was faster
                raise
    return folder


def image(release):
    """Path of the kernel's boot image."""
    folder = unpacked(release)
    images = glob.glob(f"{folder}/boot/vmlinuz-*") + glob.glob(f"{folder}/usr/lib/modules/*/vmlinuz")
    if len(images) != 1:
        raise KernelError(f"kernel {release}: its packages have {len(images)} boot images")
    return images[0]


def fetch(release, pin, target):
    url = f"{archive_url(pin['archive'])}/{pin['path']}"
    try:
        with urllib.request.urlopen(url, timeout=60) as response, open(target, "wb") as out:
            while block := response.read(1 << 20):
                out.write(block)
    except OSError as error:
        remedy = "scripts/kernel_matrix --renew pins a newer one" if "404" in str(error) else "the network is needed once"
        raise KernelError(f"kernel {release}: fetch {pin['package']}: {error} ({remedy})") from error
    with open(target, "rb") as package:
        digest = hashlib.file_digest(package, "sha256").hexdigest()
    if digest != pin["sha256"]:
        raise KernelError(f"kernel {release}: {pin['package']} has SHA-256 {digest}, not the pinned {pin['sha256']}")
