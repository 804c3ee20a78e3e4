"""Follow a Python that a test started: what it runs and reads belongs to the context in which it was started."""

from __future__ import annotations

import atexit
import os
from typing import Any

CHILD = "p:"  # its contexts: this, its process id, and the context of the one who started it


def begin(rcfile: str) -> None:
    """Trace this process from now on; its data lies apart from what the suite's coverage counts."""
    import _noxline_trace as tracing
    from _noxline_reads import CONTEXT

    parent, folder = os.environ.get(CONTEXT, ""), os.environ.get(tracing.FOLDER, "")
    if not parent or not folder or not rcfile:
        return
    try:
        import coverage
    except ImportError:  # the one who started this counts the traces, and misses one
        return
    context = "%s%d:%s" % (CHILD, os.getpid(), parent)
    own = None
    if coverage.Coverage.current() is None:
        os.makedirs(folder, exist_ok=True)
        place = os.path.join(folder, "child.data")
        own = coverage.Coverage(data_file=place, data_suffix=True, config_file=rcfile)
        own.set_option("run:disable_warnings", ["no-data-collected", "module-not-measured", "couldnt-parse"])
        own.start()
    trace = tracing.Trace(folder, context)
    # Children of this one belong to where this one belongs; `end` runs after what the program itself registers.
    atexit.register(end, own, trace, parent)
    if not trace.refused:
        trace.hand_down(parent)


def end(own: Any, trace: Any, parent: str) -> None:
    """Leave what is known."""
    if trace.is_elsewhere():
        return
    if own is not None:
        own.stop()
        own.save()
    trace.write(child=parent)
