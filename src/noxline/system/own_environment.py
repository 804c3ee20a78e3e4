"""Keep this process's own environment from other processes of the same user: it may hold a signing key."""

from __future__ import annotations

import sys

_PR_SET_DUMPABLE = 4  # linux/prctl.h


def hide_own_environment() -> bool:
    """Have Linux show `/proc/PID/environ` of this process to root alone; return whether it does.

    Elsewhere nothing of the kind is there to be hidden from tasks, or to hide it with.
    """
    if sys.platform != "linux":
        return False
    import ctypes

    return int(ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)) == 0
