"""AppArmor profiles for guests, compiled here."""

import os
import subprocess
import tempfile

import architectures

HERE = os.path.dirname(os.path.abspath(__file__))
SHIPPED = os.path.join(HERE, "../deploy/apparmor/brahe")
FEATURES = "/etc/apparmor.d/abi/3.0"
# What runtimes put containers into lets them do much, but not look at processes outside.
HIDING = """
abi <abi/3.0>,
profile hiding flags=(attach_disconnected) {
  capability,
  file,
  network,
  signal,
}
"""


def compiled(profile):
    """Bytes that a kernel takes in one write. `profile`: the text of one, which may include <local/brahe>."""
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/local")
        with open(f"{folder}/local/brahe", "w") as local:
            local.write("/tmp/exporter.log w,\n")  # where the test has it write; a container has a pipe there
        command = [architectures.tool("apparmor_parser"), "--skip-kernel-load", "--stdout", "--config-file=/dev/null"]
        command += [f"--kernel-features={FEATURES}", f"--Include={folder}"]
        return subprocess.run(command, input=profile.encode(), check=True, stdout=subprocess.PIPE).stdout


def add_profiles(guest):
    """Adds the steps that load the profiles `brahe`, which is the one of deploy/, and `hiding`."""
    with open(SHIPPED) as shipped:
        texts = {"brahe": shipped.read(), "hiding": HIDING}
    guest.setup("mount -t securityfs securityfs /sys/kernel/security")
    for name, text in texts.items():
        guest.write(f"/tests/{name}.apparmor", compiled(text))
        guest.setup(f"dd bs=1M if=/tests/{name}.apparmor of=/sys/kernel/security/apparmor/.load")
