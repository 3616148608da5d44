#!/usr/bin/env python3
"""The packages: package_test.py PACK BRAHE WRITE_PACKAGE_FILES [CASE]. They are installed into a folder, by dpkg and with
Debian's own helpers, against the list of packages of this machine. systemd does not run there: systemd_test.py is about
that."""

import glob
import gzip
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
import unittest

for folder in ("userspace/e2e", "deploy/image"):
    sys.path.insert(0, os.path.abspath(folder))
# The paths come first.
import oci_image  # noqa: E402
import runner  # noqa: E402

PACK, BRAHE, WRITER = (os.path.abspath(sys.argv.pop(1)) for _ in range(3))
OLD, NEW = "0.1.0~20231114221320.0123456789ab", "0.1.0"
DEPLOY = os.path.dirname(os.path.dirname(PACK))
# For Grafana and Prometheus.
FOR_OTHERS = [
    *(f"grafana/{os.path.basename(path)}" for path in sorted(glob.glob(f"{DEPLOY}/grafana/*.json"))),
    *("prometheus/alerts.yaml", "prometheus/rules.yaml"),
]
EPOCH = 1700000000  # 2023-11-14 22:13:20 UTC
UNITS = ("brahe-run.service", "brahe-run.socket", "brahe.service", "brahe.socket")
END_RUNS = "stop brahe-run.service"
WANTED = "/etc/systemd/system/multi-user.target.wants/brahe.service"
# Of an RPM's root. It remembers what it was asked, and whether the service is enabled.
SYSTEMCTL = """#!/bin/sh
case "$*" in
  *is-enabled*) [ -e /enabled ]; exit ;;
  *disable*) rm -f /enabled ;;
  *enable*) : >/enabled ;;
esac
echo "$*" >>/asked
"""


