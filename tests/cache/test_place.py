"""Where the store lies on each system, and that no two scopes share a folder."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.cache.place import default_place, scope_folder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="paths of other systems")


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({}, "linux", "/home/me/.cache/noxline"),
        ({}, "darwin", "/home/me/Library/Caches/noxline"),
        ({"XDG_CACHE_HOME": "/var/xdg"}, "linux", "/var/xdg/noxline"),
        ({"XDG_CACHE_HOME": "relative"}, "linux", "/home/me/.cache/noxline"),
        ({"XDG_CACHE_HOME": ""}, "linux", "/home/me/.cache/noxline"),
        ({"XDG_CACHE_HOME": "/var/xdg", "NOXLINE_CACHE_DIR": "/srv/cache"}, "darwin", "/srv/cache"),
        ({"NOXLINE_CACHE_DIR": ""}, "linux", "/home/me/.cache/noxline"),
        ({"LOCALAPPDATA": "/app"}, "win32", "/app/noxline/Cache"),
    ],
)
def test_the_place_follows_the_system(environ: dict[str, str], platform: str, expected: str) -> None:
    assert default_place({"HOME": "/home/me", **environ}, platform) == expected


def test_a_relative_place_is_that_of_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert default_place({"NOXLINE_CACHE_DIR": "x"}) == str(tmp_path / "x")


SCOPES = st.text(st.sampled_from("abAB./\\ :-\udc80é"), max_size=6)


@given(SCOPES, SCOPES)
def test_no_two_scopes_share_a_folder_and_none_leads_away(one: str, other: str) -> None:
    folders = scope_folder(one), scope_folder(other)
    assert (folders[0].lower() == folders[1].lower()) == (one == other)
    for folder in folders:
        assert all(part and not part.startswith("..") and part.isascii() for part in folder.split("/"))
        assert len(folder.split("/")) <= 2
