"""What tasks used that their stages do not declare, and the settings that would say so."""

from __future__ import annotations

from noxline.model.run import Run
from noxline.model.undeclared import Undeclared, Use
from noxline.reports.style import Style

_WORDS = {
    Use.READ: "read",
    Use.LISTED: "listed the folder",
    Use.MISSING: "looked for what is not there:",
    Use.VARIABLE: "read the variable",
    Use.UNSET: "read variables that are not set, and would matter if they were:",
    Use.WRITTEN: "wrote",
}


def undeclared_lines(run: Run, style: Style) -> list[str]:
    """Return each undeclared use with its tasks and the line of settings that covers it; tasks that agree share one."""
    shared: dict[Undeclared, list[str]] = {}
    clean: list[str] = []
    for result in run.tasks:
        for one in result.undeclared or ():
            shared.setdefault(one, []).append(result.task.name)
        if result.undeclared == ():
            clean.append(result.task.name)
    lines: list[str] = []
    for one, tasks in shared.items():
        lines += style.wrapped(f"{', '.join(tasks)} {described(one)}", "  ")
        lines.append(f"    {one.line}")
    return [*lines, *(style.wrapped(f"{', '.join(clean)}: nothing undeclared", "  ") if clean else ())]


def described(one: Undeclared) -> str:
    """Return an undeclared use in words.

    >>> described(Undeclared(use=Use.READ, names=("data/",), count=12, line=""))
    'read 12 files in data/'
    """
    if one.names == ("/",):
        return "listed the project's root"
    names = one.names
    word = _WORDS[one.use]
    if one.use in (Use.READ, Use.WRITTEN) and one.names[0].endswith("/"):
        return f"{word} {one.count} file{'s' if one.count > 1 else ''} in {names[0]}"
    more = one.count - len(names)
    return f"{word} {', '.join(names)}" + (f" and {more} more" if more > 0 else "")