def output(*command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def pack(version, folder, **environment):
    subprocess.run(
        [PACK, BRAHE, WRITER, version, str(EPOCH), folder], check=True, env=dict(os.environ, **environment)
    )


def architecture():
    return output("dpkg", "--print-architecture").strip()


def setUpModule():
    folder = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
    unittest.addModuleCleanup(shutil.rmtree, folder)
    Packages.folder = folder
    pack(NEW, f"{folder}/new")
    Packages.public_key = f"{folder}/key.pub"
    secret = f"{folder}/key.sec"
    subprocess.run(["signify-openbsd", "-G", "-n", "-s", secret, "-p", Packages.public_key], check=True)
    pack(OLD, f"{folder}/old", BRAHE_SIGNING_KEY=os.path.relpath(secret))


def keep_state(root):
    """What systemd makes of StateDirectory= and DynamicUser=, with what an exporter keeps there."""
    os.makedirs(f"{root}/var/lib/private/brahe")
    os.symlink("private/brahe", f"{root}/var/lib/brahe")
    with open(f"{root}/var/lib/brahe/checkpoint", "w") as kept:
        kept.write("kept")


class Packages(unittest.TestCase):
    def setUp(self):
        self.new, self.again = (os.path.join(self.folder, name) for name in ("new", "again"))
        self.deb = self.path("brahe_{}_{}.deb")
        self.symbols = self.path("brahe-dbgsym_{}_{}.deb")
        self.image = self.path("brahe-{}-{}.oci.tar")
        self.tarball = self.path("brahe-{}-{}.tar.xz")
        self.rpm = self.path("brahe-{}-1.{machine}.rpm")

    def path(self, pattern, folder="new", version=NEW):
        return os.path.join(self.folder, folder, pattern.format(version, architecture(), machine=os.uname().machine))


class ContentsTest(Packages):
    def test_the_same_binary_packed_again_makes_the_same_bytes(self):
        before = os.umask(0o077)
        self.addCleanup(os.umask, before)
        temporary = os.path.join(self.folder, "another-folder-for-temporary-files")
        os.mkdir(temporary)
        pack(NEW, self.again, TZ="Asia/Kathmandu", LC_ALL="C", TMPDIR=temporary)
        names = sorted(os.listdir(self.new))
        self.assertEqual(len(names), 8)
        self.assertEqual(sorted(os.listdir(self.again)), names)
        for name in names:
            with open(f"{self.new}/{name}", "rb") as one, open(f"{self.again}/{name}", "rb") as other:
                self.assertTrue(one.read() == other.read(), name)
        self.assertEqual(os.listdir(temporary), [])

    def test_the_sums_are_those_of_all_other_files(self):
        checked = output("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=self.new)
        self.assertEqual(checked.count(": OK\n"), 7)

    def test_the_sums_are_signed_where_there_is_a_key_and_verified_without_a_network(self):
        signed = shutil.copytree(f"{self.folder}/old", f"{self.folder}/signed")
        verify = ["signify-openbsd", "-V", "-q", "-p", self.public_key, "-m", f"{signed}/SHA256SUMS"]
        subprocess.run(verify, check=True)
        with open(f"{signed}/SHA256SUMS", "a") as sums:
            sums.write("\n")
        self.assertNotEqual(subprocess.run(verify, stderr=subprocess.DEVNULL).returncode, 0)

    def test_the_files_are_roots_and_only_the_program_is_executable(self):
        unpacked = subprocess.run(["dpkg-deb", "--fsys-tarfile", self.deb], check=True, stdout=subprocess.PIPE).stdout
        with tarfile.open(fileobj=io.BytesIO(unpacked)) as tar:
            members = list(tar)
        for member in members:
            self.assertEqual((member.uid, member.gid, member.mtime), (0, 0, EPOCH), member.name)
            executable = member.isdir() or member.name == "./usr/bin/brahe"
            self.assertEqual(member.mode, 0o755 if executable else 0o644, member.name)
        self.assertEqual(
            sorted(member.name for member in members if not member.isdir()),
            [
                "./etc/brahe/brahe.yaml",
                *(f"./lib/systemd/system/{unit}" for unit in UNITS),
                "./usr/bin/brahe",
                "./usr/share/bash-completion/completions/brahe",
                *(f"./usr/share/brahe/{name}" for name in FOR_OTHERS),
                "./usr/share/doc/brahe/changelog.gz",
                "./usr/share/doc/brahe/copyright",
                "./usr/share/man/man8/brahe.8.gz",
            ],
        )

    def test_it_depends_on_each_library_that_it_is_linked_with(self):
        depends = output("dpkg-deb", "--field", self.deb, "Depends")
        packages = {re.split(r"[ :]", one.strip())[0] for one in depends.split(",")}
        for needed in re.findall(r"NEEDED.*\[(.+)\]", output("readelf", "--dynamic", BRAHE)):
            owners = output("dpkg-query", "--search", f"*/{needed}")
            self.assertTrue(packages & set(re.findall(r"^([\w.+-]+):", owners, re.MULTILINE)), (needed, owners))
        self.assertEqual(output("dpkg-deb", "--field", self.deb, "Recommends"), "libcurl3-gnutls, libncursesw6\n")
        self.assertEqual(output("dpkg-deb", "--field", self.symbols, "Depends"), f"brahe (= {NEW})\n")

    def test_the_bill_of_materials_has_each_library_that_ldd_shows_and_each_of_the_image(self):
        with open(self.path("brahe-{}-{}.spdx.json")) as file:
            bill = json.load(file)
        self.assertEqual((bill["spdxVersion"], bill["creationInfo"]["created"]), ("SPDX-2.3", "2023-11-14T22:13:20Z"))
        packages = {package["SPDXID"]: package for package in bill["packages"]}
        self.assertEqual(len(packages), len(bill["packages"]))
        own = "SPDXRef-Package-brahe"
        about = {(one["relationshipType"], one["spdxElementId"], one["relatedSpdxElement"]) for one in bill["relationships"]}
        linked = {other for kind, _, other in about if kind == "DYNAMIC_LINK"}
        optional = {other for kind, other, _ in about if kind == "OPTIONAL_DEPENDENCY_OF"}
        contained = {other for kind, _, other in about if kind == "CONTAINS"}
        self.assertEqual(sorted([*linked, *optional, *contained, own]), sorted(packages))
        with open(f"{DEPLOY}/../third_party/debian.BUILD") as build:
            modules = re.search(r"share/nodejs/d3-.* for module in \[(.*?)\]", build.read(), re.DOTALL).group(1)
        names = {packages[reference]["name"] for reference in contained}
        self.assertEqual(names, {f"node-d3-{module}" for module in re.findall(r'"(.*?)"', modules)})

        def hashes(references):
            comments = " ".join(packages[reference].get("comment", "") for reference in references)
            return dict(re.findall(r"(\S+) \(SHA256 (\w+)\)", comments))

        listed = {os.path.basename(line.split()[0]) for line in output("ldd", BRAHE).splitlines()}
        self.assertGreater(len(listed), 20)
        self.assertLess(listed - {"linux-vdso.so.1"}, set(hashes(linked)))
        bundle = oci_image.OciImage(self.image, tempfile.mkdtemp(dir=self.folder)).unpack()
        in_image = {}
        for path in glob.glob(f"{bundle}/rootfs/usr/lib/*/*"):
            with open(path, "rb") as library:
                in_image[os.path.basename(path)] = hashlib.sha256(library.read()).hexdigest()
        self.assertEqual(hashes(packages), in_image)
        installed = output("dpkg-query", "-W", "-f", "${Version}", "libc6")
        self.assertEqual([one["versionInfo"] for one in packages.values() if one["name"] == "libc6"], [installed])

    def test_the_binary_names_no_folder_of_its_build(self):
        with open(BRAHE, "rb") as binary:
            self.assertFalse(b"/execroot/" in binary.read(), "another folder would make another binary")

    def test_the_symbols_lie_apart_and_fit(self):
        where = os.path.join(self.folder, "extracted")
        for package in (self.deb, self.symbols):
            subprocess.run(["dpkg-deb", "--extract", package, where], check=True)
        build_id = re.search(r"Build ID: (\w+)", output("readelf", "--notes", f"{where}/usr/bin/brahe")).group(1)
        file = f"{where}/usr/lib/debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug"
        self.assertIn(build_id, output("readelf", "--notes", file))
        self.assertIn(" .symtab", output("readelf", "--sections", "--wide", file))
        self.assertNotIn(" .symtab", output("readelf", "--sections", "--wide", f"{where}/usr/bin/brahe"))
        self.assertEqual(output(f"{where}/usr/bin/brahe", "--version"), output(BRAHE, "--version"))
        with gzip.open(f"{where}/usr/share/man/man8/brahe.8.gz", "rt") as page:
            self.assertIn("monitor.interval", page.read())

    def test_the_tarball_has_the_same_files_and_the_licence(self):
        with tarfile.open(self.tarball) as tar:
            names = {member.name.partition("/")[2] for member in tar if not member.isdir()}
            self.assertEqual({member.mtime for member in tar}, {EPOCH})
        self.assertLess(
            {"usr/bin/brahe", "lib/systemd/system/brahe.service", "usr/share/doc/brahe/LICENSE"}, names
        )


class RpmTest(Packages):
    def query(self, *options):
        return output("rpm", "--query", "--package", *options, self.rpm)

    def test_its_files_are_those_of_the_debian_package_and_the_licence(self):
        self.assertEqual(output("rpm", "--checksig", self.rpm), f"{self.rpm}: digests OK\n")
        self.assertEqual(self.query("--queryformat", "%{VERSION} %{BUILDTIME} %{BUILDHOST}"), f"{NEW} {EPOCH} localhost")
        listing = "[%{FILENAMES} %{FILEMODES:octal} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILEMTIMES} %{FILEFLAGS:fflags}\\n]"
        found = dict(line.split(" ", 1) for line in self.query("--queryformat", listing).splitlines())
        owned = f"root:root {EPOCH}"
        self.assertEqual(
            found,
            {
                "/etc/brahe": f"40755 {owned} ",
                "/etc/brahe/brahe.yaml": f"100644 {owned} cn",  # noreplace
                "/usr/bin/brahe": f"100755 {owned} ",
                **{f"/usr/lib/systemd/system/{unit}": f"100644 {owned} " for unit in UNITS},
                "/usr/share/bash-completion/completions/brahe": f"100644 {owned} ",
                "/usr/share/brahe": f"40755 {owned} ",
                **{f"/usr/share/brahe/{name}": f"40755 {owned} " for name in ("grafana", "prometheus")},
                **{f"/usr/share/brahe/{name}": f"100644 {owned} " for name in FOR_OTHERS},
                "/usr/share/licenses/brahe": f"40755 {owned} ",
                "/usr/share/licenses/brahe/LICENSE": f"100644 {owned} l",
                "/usr/share/man/man8/brahe.8.gz": f"100644 {owned} d",
            },
        )

    def test_it_needs_each_library_that_it_is_linked_with(self):
        required = re.findall(r"^(\S+)\(\)\(64bit\)$", self.query("--requires"), re.MULTILINE)
        linked = re.findall(r"NEEDED.*\[(.+)\]", output("readelf", "--dynamic", BRAHE))
        self.assertEqual(sorted(required), sorted(linked))
        self.assertEqual(self.query("--recommends"), "libcurl-gnutls.so.4()(64bit)\nlibncursesw.so.6()(64bit)\n")

    def test_it_is_installed_upgraded_and_erased_without_a_trace(self):
        root = tempfile.mkdtemp(dir=self.folder)
        for folder in ("bin", "dev", "usr/bin", "run/systemd/system", "rpmdb"):
            os.makedirs(f"{root}/{folder}")
        open(f"{root}/dev/null", "w").close()
        shutil.copy(shutil.which("busybox"), f"{root}/bin/sh")
        os.symlink("sh", f"{root}/bin/busybox")
        with open(f"{root}/bin/rm", "w") as rm:
            rm.write('#!/bin/sh\nexec /bin/busybox rm "$@"\n')
        os.chmod(f"{root}/bin/rm", 0o755)
        with open(f"{root}/usr/bin/systemctl", "w") as systemctl:
            systemctl.write(SYSTEMCTL)
        os.chmod(f"{root}/usr/bin/systemctl", 0o755)

        def files():
            found = set(glob.glob(f"{root}/**", recursive=True, include_hidden=True))
            return {path.removeprefix(root) for path in found if "/rpmdb" not in path and os.path.isfile(path)}

        def rpm(*arguments):
            """Returns what was asked of systemctl."""
            open(f"{root}/asked", "w").close()
            run = ["rpm", f"--root={root}", "--dbpath=/rpmdb", "--nodeps", "--force-debian", *arguments]
            subprocess.run(run, check=True, stdin=subprocess.DEVNULL)
            with open(f"{root}/asked") as asked:
                return asked.read().splitlines()

        before = files()
        asked = rpm("--install", self.path("brahe-{}-1.{machine}.rpm", "old", OLD))
        self.assertEqual(asked, ["--no-reload enable brahe.service", "daemon-reload", "restart brahe.service", END_RUNS])
        self.assertEqual(output(f"{root}/usr/bin/brahe", "--version"), output(BRAHE, "--version"))

        # Each administrator's choice stays over an upgrade.
        with open(f"{root}/etc/brahe/brahe.yaml", "a") as settings:
            settings.write("monitor.interval: 3s\n")
        os.remove(f"{root}/enabled")
        keep_state(root)
        self.assertEqual(rpm("--upgrade", self.rpm), ["daemon-reload", "try-restart brahe.service", END_RUNS])
        with open(f"{root}/etc/brahe/brahe.yaml") as settings:
            self.assertIn("\nmonitor.interval: 3s\n", settings.read())

        self.assertTrue(os.path.exists(f"{root}/var/lib/brahe/checkpoint"))
        asked = rpm("--erase", "brahe")
        self.assertEqual(
            asked,
            [
                "--no-reload disable brahe.service brahe.socket brahe-run.socket",
                "stop brahe.socket brahe.service brahe-run.socket brahe-run.service",
                "daemon-reload",
            ],
        )
        self.assertEqual(files() - before, {"/asked", "/etc/brahe/brahe.yaml.rpmsave"})


class InstallationTest(Packages):
    def setUp(self):
        super().setUp()
        self.root = tempfile.mkdtemp(dir=self.folder)
        for folder in ("info", "updates", "triggers"):
            os.makedirs(f"{self.root}/var/lib/dpkg/{folder}")
        # Its dependencies are those of this machine, which has them.
        shutil.copy("/var/lib/dpkg/status", f"{self.root}/var/lib/dpkg/status")
        self.bare = self.files()

    def files(self):
        found = set(glob.glob(f"{self.root}/**", recursive=True, include_hidden=True))
        return {path.removeprefix(self.root) for path in found if "/var/lib/dpkg" not in path}

    def dpkg(self, *arguments):
        run = subprocess.run(
            [
                *("dpkg", f"--root={self.root}", "--force-script-chrootless", "--force-not-root", "--force-confdef"),
                *("--log=/dev/null", *arguments),
            ],
            env=dict(os.environ, PATH="/usr/sbin:/usr/bin:/sbin:/bin"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.assertEqual(run.returncode, 0, run.stdout)

    def install(self, folder, version):
        self.dpkg("--install", self.path("brahe_{}_{}.deb", folder, version))

    def version(self):
        return output("dpkg-query", f"--admindir={self.root}/var/lib/dpkg", "-W", "-f", "${Version} ${Status}", "brahe")

    def has(self, path):
        return os.path.lexists(self.root + path)

    def test_it_is_installed_upgraded_and_purged_without_a_trace(self):
        self.install("old", OLD)
        self.assertEqual(self.version(), f"{OLD} install ok installed")
        self.assertEqual(os.readlink(self.root + WANTED), "/lib/systemd/system/brahe.service")
        for option in ("brahe.socket", "brahe-run.socket"):
            self.assertFalse(self.has(f"/etc/systemd/system/sockets.target.wants/{option}"), "that is an option")
        self.assertEqual(output(f"{self.root}/usr/bin/brahe", "--version"), output(BRAHE, "--version"))

        # Each administrator's choice stays over an upgrade.
        with open(f"{self.root}/etc/brahe/brahe.yaml", "a") as settings:
            settings.write("monitor.interval: 3s\n")
        os.remove(self.root + WANTED)
        self.install("new", NEW)
        self.assertEqual(self.version(), f"{NEW} install ok installed")
        with open(f"{self.root}/etc/brahe/brahe.yaml") as settings:
            self.assertIn("\nmonitor.interval: 3s\n", settings.read())
        self.assertFalse(self.has(WANTED), "it was disabled")

        keep_state(self.root)
        self.dpkg("--remove", "brahe")
        self.assertTrue(self.has("/var/lib/brahe/checkpoint"))
        self.assertTrue(self.has("/etc/brahe/brahe.yaml"))
        self.assertFalse(self.has("/usr/bin/brahe"))
        self.dpkg("--purge", "brahe")
        left = {path for path in self.files() - self.bare if not os.path.isdir(self.root + path)}
        self.assertEqual(left, set())
        self.assertFalse(self.has("/etc/brahe"))
        self.assertFalse(self.has("/var/lib/private/brahe"))

    def test_purging_an_enabled_service_leaves_no_link(self):
        self.install("new", NEW)
        self.assertTrue(self.has(WANTED))
        self.dpkg("--purge", "brahe")
        self.assertFalse(self.has(WANTED))
        left = {path for path in self.files() - self.bare if not os.path.isdir(self.root + path)}
        self.assertEqual(left, set())

    def test_the_version_of_a_commit_is_older_than_the_release_that_it_leads_to(self):
        self.assertEqual(subprocess.run(["dpkg", "--compare-versions", OLD, "lt", NEW]).returncode, 0)


if __name__ == "__main__":
    runner.main()
