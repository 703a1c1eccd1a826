"""Figures of matplotlib: drawn without a screen, shown by `plt.show()` and at the end of the cell."""

import importlib.abc
import importlib.machinery
import io
import sys
from types import ModuleType
from typing import Any, Callable, Optional

BACKEND = "trajtui_figures"

_SOURCE = """
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvas
FigureManager = FigureManagerBase
def new_figure_manager(num, *args, FigureClass=None, **kwargs):
    from matplotlib.figure import Figure
    return new_figure_manager_given_figure(num, (FigureClass or Figure)(*args, **kwargs))
def new_figure_manager_given_figure(num, figure):
    return FigureManager(FigureCanvas(figure), num)
def draw_if_interactive():
    pass
"""


class Backend(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Offers our backend to matplotlib when pyplot is first imported and nothing else was chosen."""

    def __init__(self, show: Callable[..., None]) -> None:
        self._show = show

    def find_spec(
        self, fullname: str, path: Any = None, target: Any = None
    ) -> Optional[importlib.machinery.ModuleSpec]:
        """See `MetaPathFinder.find_spec`."""
        if fullname == "matplotlib.pyplot":
            settings = sys.modules["matplotlib"].rcParams
            if not isinstance(dict.get(settings, "backend"), str):
                settings["backend"] = "module://" + BACKEND
        if fullname == BACKEND:
            return importlib.machinery.ModuleSpec(fullname, self)
        return None

    def exec_module(self, module: ModuleType) -> None:
        """See `Loader.exec_module`."""
        exec(_SOURCE, module.__dict__)
        module.__dict__["show"] = self._show


def is_figure(value: Any) -> bool:
    """Whether `value` is a figure of matplotlib."""
    figures = sys.modules.get("matplotlib.figure")
    return figures is not None and isinstance(value, getattr(figures, "Figure", ()))


def png_of(figure: Any) -> bytes:
    """A figure as a PNG."""
    file = io.BytesIO()
    figure.canvas.print_figure(file, format="png", bbox_inches="tight", facecolor=figure.get_facecolor())
    return file.getvalue()


def show_all(display: Callable[[Any], None]) -> None:
    """Display the figures that are open, if they are ours, and close them."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None or BACKEND not in sys.modules:
        return
    managers = sys.modules["matplotlib._pylab_helpers"].Gcf
    try:
        for manager in managers.get_all_fig_managers():
            display(manager.canvas.figure)
    finally:
        pyplot.close("all")
