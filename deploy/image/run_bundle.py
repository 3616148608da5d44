"""Runs a command in a bundle that umoci has unpacked, by runc: run_bundle.py BUNDLE SETTINGS COMMAND...

SETTINGS are JSON: capabilities: what is added, all others are dropped; mounts: {path inside: path outside}, to be read
only; user: its number, else the image's. The root is read-only, there are no new privileges, and the network is the
machine's."""

import json
import os
import sys


def mount(inside, outside):
    return {"destination": inside, "type": "bind", "source": outside, "options": ["rbind", "ro"]}


def main():
    bundle, settings, command = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3:]
    with open(f"{bundle}/config.json") as file:
        config = json.load(file)
    process = config["process"]
    process |= {"terminal": False, "args": command, "noNewPrivileges": True}
    # As containerd has it: what is added is ambient for nobody.
    process["capabilities"] = dict.fromkeys(("bounding", "effective", "permitted"), settings["capabilities"])
    if "user" in settings:
        process["user"] = dict.fromkeys(("uid", "gid"), settings["user"])
    config["root"] = {"path": os.path.realpath(f"{bundle}/rootfs"), "readonly": True}
    config["mounts"] += [mount(*paths) for paths in settings["mounts"].items()]
    config["linux"]["namespaces"] = [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")]
    work = f"{bundle}-{os.getpid()}"
    os.mkdir(work)
    with open(f"{work}/config.json", "w") as file:
        json.dump(config, file)
    runc = ("runc", "--root", f"{work}/state", "run", "--bundle", work, f"brahe-{os.getpid()}")
    os.execvp(runc[0], runc)


if __name__ == "__main__":
    main()
