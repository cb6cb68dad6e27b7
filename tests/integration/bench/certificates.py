"""Certificates of a test's own, made by openssl in milliseconds."""

import collections
import os
import subprocess

from .service import faketime

# openssl's own configuration would make everybody an authority
CONFIG = "[req]\ndistinguished_name = name\n[name]\n"

Certificate = collections.namedtuple("Certificate", "certfile keyfile")


class Authority:
    """A certificate authority with files in a folder."""

    def __init__(self, folder, name="authority"):
        self._folder = folder
        with open(os.path.join(folder, "openssl.cnf"), "w", encoding="ascii") as file:
            file.write(CONFIG)
        self.certfile, self._keyfile = self._make(name, "basicConstraints=critical,CA:TRUE")

    def _make(self, name, *extensions, issuer=(), subject=None, shift=None):
        certfile, keyfile = (os.path.join(self._folder, f"{name}.{kind}") for kind in ("pem", "key"))
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                   "-config", os.path.join(self._folder, "openssl.cnf"), "-subj", f"/CN={subject or name}",
                   "-days", "10", "-keyout", keyfile, "-out", certfile, *issuer]
        for extension in extensions:
            command += ["-addext", extension]
        # not the program faketime, which shares the clock by a semaphore of a name that may be taken
        env = {**os.environ, **faketime(), "FAKETIME": shift} if shift is not None else None
        subprocess.run(command, env=env, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=60)
        return Certificate(certfile, keyfile)

    def _issue(self, name, usage, *extensions, **options):
        return self._make(name, f"extendedKeyUsage={usage}", "basicConstraints=CA:FALSE", *extensions,
                          issuer=["-CA", self.certfile, "-CAkey", self._keyfile], **options)

    def server(self, name, *names, **options):
        """Make a server's certificate, valid for ten days; names are like DNS:localhost and IP:::1.

        shift="-20d" makes one that has expired, shift="+20d" one that is not valid yet.
        """
        return self._issue(name, "serverAuth", f"subjectAltName={','.join(names)}", **options)

    def client(self, name, **options):
        """Make a client's certificate; subject="…" gives it another common name than its files have."""
        return self._issue(name, "clientAuth", **options)
