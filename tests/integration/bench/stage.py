"""What `meson install` puts where, in a folder that stands for the root."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

from . import shared
from .service import program


class Stage:
    """The installation of the build whose programs are under test."""

    def __init__(self):
        self.build = os.path.dirname(os.path.dirname(os.path.dirname(program("HEARTBEAT_CONSUMER"))))
        if not os.path.exists(os.path.join(self.build, "build.ninja")):
            raise unittest.SkipTest("the program under test is not in a build folder")
        self.options = {option["name"]: option["value"] for option in self._introspect("--buildoptions")}
        self.version = self._introspect("--projectinfo")["version"]
        self.root = tempfile.mkdtemp(prefix="heartbeat-stage-")
        subprocess.run(["meson", "install", "-C", self.build, "--no-rebuild", "--quiet", "--destdir", self.root],
                       stdout=subprocess.DEVNULL, check=True)

    def _introspect(self, what):
        return json.loads(subprocess.run(["meson", "introspect", what, self.build], stdout=subprocess.PIPE,
                                         check=True).stdout)

    @property
    def prefix(self):
        """Where the prefix is."""
        return self.root + self.options["prefix"]

    def path(self, *parts):
        """Return a path below the prefix."""
        return os.path.join(self.prefix, *parts)

    def units(self, manager):
        """Return the folder of a manager's units, user or system."""
        default = "share" if manager == "user" and self.options["prefix"] not in ("/usr", "/usr/local") else "lib"
        return self.path(self.options[f"systemd{manager}unitdir"] or f"{default}/systemd/{manager}")

    def files(self):
        """Return all files and links, relative to the prefix."""
        return {os.path.relpath(os.path.join(folder, name), self.prefix)
                for folder, _, names in os.walk(self.root) for name in names}

    def close(self):
        """Remove it."""
        shutil.rmtree(self.root)


def shared_stage():
    """Return the process's installation; it is made for the first test that needs one."""
    return shared.get(Stage)
