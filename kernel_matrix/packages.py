"""Debian packages that are pinned by hash in packages.lock, fetched once into a cache, and never installed.

No host is named here or in the lock file: the archives are the ones that this machine's apt is configured for. An archive
drops a package some time after it has a newer one; then that one is taken, with a word about it.
"""

import glob
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
LOCK = os.path.join(HERE, "packages.lock")
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "brahe/kernels")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class PackageError(Exception):
    """Says what could not be had, and what to do about it."""


class GoneError(PackageError):
    """The archive has a package no more."""


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
    raise PackageError(f"no archive {archive} in apt's sources: add Debian's to /etc/apt/sources.list")


class Archives:
    """What suites of Debian have for one architecture, as an apt with a root of its own finds it: it checks the archives'
    signatures, and knows of no installed package. A context manager."""

    def __init__(self, architecture, suites):
        """`suites`: pairs of archive and suite."""
        self.archives = sorted({archive for archive, _ in suites})
        self.folder = tempfile.TemporaryDirectory()
        root = self.folder.name
        for name in ("state/lists/partial", "cache/archives/partial"):
            os.makedirs(os.path.join(root, name))
        with open(f"{root}/sources.list", "w") as sources:
            for archive, suite in sorted(set(suites)):
                sources.write(f"deb [signed-by={KEYRING}] {archive_url(archive)} {suite} main\n")
        with open(f"{root}/apt.conf", "w") as conf:
            conf.write(
                f'APT::Architecture "{architecture}"; APT::Architectures {{ "{architecture}"; }};\n'
                f'Dir::State "{root}/state"; Dir::Cache "{root}/cache"; Dir::State::status "/dev/null";\n'
                f'Dir::Etc::sourcelist "{root}/sources.list"; Dir::Etc::sourceparts "/dev/null";\n'
                'Acquire::Check-Valid-Until "false"; Acquire::ForceHash "SHA256"; Acquire::Languages "none";\n'
                'APT::Sandbox::User "root";\n'
            )

    def __enter__(self):
        self.apt("apt-get", "update", "-qq")
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def apt(self, *command):
        env = {**os.environ, "APT_CONFIG": f"{self.folder.name}/apt.conf"}
        return subprocess.run(command, env=env, check=True, text=True, stdout=subprocess.PIPE).stdout

    def names(self, prefix):
        return self.apt("apt-cache", "pkgnames", prefix).split()

    def pin(self, package):
        [pin] = self._pins("download", package)
        return pin

    def pins_with_dependencies(self, packages):
        return self._pins("install", "-y", "--no-install-recommends", *packages)

    def _pins(self, *command):
        uris = self.apt("apt-get", "-qq", "--print-uris", *command)
        for url, name, size, digest in re.findall(r"'(\S+)' (\S+) (\d+) SHA256:(\S+)", uris):
            archive = next(a for a in self.archives if url.startswith(archive_url(a) + "/"))
            path = url.removeprefix(archive_url(archive) + "/")
            package = name.split("_")[0]
            yield {"package": package, "archive": archive, "path": path, "size": int(size), "sha256": digest}


def write_lock(lock):
    with open(LOCK, "w") as out:
        json.dump(lock, out, indent=2)
        out.write("\n")


def _pins(name):
    """The pins of one set of packages: those of the lock file, or what had to take their place."""
    try:
        with open(_replacement(name)) as newer:
            return json.load(newer)
    except FileNotFoundError:
        return _locked(name)


def _locked(name):
    with open(LOCK) as lock:
        return json.load(lock)[name]


def _digest(pins):
    return hashlib.sha256("".join(pin["sha256"] for pin in pins).encode()).hexdigest()[:16]


def _replacement(name):
    """The file for what has taken the place of pins that are gone."""
    return os.path.join(CACHE, f"{_digest(_locked(name))}.json")


def folder_of(name):
    """Where a set of packages is once it is unpacked: another folder for other pins."""
    return os.path.join(CACHE, _digest(_pins(name)))


def unpacked(name, newest, prepare=lambda folder: None):
    """Folder with a set of packages, fetched and unpacked if need be, and prepared then. `newest` finds the pins of those
    that the archives have now, in case one is gone."""
    if os.path.isdir(folder_of(name)):
        return folder_of(name)
    os.makedirs(CACHE, exist_ok=True)
    try:
        return _unpack(name, prepare)
    except GoneError as gone:
        print(f"{gone}: the newest are taken; scripts/kernel_matrix --renew pins them", file=sys.stderr)
    new = os.path.join(CACHE, f"{os.getpid()}.new")
    with open(new, "w") as out:
        json.dump(newest(), out)
    os.rename(new, _replacement(name))  # whole
    return _unpack(name, prepare)


def _unpack(name, prepare):
    folder = folder_of(name)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        target = os.path.join(scratch, "unpacked")
        for pin in _pins(name):
            package = os.path.join(scratch, "package.deb")
            fetch(name, pin, package)
            subprocess.run(["dpkg", "-x", package, target], check=True)
            register(package, target)
        prepare(target)
        try:
            os.rename(target, folder)
        except OSError:
            if not os.path.isdir(folder):  # else another run was faster
                raise
    return folder


def register(package, folder):
    """Notes an unpacked package in the folder's own database of dpkg's, for those who ask what a file belongs to."""

    def dpkg_deb(*command):
        return subprocess.run(["dpkg-deb", *command], check=True, stdout=subprocess.PIPE).stdout

    database = os.path.join(folder, "var/lib/dpkg")
    os.makedirs(f"{database}/info", exist_ok=True)
    control = dpkg_deb("--field", package).decode()
    fields = dict(re.findall(r"^(Package|Architecture|Multi-Arch): (.*)$", control, re.MULTILINE))
    name = fields["Package"] + (f":{fields['Architecture']}" if fields.get("Multi-Arch") == "same" else "")
    with open(f"{database}/status", "a") as status:
        status.write(f"{control}Status: install ok installed\n\n")
    with tempfile.TemporaryDirectory() as scratch:
        dpkg_deb("--control", package, f"{scratch}/control")
        for kind in ("shlibs", "symbols"):
            if os.path.exists(f"{scratch}/control/{kind}"):
                shutil.copy(f"{scratch}/control/{kind}", f"{database}/info/{name}.{kind}")
    with tarfile.open(fileobj=io.BytesIO(dpkg_deb("--fsys-tarfile", package))) as files, open(
        f"{database}/info/{name}.list", "w"
    ) as paths:
        paths.writelines(f"/{file.removeprefix('./')}\n" for file in files.getnames())
    for path, text in {"info/format": "1\n", "arch": "amd64\narm64\n"}.items():
        with open(f"{database}/{path}", "w") as out:
            out.write(text)


def fetch(name, pin, target):
    url = f"{archive_url(pin['archive'])}/{pin['path']}"
    try:
        with urllib.request.urlopen(url, timeout=60) as response, open(target, "wb") as out:
            while block := response.read(1 << 20):
                out.write(block)
    except OSError as error:
        if isinstance(error, urllib.error.HTTPError) and error.code == 404:
            raise GoneError(f"{name}: the archive has {os.path.basename(pin['path'])} no more") from error
        raise PackageError(f"{name}: fetch {pin['package']}: {error} (the network is needed once)") from error
    with open(target, "rb") as package:
        digest = hashlib.file_digest(package, "sha256").hexdigest()
    if digest != pin["sha256"]:
        raise PackageError(f"{name}: {pin['package']} has SHA-256 {digest}, not the pinned {pin['sha256']}")
