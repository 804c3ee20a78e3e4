"""Start the real command line over the fake composition root, as a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from noxline.cli.main import main
from tests.cli import fake_rehearse, fake_wiring

sys.modules["noxline.wiring"] = fake_wiring
sys.modules["noxline.warm.rehearse"] = fake_rehearse
main()
