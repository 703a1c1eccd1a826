"""`%pip` of a Python whose packages are its system's: it installs into an environment of the kernel's own."""

import importlib
import os
import site
import subprocess
import sys
import sysconfig

_ENVIRONMENT = os.path.expanduser("~/.trajtui/python{}.{}".format(*sys.version_info[:2]))


def is_managed() -> bool:
    """Whether pip leaves this Python's packages to its system (PEP 668)."""
    mark = os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    return sys.prefix == sys.base_prefix and os.path.exists(mark)


def python_for(line: str) -> str:
    """The Python whose pip carries out `%pip line`. The environment is made at the first install."""
    if not is_managed():
        return sys.executable
    if line.split()[:1] == ["install"] and not os.path.exists(_python()):
        command = [sys.executable, "-m", "venv", "--system-site-packages", "--without-pip", _ENVIRONMENT]
        subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return _python() if os.path.exists(_python()) else sys.executable


def find_packages() -> None:
    """Have what was installed there found by imports, before what the system has."""
    importlib.invalidate_caches()
    if not is_managed() or not os.path.exists(_python()):
        return
    place = sysconfig.get_path("purelib", "posix_prefix", {"base": _ENVIRONMENT, "platbase": _ENVIRONMENT})
    if place not in sys.path:
        packages = (at for at, path in enumerate(sys.path) if path.endswith("-packages"))
        sys.path.insert(next(packages, len(sys.path)), place)
    site.addsitedir(place)
    programs = os.path.dirname(_python())
    if programs not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = programs + os.pathsep + os.environ.get("PATH", "")


def _python() -> str:
    return os.path.join(_ENVIRONMENT, "bin", "python")
