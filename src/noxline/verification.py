"""Shadow verification: some hits run all the same, and what they leave is held against the stored result."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from noxline.audit.shadow import compare
from noxline.inputs.lots import is_chosen
from noxline.inputs.outputs import output_view
from noxline.model.cache import Found
from noxline.model.task import Outcome, Status
from noxline.ports import CacheStore

REASON = "its stored result is checked against a new one"
_RATE_IN_CI = 0.02
_NAMED = 3


def share_verified(rate: float | None, environ: Mapping[str, str]) -> float:
    """Return the share of hits that run all the same: by the settings, else a few in CI."""
    in_ci = environ.get("CI", "").lower() not in ("", "0", "false")
    return rate if rate is not None else _RATE_IN_CI if in_ci else 0.0


@dataclass
class Verifier:
    """Draws by lot which hits of a run are verified, and counts how they came out."""

    root: Path
    store: CacheStore
    run_id: str
    rate: float
    verified: int = 0
    wrong: int = 0
    expected: dict[str, Found] = field(default_factory=dict)

    def takes(self, task: str, found: Found) -> bool:
        """Tell whether a hit is to run all the same; its result is then expected."""
        # Another lot than that of input checks, or both would fall on the same tasks.
        chosen = is_chosen(f"verify {self.run_id}", task, self.rate)
        if chosen:
            self.expected[task] = found
        return chosen

    def verdict(self, task: str, digest: str, outcome: Outcome, view: Mapping[str, str], output: Path) -> str:
        """Return what to warn of once a verified task ran, or ""; `digest` is its fingerprint's, `view` its output."""
        found = self.expected.pop(task, None)
        if found is None or found.entry.fingerprint.digest != digest:
            return ""
        self.verified += 1
        if outcome.status is not Status.PASSED:
            self.wrong += 1
            return "its stored result says that it passes: it depends on something that is not declared, or is flaky"
        differences = compare(self._stored(found, output), view)
        if not differences:
            return ""
        self.wrong += 1
        more = f"; {len(differences) - _NAMED} more" if len(differences) > _NAMED else ""
        return f"its stored result is another one: {'; '.join(differences[:_NAMED])}{more} (see --check-inputs)"

    def _stored(self, found: Found, output: Path) -> Mapping[str, str]:
        """Return the view of a stored result, put beside the new one for as long as that takes."""
        place = output.with_name(f"{output.name}.{os.getpid()}.stored")
        try:
            restored = self.store.restore(found, place, place.with_suffix(".log"))
            return output_view(str(place), str(self.root)) if restored else {}
        finally:
            shutil.rmtree(place, ignore_errors=True)
            place.with_suffix(".log").unlink(missing_ok=True)
