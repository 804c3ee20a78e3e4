"""What strace prints, line by line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.audit.strace import Trace

ROOT = "/p"


def uses(*lines: str) -> list[tuple[str, str]]:
    """Return kind and name of what lines of one trace tell; lines begin with the process id."""
    stamped = [line.replace(" ", " 1700000000.000001 ", 1) + "\n" for line in lines]
    return [(one.record.kind, one.record.name) for one in Trace(ROOT, ROOT).read(stamped)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('openat(AT_FDCWD</p>, "a.txt", O_RDONLY|O_CLOEXEC) = 3</p/a.txt>', [("R", "a.txt")]),
        ('openat(AT_FDCWD</p/sub>, "../a.txt", O_RDONLY) = 3</p/a.txt>', [("R", "a.txt")]),
        ('openat(5</p/sub>, "a.txt", O_RDONLY) = 3</p/sub/a.txt>', [("R", "sub/a.txt")]),
        ('open("/p/a.txt", O_RDONLY) = 3</p/a.txt>', [("R", "a.txt")]),
        ('open("/elsewhere/a.txt", O_RDONLY) = 3</elsewhere/a.txt>', []),
        ('open("/pp/a.txt", O_RDONLY) = 3</pp/a.txt>', []),
        ('openat(AT_FDCWD</p>, "gone", O_RDONLY) = -1 ENOENT (No such file or directory)', [("N", "gone")]),
        ('openat(AT_FDCWD</p>, "shut", O_RDONLY) = -1 EACCES (Permission denied)', []),
        ('openat(AT_FDCWD</p>, "sub", O_RDONLY|O_NONBLOCK|O_CLOEXEC|O_DIRECTORY) = 3</p/sub>', []),
        ('openat(AT_FDCWD</p>, "out", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</p/out>', [("W", "out")]),
        ('openat(AT_FDCWD</p>, "db", O_RDWR) = 3</p/db>', [("R", "db"), ("W", "db")]),
        ('openat(AT_FDCWD</p>, "out", O_WRONLY|O_CREAT|O_EXCL, 0666) = -1 EEXIST (File exists)', []),
        ('newfstatat(AT_FDCWD</p>, "a", {st_mode=S_IFREG|0644, st_size=3, ...}, 0) = 0', [("S", "a")]),
        ('newfstatat(AT_FDCWD</p>, "sub", {st_mode=S_IFDIR|0755, st_size=3, ...}, 0) = 0', []),
        ('newfstatat(3</p/a>, "", {st_mode=S_IFREG|0644, st_size=3, ...}, AT_EMPTY_PATH) = 0', []),
        ('statx(AT_FDCWD</p>, "a", 0, STATX_ALL, {stx_mask=STATX_ALL, stx_mode=S_IFDIR|0755}) = 0', []),
        ('stat("a", 0x7ffe) = -1 ENOTDIR (Not a directory)', [("N", "a")]),
        ('access("/p/flag", F_OK) = 0', [("S", "flag")]),
        ('readlink("/p/a", 0x7ffe, 1023) = -1 EINVAL (Invalid argument)', []),
        ('readlink("/p/link", "a", 1023) = 1', [("S", "link")]),
        ("getdents64(3</p/sub>, 0x55 /* 4 entries */, 32768) = 112", [("L", "sub")]),
        ("getdents64(3</p>, 0x55 /* 4 entries */, 32768) = 112", [("L", "")]),
        ('execve("/p/tool.sh", ["tool.sh"], 0x7ff /* 3 vars */) = 0', [("R", "tool.sh")]),
        ('rename("/p/a", "b") = 0', [("D", "a"), ("W", "b")]),
        ('renameat2(AT_FDCWD</p>, "a", 4</p/sub>, "b", RENAME_NOREPLACE) = 0', [("D", "a"), ("W", "sub/b")]),
        ('unlinkat(AT_FDCWD</p>, "a", 0) = 0', [("D", "a")]),
        ('mkdir("made", 0777) = 0', [("M", "made")]),
        ('mkdir("made", 0777) = -1 EEXIST (File exists)', []),
        (r'open("/p/caf\303\251 \"x\"\n", O_RDONLY) = 3</p/x>', [("R", 'café "x"\n')]),
        ('open("/p/a", O_RDONLY) = ?', []),
        ("+++ exited with 0 +++", []),
    ],
)
def test_each_call(line: str, expected: list[tuple[str, str]]) -> None:
    assert uses(f"7 {line}") == expected


def test_a_call_that_another_one_cuts_in_two() -> None:
    assert uses(
        '7 openat(AT_FDCWD</p>, "a", O_RDONLY <unfinished ...>',
        '8 openat(AT_FDCWD</p>, "b", O_RDONLY) = 3</p/b>',
        "7 <... openat resumed>) = 4</p/a>",
    ) == [("R", "b"), ("R", "a")]


def test_each_process_has_its_own_folder_and_children_inherit_it() -> None:
    assert uses(
        '7 chdir("sub") = 0',
        "7 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD, child_tidptr=0x7f) = 8",
        '8 chdir("deep") = 0',
        '8 open("a", O_RDONLY) = 3</p/sub/deep/a>',
        '7 open("a", O_RDONLY) = 3</p/sub/a>',
        "7 clone3({flags=CLONE_VM|CLONE_FS|CLONE_THREAD, exit_signal=0}, 88) = 9",
        '9 chdir("/p/other") = 0',
        '7 open("a", O_RDONLY) = 3</p/other/a>',
        "7 fchdir(4</p/last>) = 0",
        '9 open("a", O_RDONLY) = 3</p/last/a>',
    ) == [("R", "sub/deep/a"), ("R", "sub/a"), ("R", "other/a"), ("R", "last/a")]


def test_a_child_that_shows_up_before_its_parents_call_returns() -> None:
    assert uses(
        '7 chdir("/p/sub") = 0',
        "7 vfork( <unfinished ...>",
        '8 open("a", O_RDONLY) = 3</p/sub/a>',
        "7 <... vfork resumed>) = 8",
    ) == [("R", "sub/a")]


def test_who_executes_what() -> None:
    trace = Trace(ROOT, ROOT)
    lines = [
        '7 1.5 execve("/usr/bin/git", ["git"], 0x1 /* 3 vars */) = 0\n',
        "7 1.6 fork() = 8\n",
        '8 1.7 access("a", F_OK) = 0\n',
        '8 1.8 execve("/bin/cat", ["cat"], 0x1 /* 3 vars */) = 0\n',
        '8 1.9 open("b", O_RDONLY) = 3</p/b>\n',
    ]
    found = [(one.pid, one.program, one.look, one.record.at) for one in trace.read(lines)]
    assert found == [(8, "git", True, 1.7), (8, "cat", False, 1.9)]
    assert trace.forked_from(8) == 0


NAMES = st.text(st.characters(blacklist_characters="/\0", blacklist_categories=("Cs",)), min_size=1).filter(
    lambda name: name not in (".", "..")
)


def quoted(name: str) -> str:
    """Return a name as strace prints it: everything but plain characters as octal escapes."""
    plain = {byte: chr(byte) for byte in range(32, 127)} | {ord('"'): r"\"", ord("\\"): r"\\"}
    return "".join(plain.get(byte, f"\\{byte:03o}") for byte in name.encode())


@given(NAMES)
def test_any_name_survives_the_quoting(name: str) -> None:
    assert uses(f'7 open("/p/{quoted(name)}", O_RDONLY) = 3') == [("R", name)]


@given(st.lists(st.tuples(st.sampled_from([7, 8]), NAMES), max_size=6), st.data())
def test_cut_calls_of_two_processes_in_any_order(calls: list[tuple[int, str]], data: st.DataObject) -> None:
    """Each process's own calls stay in order; where they are cut, the other's lines may lie between."""
    queues: dict[int, list[str]] = {7: [], 8: []}
    for pid, name in calls:
        head, tail = f'{pid} openat(AT_FDCWD</p>, "{quoted(name)}", O_RDONLY', ") = 3</p/x>"
        cut = data.draw(st.booleans())
        queues[pid] += [f"{head} <unfinished ...>", f"{pid} <... openat resumed>{tail}"] if cut else [head + tail]
    lines: list[str] = []
    while queue := [pid for pid, left in queues.items() if left]:
        lines.append(queues[data.draw(st.sampled_from(queue))].pop(0))
    assert sorted(uses(*lines)) == sorted(("R", name) for _, name in calls)


@given(st.lists(st.text(max_size=60)))
def test_no_line_is_too_strange(lines: list[str]) -> None:
    list(Trace(ROOT, ROOT).read(lines))
    list(Trace(ROOT, ROOT).read([f"7 1.0 {line}" for line in lines]))


@given(st.text('"<>\\(), =123AT_FDCWDopenat.|/', max_size=60))
def test_no_call_is_too_strange(text: str) -> None:
    uses(f"7 openat({text}", f"7 rename({text}) = 0", f"7 clone({text}) = 1", f"7 <... openat resumed>{text}")
