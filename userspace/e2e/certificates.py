"""Certificates for tests."""

import os
import subprocess


class Certificates:
    """An authority made by openssl, and what it signs."""

    def __init__(self, folder):
        self.folder = folder
        self._make("ca", "-x509", "-subj", "/CN=ca", "-days", "2")
        self.ca = self._path("ca.crt")

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _make(self, name, *arguments):
        subprocess.run(
            ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc",
             "-keyout", self._path(f"{name}.key"), "-out", self._path(f"{name}.crt"), *arguments],
            check=True, capture_output=True,
        )

    def sign(self, name, subject_names="IP:127.0.0.1,DNS:localhost", days="2"):
        """(certificate, key) files."""
        self._make(name, "-x509", "-CA", self.ca, "-CAkey", self._path("ca.key"), "-subj", f"/CN={name}", "-days", days,
                   "-addext", f"subjectAltName={subject_names}", "-addext", "basicConstraints=critical,CA:FALSE")
        return self._path(f"{name}.crt"), self._path(f"{name}.key")

    def expired(self, name):
        """The same, but it ended yesterday."""
        certificate, key = self.sign(name)
        request = self._path(f"{name}.csr")
        for arguments in (
            ("-x509toreq", "-in", certificate, "-signkey", key, "-out", request),
            ("-req", "-in", request, "-CA", self.ca, "-CAkey", self._path("ca.key"), "-days", "-1", "-out", certificate),
        ):
            subprocess.run(
                ["openssl", "x509", *arguments, "-copy_extensions", "copyall"], check=True, capture_output=True
            )
        return certificate, key
