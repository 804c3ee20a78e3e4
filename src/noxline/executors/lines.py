"""Lines out of a stream of bytes: masked, written to the log, and posted a few times a second."""

from __future__ import annotations

import codecs
import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

# A line that goes on for longer is cut, so that a progress bar without line ends cannot eat the memory.
LONGEST_LINE = 64 * 1024
_POST_EVERY = 0.05
_POST_LINES = 500


class LineSplitter:
    """Cuts a stream of bytes into lines; what is not UTF-8 is replaced.

    >>> splitter = LineSplitter()
    >>> splitter.feed(b"one\\r\\ntwo and"), splitter.feed(b" a half"), splitter.end()
    (['one'], [], ['two and a half'])
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pieces: list[str] = []
        self._length = 0

    def feed(self, data: bytes) -> list[str]:
        """Take bytes and return the lines that they complete, without line ends."""
        first, *others = self._decoder.decode(data).split("\n")
        self._keep(first)
        lines: list[str] = []
        for part in others:
            lines += self._flush()
            self._keep(part)
        if self._length > LONGEST_LINE:
            *cut, rest = self._flush()
            self._keep(rest)
            lines += cut
        return lines

    def end(self) -> list[str]:
        """Return what is left after the last line end."""
        self._keep(self._decoder.decode(b"", final=True))
        return self._flush() if self._length else []

    def _keep(self, text: str) -> None:
        if text:
            self._pieces.append(text)
            self._length += len(text)

    def _flush(self) -> list[str]:
        line = "".join(self._pieces).removesuffix("\r")
        self._pieces, self._length = [], 0
        parts = []
        while len(line) > LONGEST_LINE:
            # Cut behind the last blank: a secret, which must be masked as a whole, holds none.
            at = line.rfind(" ", 0, LONGEST_LINE) + 1 or LONGEST_LINE
            parts.append(line[:at])
            line = line[at:]
        return [*parts, line]


class LineSink:
    """Takes the output of one task: every line masked, appended to the log at once, and posted in batches."""

    def __init__(self, log: Path, *, mask: Callable[[str], str], post: Callable[[tuple[str, ...]], None]) -> None:
        self.warning = ""
        self._mask = mask
        self._post = post
        self._splitter = LineSplitter()
        self._batch: list[str] = []
        self._posted_at = 0.0
        self._log: BinaryIO | None = None
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            self._log = log.open("ab")
        except OSError as error:
            self._give_up_log(error)

    def __enter__(self) -> LineSink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end_stream()
        if self._log is not None:
            self._log.close()

    def feed(self, data: bytes) -> None:
        """Take bytes of the stream."""
        self._take(self._splitter.feed(data))

    def end_stream(self) -> None:
        """Take notice that a stream ended, and pass on what is left of it; another one may follow."""
        self._take(self._splitter.end())
        self._splitter = LineSplitter()
        self._pass_on()

    def tick(self) -> None:
        """Post what is due; to be called a few times a second also when nothing comes in."""
        if self._batch and time.monotonic() - self._posted_at >= _POST_EVERY:
            self._pass_on()

    def _take(self, lines: list[str]) -> None:
        if not lines:
            return
        masked = [self._mask(line) for line in lines]
        self._write("".join(f"{line}\n" for line in masked))
        for line in masked:
            self._batch.append(line)
            if len(self._batch) >= _POST_LINES:
                self._pass_on()

    def _write(self, text: str) -> None:
        if self._log is None:
            return
        try:
            self._log.write(text.encode("utf-8"))
            self._log.flush()
        except OSError as error:
            self._give_up_log(error)

    def _give_up_log(self, error: OSError) -> None:
        # The task goes on: its result does not depend on its log.
        self.warning = f"the log is not complete: {error}"
        log, self._log = self._log, None
        if log is not None:
            with contextlib.suppress(OSError):  # the same error once more, from what was still buffered
                log.close()

    def _pass_on(self) -> None:
        if self._batch:
            self._post(tuple(self._batch))
            self._batch = []
            self._posted_at = time.monotonic()
