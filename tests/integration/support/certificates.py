# SPDX-License-Identifier: MIT
"""Certificates for tests, by the openssl program: `Authority(folder).issue("node", "IP:127.0.0.1")` gives (certificate, key)."""

import pathlib
import shutil
import subprocess

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def can_make_certificates():
    return shutil.which("openssl") is not None


class Authority:
    def __init__(self, folder, name="authority"):
        self.folder = pathlib.Path(folder)
        self.certificate = self.folder / f"{name}.pem"
        self.key = self.folder / f"{name}.key"
        self._request(name, self.certificate, self.key)

    def _request(self, name, certificate, key, *more):
        command = ["openssl", "req", "-x509", *KEY, "-days", "30", "-subj", f"/CN={name}", "-keyout", str(key), "-out",
                   str(certificate), *more]
        made = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        assert made.returncode == 0, made.stderr

    def issue(self, name, alternative=None, stem=None):
        certificate, key = self.folder / f"{stem or name}.pem", self.folder / f"{stem or name}.key"
        more = ["-addext", f"subjectAltName={alternative}"] if alternative else []
        self._request(name, certificate, key, "-CA", str(self.certificate), "-CAkey", str(self.key),
                      "-addext", "basicConstraints=critical,CA:FALSE", *more)
        return certificate, key
