"""libheartbeat of the build under test, for programs in any language."""

import os
import re
import subprocess
import unittest

from .service import environment, program, sanitized

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
PROGRAMS = os.path.join(ROOT, "tests", "library")


class Library:
    """The shared library in the build folder, with its description."""

    def __init__(self):
        service = program("HEARTBEAT_CONSUMER")
        self.build = os.path.dirname(os.path.dirname(os.path.dirname(service)))
        self.sanitized = sanitized(service)
        self.bindings = os.path.join(self.build, "src", "introspection")

    def need(self, name):
        """Skip the test where a file of the bindings was not built."""
        path = os.path.join(self.bindings, name)
        if not os.path.exists(path):
            raise unittest.SkipTest(f"{name} is not built")
        return path

    def environment(self, home, leaks=False, **variables):
        """Return an environment in which programs find library, typelib and override; other languages' machines leak."""
        env = environment(home, LD_LIBRARY_PATH=os.path.join(self.build, "src"), GI_TYPELIB_PATH=self.bindings,
                          PYTHONPATH=os.path.join(ROOT, "src", "introspection"), PYTHONDONTWRITEBYTECODE="1",
                          **variables)
        if self.sanitized:
            env["LD_PRELOAD"] = subprocess.run(["cc", "-print-file-name=libasan.so"], check=True, capture_output=True,
                                               text=True).stdout.strip()
            env["ASAN_OPTIONS"] = f"detect_leaks={int(leaks)}"
        return env

    def compile(self, source, target, *packages):
        """Compile a C program by pkg-config, as its author would."""
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "heartbeat-1.0", *packages], check=True, capture_output=True,
                               text=True, env={**os.environ, "PKG_CONFIG_PATH": f"{self.build}/meson-uninstalled"})
        subprocess.run(["cc", "-Wall", "-Werror", "-g", "-o", target, source, *flags.stdout.split()], check=True)
        return target

    def compile_vala(self, source, target):
        """Compile a Vala program by the bindings."""
        self.need("heartbeat-1.0.vapi")
        # an installed heartbeat-1.0.deps names gio-2.0
        subprocess.run(["valac", "--quiet", "--vapidir", self.bindings, "--pkg", "gio-2.0", "--pkg", "heartbeat-1.0",
                        "-o", target, source, "-X", "-w"], check=True, cwd=os.path.dirname(target),
                       env={**os.environ, "PKG_CONFIG_PATH": f"{self.build}/meson-uninstalled"})
        return target


def samples(language):
    """Return the code blocks of README.md's chapter on the library, as printed."""
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        chapter = re.search(r"^## The library$(.*?)^## ", file.read(), re.M | re.S).group(1)
    return re.findall(rf"^```{language}\n(.*?)^```$", chapter, re.M | re.S)
