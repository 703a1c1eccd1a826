"""The first thing that runs in a new Python inside a sandbox: makes the sent sources importable."""

import importlib.abc
import importlib.machinery
import sys
from types import ModuleType
from typing import Any, Dict, Optional

PACKAGE = "_trajtui_kernel"


class Sources(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the modules of `PACKAGE` from their texts."""

    def __init__(self, texts: Dict[str, str]) -> None:
        self._texts = texts

    def find_spec(
        self, fullname: str, path: Any = None, target: Any = None
    ) -> Optional[importlib.machinery.ModuleSpec]:
        """See `MetaPathFinder.find_spec`."""
        if fullname == PACKAGE:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        package, _, name = fullname.rpartition(".")
        if package == PACKAGE and name in self._texts:
            return importlib.machinery.ModuleSpec(fullname, self)
        return None

    def exec_module(self, module: ModuleType) -> None:
        """See `Loader.exec_module`."""
        name = module.__name__.rpartition(".")[2] if module.__name__ != PACKAGE else "__init__"
        text = self._texts[name]
        exec(compile(text, "<trajtui {}>".format(name), "exec"), module.__dict__)


def boot(request: Dict[str, Any], commands: Any) -> None:
    """Run `main` of the module that the request names, with the request and the stream it came from."""
    sys.meta_path.insert(0, Sources(request["sources"]))
    main = importlib.import_module(PACKAGE + "." + request["main"])
    main.main(request, commands)
