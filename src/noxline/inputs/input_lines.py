"""The list of a task's input files as text: one line a file, its digest, a tab, its name."""

from __future__ import annotations

_ESCAPES = (("\\", "\\\\"), ("\n", "\\n"), ("\t", "\\t"))
_MEANT = {"\\": "\\", "n": "\n", "t": "\t"}


def line_of(name: str, digest: str) -> str:
    """Return the line of one file.

    >>> line_of("src/a.py", "c0ffee")
    'c0ffee\\tsrc/a.py\\n'
    """
    return f"{_escaped(digest)}\t{_escaped(name)}\n"


def parse(text: bytes) -> dict[str, str]:
    """Return the files of a list with the digest of each; raise ValueError for what is no list."""
    files = {}
    for line in text.decode("utf-8", "surrogateescape").split("\n"):
        if line:
            digest, name = line.split("\t")
            files[_unescaped(name)] = _unescaped(digest)
    return files


def _escaped(text: str) -> str:
    if "\\" in text or "\n" in text or "\t" in text:
        for character, escape in _ESCAPES:
            text = text.replace(character, escape)
    return text


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    made, characters = "", iter(text)
    for character in characters:
        made += _meant(next(characters, "")) if character == "\\" else character
    return made


def _meant(character: str) -> str:
    if character not in _MEANT:
        raise ValueError(f"nothing is written as \\{character}")
    return _MEANT[character]
