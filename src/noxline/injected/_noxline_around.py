"""How to mark a hook that runs around all others with the pluggy that is there; the newer way costs less.

Such a hook is a generator that yields once, returns what it was sent, and cleans up in `finally`.
"""

from __future__ import annotations

import pytest


def _is_known() -> bool:
    try:
        pytest.hookimpl(wrapper=True)
    except TypeError:  # before pluggy 1.2
        return False
    return True


AROUND: dict[str, bool] = {"wrapper" if _is_known() else "hookwrapper": True}
