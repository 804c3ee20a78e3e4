"""Start the real command line, and note at the end which modules it took."""

from __future__ import annotations

import atexit
import os
import sys


def _note() -> None:
    with open(os.environ["SEEN_MODULES"], "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib is what is looked for
        file.write("\n".join(sorted(sys.modules)))


atexit.register(_note)

from noxline.cli.main import main  # noqa: E402 - the hook comes first

main()
