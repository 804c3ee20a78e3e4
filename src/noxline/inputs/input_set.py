"""The input files of a task: some files of a project, each with the digest of its content."""

from __future__ import annotations

from hashlib import sha256

from noxline.inputs.input_lines import line_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class InputSet:
    """Some files of a project with their digests; `digest` is that of both together."""

    __slots__ = ("_digests", "digest", "names")

    def __init__(self, names: Sequence[str], digests: Sequence[str]) -> None:
        self.names = names
        self._digests = digests
        # Neither holds a NUL, so no two sets are written alike.
        whole = "\0".join((str(len(names)), *names, *digests))
        self.digest = sha256(whole.encode("utf-8", "surrogateescape")).hexdigest()

    @property
    def text(self) -> bytes:
        """Return the files as lines of digest and name, in order."""
        lines = [line_of(name, digest) for name, digest in zip(self.names, self._digests, strict=True)]
        return "".join(lines).encode("utf-8", "surrogateescape")
