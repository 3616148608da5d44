"""A container for a guest: a bundle that runc runs, in a cgroup with the name that kubelet and containerd give it."""

import json
import os
import subprocess
import tempfile

import architectures

ID = "5eaf00d1c0ffee" + "0123456789abcdef" * 3 + "42"
POD = "0d8f1b22-3c4d-4e5f-8a9b-0c1d2e3f4a5b"
WORK = "i=0; while [ $i -lt 60000 ]; do i=$((i + 1)); done; sleep 1000"


def add_bundle(guest):
    """Adds runc and a bundle to a guest; returns the bundle's path there."""
    runc = guest.add_program(architectures.tool("runc"))
    os.symlink(runc, guest.root + "/bin/runc")
    for name in ("sh", "sleep"):
        guest.copy(architectures.tool("busybox"), f"/tests/bundle/rootfs/bin/{name}")
    for folder in ("proc", "dev", "sys"):
        os.makedirs(f"{guest.root}/tests/bundle/rootfs/{folder}")
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([architectures.tool("runc"), "spec"], cwd=scratch, check=True)
        with open(f"{scratch}/config.json") as spec:
            config = json.load(spec)
    config["process"] |= {"terminal": False, "args": ["sh", "-c", WORK]}
    pod = POD.replace("-", "_")
    config["linux"]["cgroupsPath"] = (
        f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{pod}.slice/cri-containerd-{ID}.scope"
    )
    with open(f"{guest.root}/tests/bundle/config.json", "w") as out:
        json.dump(config, out)
    return "/tests/bundle"
