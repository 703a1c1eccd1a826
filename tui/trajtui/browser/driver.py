"""What draws for a page: standard input and output are packets, as textual-serve has them."""

from __future__ import annotations

import os
from functools import partial
from typing import Any, ClassVar, Final

from textual import messages
from textual.drivers.web_driver import WebDriver

_BEGIN: Final = b"__GANGLION__\n"
"""Stands once before all packets."""


class PageDriver(WebDriver):
    """Textual's, for a process that may show several screens in turn, and that ends with its page."""

    _has_begun: ClassVar[bool] = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """As usual."""
        super().__init__(*arguments, **options)
        self._write = partial(_write, self.fileno)

    def run_input_thread(self) -> None:
        """Read keys until the screen ends; end the screen where nobody is there any more to press some."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            self._app.post_message(messages.ExitApp())

    def stop_application_mode(self) -> None:
        """As usual; who reads keys has gone then, and takes none from the screen that comes next."""
        super().stop_application_mode()
        if self._key_thread.is_alive():
            self._key_thread.join()

    def on_meta(self, packet_type: str, payload: dict[str, object]) -> None:
        """As usual; the screen that comes next has the page's present size too."""
        if packet_type == "resize":
            os.environ.update(COLUMNS=str(payload["width"]), ROWS=str(payload["height"]))
        super().on_meta(packet_type, payload)


def _write(descriptor: int, data: bytes) -> int:
    """Write all of it; nothing where nobody reads any more, as the program is about to be told."""
    if data == _BEGIN:
        if PageDriver._has_begun:
            return 0
        PageDriver._has_begun = True
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except BrokenPipeError:
        pass
    return len(data)
