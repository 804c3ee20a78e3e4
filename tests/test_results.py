"""What counts as an edit while a task runs."""

from __future__ import annotations

from noxline.results import moved

FILE = "pyproject.toml"


def look(changed: int, *, size: int = 10, modified: int = 5) -> dict[str, tuple[int, ...]]:
    return {FILE: (size, modified, changed, 77, 0o100644)}


def test_what_noxline_itself_touched_is_no_edit() -> None:
    assert moved(look(1), look(3), {(FILE, 1): 2, (FILE, 2): 3}) == []


def test_a_change_between_two_touches_is_one() -> None:
    assert moved(look(1), look(4), {(FILE, 1): 2, (FILE, 3): 4}) == [FILE]


def test_a_touch_excuses_nothing_else() -> None:
    touches = {(FILE, 1): 2}
    assert moved(look(1), look(2, size=11), touches) == [FILE]
    assert moved(look(1), look(2, modified=6), touches) == [FILE]
    assert moved(look(1), {}, touches) == [FILE]
    assert moved({}, look(2), touches) == [FILE]


def test_notes_that_lead_in_a_circle_end() -> None:
    assert moved(look(1), look(9), {(FILE, 1): 2, (FILE, 2): 1}) == [FILE]
