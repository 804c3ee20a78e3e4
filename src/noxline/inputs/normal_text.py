"""Take out of text what differs from run to run and from machine to machine: places, addresses, temporary folders."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_TEMPORARY = ("/tmp", "/var/tmp", "/private/tmp", "/private/var/tmp")  # noqa: S108 - named, never written to
# What ends a path in text; a space may be part of one, but hardly of a name that a program made up.
_END = r"""[^\s/\\"'`<>|:;,)\]}]+"""


class Places:
    """Knows the folders of one task and replaces them in text by names that are the same everywhere."""

    def __init__(self, root: str, output: str) -> None:
        import re

        folders = [(form, "<output>") for form in _forms(output)] + [(form, "<root>") for form in _forms(root)]
        folders.sort(key=lambda pair: -len(pair[0]))
        self._names = dict(reversed(folders))
        # A folder's name must neither begin within another name nor go on in one.
        spelled = "|".join(re.escape(form) for form, _ in folders) or r"(?!)"
        self._folders = re.compile(rf"(?<![\w.~-])(?:{spelled})(?![\w~-]|\.\w)")
        self._runs = re.compile(r"(?:<root>[/\\]+)?\.noxline([/\\]+)runs[/\\]+" + _END)
        # A reused output was made in the run directory of another run.
        task = os.path.basename(os.path.dirname(os.path.abspath(output)))
        self._earlier = re.compile(rf"<run>[/\\]+tasks[/\\]+{re.escape(task)}[/\\]+output(?![\w~-]|\.\w)")
        parents = "|".join(re.escape(form) for form in sorted(_temporary(), key=len, reverse=True))
        pytest = rf"pytest-of-{_END}(?:[/\\]+pytest-\d+)?"
        self._temporary = re.compile(rf"(?<![\w.~-])(?:{parents})[/\\]+(?:{pytest}|{_END})")
        self._addresses = re.compile(r"\bat 0x[0-9A-Fa-f]{6,16}\b")

    def text(self, text: str) -> str:
        """Return text with the root, the output directory and the run directory under settled names.

        >>> Places("/home/a/p", "/home/a/p/.noxline/runs/1/tasks/t/output").text("see /home/a/p/x.py, not /home/a/pq")
        'see <root>/x.py, not /home/a/pq'
        """
        text = self._folders.sub(lambda found: self._names[found.group()], text)
        return self._earlier.sub("<output>", self._runs.sub("<run>", text))

    def words(self, text: str) -> str:
        """Return the text of a report: temporary folders and addresses of objects are settled too."""
        text = self._temporary.sub("<tmp>", self.text(text))
        return self._addresses.sub("at 0x", text)

    def data(self, content: bytes) -> bytes:
        """Return the content of any file with the folders under settled names; other bytes stay as they are."""
        return self.text(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _forms(folder: str) -> Iterator[str]:
    """Yield the ways in which a folder may be written; none for the top of the file system, which is everywhere."""
    from urllib.parse import quote

    for path in dict.fromkeys((os.path.abspath(folder), os.path.realpath(folder))):
        if len(path) > 3:
            slashes = path.replace(os.sep, "/")
            yield from dict.fromkeys((path, slashes, quote(slashes), path.replace("\\", "\\\\")))


def _temporary() -> Iterable[str]:
    named = (os.environ.get(name, "") for name in ("TMPDIR", "TEMP", "TMP"))
    return dict.fromkeys((*_TEMPORARY, *(path.rstrip("/\\") for path in named if len(path) > 3)))


def lines(content: bytes, places: Places) -> list[str]:
    """Return the lines of a list of messages, in no order."""
    return sorted(places.words(content.decode("utf-8")).splitlines())


def page(content: bytes, places: Places) -> str:
    """Return an HTML page without the moment at which it was made: coverage's, Sphinx's and MkDocs' ways to say it."""
    import re

    text = places.text(content.decode("utf-8"))
    text = re.sub(r"\bcreated at \d{4}-\d\d-\d\d \d\d:\d\d(?: [+-]\d{4})?", "created at", text)
    text = re.sub(r"\bBuild Date UTC ?: ?\d{4}-\d\d-\d\d[T ][\d:.+-]+", "Build Date UTC", text)
    return re.sub(r"\bLast updated on [A-Z][a-z]{2} \d{1,2}, \d{4}", "Last updated on", text)
