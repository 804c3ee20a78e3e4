"""An upload that is killed at any moment: another machine sees a whole result or none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cache.remote_fakes import make_kept, remote_store, restored, tree
from tests.cache.remote_servers import Nginx
from tests.cache.test_http import MAIN_USER, transport

_UPLOAD = """
import sys
from pathlib import Path
from noxline.cache.fetch import credentials
from noxline.cache.http import HttpTransport
from tests.cache.remote_fakes import make_kept, remote_store
url, folder, first = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
headers = credentials({"NOXLINE_CACHE_USER": "main", "NOXLINE_CACHE_PASSWORD": "main-password"})
store = remote_store(HttpTransport(url, timeout=20, headers=headers), [])
for number in range(first, first + 1000):
    kept = make_kept(folder / str(number), {"a": b"%d" % number * 40_000, "b": b"b" * 3_000_000}, task=str(number))
    print(number, kept.entry.fingerprint.digest, flush=True)
    store.keep(kept)
"""


@pytest.mark.process
def test_a_killed_upload_leaves_whole_results_or_none(dav: Nginx, tmp_path: Path) -> None:
    keys: dict[int, str] = {}
    for round_ in range(5):
        argv = [sys.executable, "-c", _UPLOAD, dav.url, str(tmp_path / "made"), str(round_ * 1000)]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
            assert process.stdout is not None
            for line in process.stdout:
                number, key = line.split()
                keys[int(number)] = key
                if int(number) % 1000 > 2 * round_ + 1:
                    process.kill()
                    break
    said: list[str] = []
    store = remote_store(transport(dav.url), said)
    whole = 0
    for number, key in keys.items():
        files = restored(store, key, tmp_path / "run" / str(number))
        assert files in (None, tree(tmp_path / "made" / str(number)))
        whole += files is not None
    assert whole >= len(keys) - 5
    assert said == []
    again = remote_store(transport(dav.url, MAIN_USER), said)
    for number, key in keys.items():
        kept = make_kept(
            tmp_path / "again" / str(number), {"a": b"%d" % number * 40_000, "b": b"b" * 3_000_000}, task=str(number)
        )
        again.keep(kept)
        assert restored(store, key, tmp_path / "again-run" / str(number)) == tree(tmp_path / "again" / str(number))
