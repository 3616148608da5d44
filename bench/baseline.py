"""The BPF object of another revision, which this one's is compared with."""

import contextlib
import os
import subprocess
import sys
import tempfile

from programs import ROOT


def commit_of(revision):
    """The commit's name in full. Ends the run if there is none."""
    found = subprocess.run(
        ["git", "-C", ROOT, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"],
        stdout=subprocess.PIPE,
        text=True,
    )
    if found.returncode:
        sys.exit(f"bench: --baseline {revision} is no commit of this repository (a shallow clone has the last ones only)")
    return found.stdout.strip()


@contextlib.contextmanager
def built_object(commit):
    """The path of the commit's cpu_time.bpf.o, as a context. It is built in a folder of its own, which leaves the outputs of
    this tree and its Bazel server alone."""
    with tempfile.TemporaryDirectory(prefix="brahe-baseline-") as folder:
        tree, output = os.path.join(folder, "tree"), os.path.join(folder, "output")
        os.mkdir(tree)
        archive = subprocess.run(["git", "-C", ROOT, "archive", commit], check=True, stdout=subprocess.PIPE).stdout
        subprocess.run(["tar", "-x", "-C", tree], input=archive, check=True)
        subprocess.run(
            # --batch: no server stays behind. The tree is no checkout that the build could ask for its revision.
            ["bazel", "--batch", f"--output_base={output}", "build", "--workspace_status_command=true", "//bpf:cpu_time_object"],
            cwd=tree,
            check=True,
            stdout=sys.stderr,
        )
        yield os.path.join(tree, "bazel-bin/bpf/cpu_time.bpf.o")
