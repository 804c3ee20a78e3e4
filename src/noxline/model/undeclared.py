"""What a task used beyond what its stage declares."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Use(str, Enum):
    """How something undeclared was used."""

    READ = "read"  # a file
    LISTED = "listed"  # the names in a folder
    MISSING = "missing"  # a file that was looked for and is not there
    VARIABLE = "variable"
    UNSET = "unset"  # a variable that was read and is not set
    WRITTEN = "written"


@dataclass(frozen=True, kw_only=True, slots=True)
class Undeclared:
    """Things of one kind that a stage does not declare, and the line of settings that would.

    `names` are the first of them, `count` is how many there are; a name that ends with `/` is a folder in which
    `count` files were used.
    """

    use: Use
    names: tuple[str, ...]
    count: int
    line: str
