"""Where the lean reader answers, it answers as the parser of TOML does."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.warm.remote_settings import cache_settings, table
from tests.inputs.test_index import write

try:
    import tomllib
except ImportError:
    import tomli as tomllib  # type: ignore[import-not-found,no-redef,unused-ignore]  # 3.10 alone has no tomllib

CACHE = '[cache]\nremote = "http://a/b"\nkeys = ["k1", "k2 scope/*"]\ntimeout = 2.5\n'
NONE: dict[str, object] = {}
WORDS = (
    "[",
    "]",
    "cache",
    "[cache]",
    '"',
    "'",
    '"""',
    "#",
    "=",
    ",",
    "\n",
    " ",
    "a",
    "keys",
    ".",
    "1",
    "-",
    "true",
    "\\",
    "{",
)
PLAIN_VALUES = ('"x"', '"x" # y', '"a#b"', "'x'", "1", "1.5", "01", "-1", "1e3", "true", "inf", "1_0", "{ a = 1 }")
LISTS = ('["a"]', '["a", "b",]  # c', "[]", '[\n  "a", # one\n\n  # two\n  "b"\n]', '[["a"]]', "[1]", '["a"\n, "b"]')
VALUES = st.sampled_from((*PLAIN_VALUES, *LISTS, '"\\u0041"', '"""x"""'))
NAMES = st.sampled_from(["remote", "keys", "timeout", "a.b", '"remote"', "size_gb"])
ROWS = st.tuples(NAMES, VALUES).map(lambda row: f"{row[0]} = {row[1]}")
LINES = st.one_of(
    ROWS, st.sampled_from(["", "# text", "[cache]", "[stage.x]", "[cache.more]", "[ cache ]", "[cache] # x"])
)


@given(st.lists(LINES, max_size=8).map("\n".join) | st.lists(st.sampled_from(WORDS), max_size=14).map("".join))
def test_what_is_read_is_what_the_parser_reads(text: str) -> None:
    found = table(text, "[cache]")
    try:
        expected = tomllib.loads(text)
    except ValueError:
        return  # nothing counts then: the ordinary way says where the error is
    if found is not None:
        assert found == expected["cache"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CACHE, {"remote": "http://a/b", "keys": ["k1", "k2 scope/*"], "timeout": 2.5}),
        (f"# ours\npython = []\n{CACHE}\n[stage.x]\nkeys = 3\n", tomllib.loads(CACHE)["cache"]),
        ('[cache]  # shared\nkeys = [\n  "a",  # CI\n  # "b",\n]\n', {"keys": ["a"]}),
        ("[cache]\nread_only = true\nsize_gb = 5\n", {"read_only": True, "size_gb": 5}),
    ],
)
def test_a_table_as_people_write_it_is_read(text: str, expected: dict[str, object]) -> None:
    assert table(text, "[cache]") == expected == tomllib.loads(text)["cache"]


@pytest.mark.parametrize(
    "text",
    [
        "cache.remote = 'http://a'\n",
        "[cache]\nremote = 'http://a'\n",
        '[cache]\nremote = "http:\\u002f/a"\n',
        f'x = """\n{CACHE}"""\n',
        f"{CACHE}{CACHE}",
        '[cache]\nkeys = ["a"\n',
        '[cache]\nkeys = ["a" "b"]\n',
        '[cache]\nremote = "a" "b"\n',
        "[cache]\nremote\n",
        "",
    ],
)
def test_what_is_written_otherwise_is_left_to_the_parser(text: str) -> None:
    assert table(text, "[cache]") is None


@pytest.mark.parametrize(
    ("pipeline", "project", "expected"),
    [
        (CACHE, "", tomllib.loads(CACHE)["cache"]),
        (CACHE, '[project]\nkeywords = ["pipeline"]\n', tomllib.loads(CACHE)["cache"]),
        ("\ufeff" + CACHE.replace("\n", "\r\n"), "", tomllib.loads(CACHE)["cache"]),
        ("", CACHE.replace("[cache]", "[tool.noxline.pipeline.cache]"), tomllib.loads(CACHE)["cache"]),
        ("", "[tool.noxline]\npipeline.cache.remote = 'r'\n", {"remote": "r"}),
        (CACHE, "[tool.noxline.pipeline]\npython = []\n[tool.noxline.pipeline.cache]\n", NONE),
        (None, None, NONE),
        ("python = []\n", "", NONE),
    ],
)
def test_the_settings_of_either_file_count(
    pipeline: str | None, project: str | None, expected: dict[str, object], tmp_path: Path
) -> None:
    if pipeline is not None and project is not None:
        write(tmp_path / "config", "pipeline.toml", pipeline)
        write(tmp_path, "pyproject.toml", project)
    assert cache_settings(str(tmp_path)) == expected


@pytest.mark.parametrize("content", [b"[cache]\nkeys = [", b"\xff"])
def test_no_toml_is_an_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/pipeline.toml").write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        cache_settings(str(tmp_path))
