"""The screen in a browser: each tab has a trajtui of its own, which draws for the page instead of a terminal.

`server.py` lets in who has the token, `tab.py` has the process of one tab, `driver.py` is what draws there.
What the page is made of is textual-serve's.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

VARIABLE: Final = "TEXTUAL_DRIVER"
"""Where Textual looks for what draws."""
DRIVER: Final = "trajtui.browser.driver:PageDriver"


def is_in_browser(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this process draws for a page."""
    return environment.get(VARIABLE) == DRIVER
