"""An image for tests: what is in its archive, and a bundle that runc runs."""

import json
import os
import subprocess


class OciImage:
    """Of an OCI archive, unpacked in a folder of its own.

    reference, platform: its name, and {"architecture", "os"}
    config: what is to be run, and how; as the image has it
    annotations: of its manifest
    """

    def __init__(self, archive, folder):
        self._layout = os.path.join(folder, "layout")
        os.makedirs(self._layout)
        subprocess.run(["tar", "--extract", f"--file={archive}", f"--directory={self._layout}"], check=True)
        with open(f"{self._layout}/index.json") as index:
            (described,) = json.load(index)["manifests"]
        self.reference = described["annotations"]["org.opencontainers.image.ref.name"]
        manifest = self._blob(described)
        self.annotations = manifest["annotations"]
        image = self._blob(manifest["config"])
        self.config, self.created = image["config"], image["created"]
        self.platform = {key: image[key] for key in ("architecture", "os")}
        self._folder = folder

    def _blob(self, described):
        with open(f"{self._layout}/blobs/{described['digest'].replace(':', '/')}") as blob:
            return json.load(blob)

    def unpack(self):
        """Path of a bundle: the files are in its rootfs, config.json runs what the image says."""
        bundle = os.path.join(self._folder, "bundle")
        subprocess.run(["umoci", "unpack", "--image", f"{self._layout}:{self.reference}", bundle], check=True)
        return bundle
