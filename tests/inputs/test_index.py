"""Whatever happens to a file, the index knows its bytes; what git says only lists the files."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from noxline.inputs.index import Index
from noxline.inputs.listing import files_of

pytestmark = pytest.mark.process

ALL = ("**",)
OLD = 1_500_000_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    git(root, "init", "-q")
    for name in ("a.py", "b.py", "src/c.py"):
        write(root, name, f"{name}\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    return root


def git(root: Path, *arguments: str) -> str:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(["git", *who, *arguments], cwd=root, env=environ, capture_output=True, text=True, check=True)
    return done.stdout


def write(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    return path


def opened(root: Path, warn: Callable[[str], None] | None = None) -> Index:
    def refuse(message: str) -> None:
        raise AssertionError(message)

    index = Index(str(root), str(root / ".noxline" / "index"), warn or refuse)
    index.refresh()
    return index


def digests(index: Index, patterns: tuple[str, ...] = ALL) -> tuple[str, ...]:
    assert index.digest(patterns) == index.select(patterns).digest
    return (index.select(patterns).text.decode("utf-8", "surrogateescape"),)


def sees(root: Path, change: Callable[[], object], patterns: tuple[str, ...] = ALL) -> bool:
    """Tell whether a change is seen alike by an index that stays open, by one that is kept, and by a new one."""
    open_one = opened(root)
    before = digests(open_one, patterns)
    open_one.save()
    change()
    open_one.refresh()
    kept, fresh = opened(root), Index(str(root), str(root / ".noxline" / "other"), print)
    fresh.refresh()
    after = digests(fresh, patterns)
    assert digests(open_one, patterns) == after
    assert digests(kept, patterns) == after
    return before != after


def test_nothing_changed_is_nothing_changed(root: Path) -> None:
    assert not sees(root, lambda: None)
    assert not sees(root, lambda: os.utime(root / "a.py", (OLD, OLD)))
    assert not sees(root, lambda: git(root, "status"))


def test_an_edit_within_the_same_tick_is_seen(root: Path) -> None:
    """Many tries: some of them fall within one step of the file system's clock."""
    path = root / "a.py"
    for number in range(60):
        path.write_text(f"{number:04}", encoding="utf-8")
        assert sees(root, lambda n=number: path.write_text(f"{n + 5000:04}", encoding="utf-8"))  # type: ignore[misc]


def test_an_edit_within_one_step_of_the_clock_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without git a look takes so short a time that most of these edits leave no trace but the bytes."""
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    root = tmp_path / "plain"
    path = write(root, "a.py", "0000")
    index = opened(root)
    for number in range(300):
        path.write_text(f"{number:04}", encoding="utf-8")
        index.refresh()
        before = index.digest(ALL)
        path.write_text(f"{number + 5000:04}", encoding="utf-8")
        assert index.refresh()
        assert index.digest(ALL) != before


def test_an_edit_that_keeps_size_and_restores_times_is_seen(root: Path) -> None:
    path = root / "a.py"
    os.utime(path, (OLD, OLD))

    def edit() -> None:
        status = path.stat()
        path.write_bytes(path.read_bytes()[::-1])
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert sees(root, edit)


def test_a_file_in_the_place_of_another_with_its_size_and_times_is_seen(root: Path) -> None:
    path, other = root / "a.py", root / ".noxline" / "other.py"

    def swap() -> None:
        status = path.stat()
        other.write_bytes(path.read_bytes()[::-1])
        os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
        other.replace(path)

    assert sees(root, swap)


def test_additions_removals_renames_and_bits_are_seen(root: Path) -> None:
    assert sees(root, lambda: write(root, "new.py", "x"))
    assert sees(root, lambda: (root / "a.py").rename(root / "z.py"))
    assert sees(root, lambda: (root / "z.py").rename(root / "a.py"))
    assert sees(root, (root / "b.py").unlink)
    assert sees(root, lambda: git(root, "checkout", "b.py"))
    assert sees(root, lambda: (root / "b.py").chmod(0o755))
    assert not sees(root, lambda: (root / "b.py").chmod(0o700))
    assert sees(root, lambda: shutil.rmtree(root / "src"))


def test_a_file_that_becomes_a_folder_and_back_is_seen(root: Path) -> None:
    def to_folder() -> None:
        (root / "a.py").unlink()
        write(root, "a.py/inner.py", "x")

    assert sees(root, to_folder)
    assert sees(root, lambda: write(root, "a.py/inner.py", "y"))

    def to_file() -> None:
        shutil.rmtree(root / "a.py")
        write(root, "a.py", "again")

    assert sees(root, to_file)


def test_what_git_is_told_to_overlook_is_seen_all_the_same(root: Path) -> None:
    git(root, "update-index", "--assume-unchanged", "a.py")
    git(root, "update-index", "--skip-worktree", "b.py")
    assert sees(root, lambda: write(root, "a.py", "other"))
    assert sees(root, lambda: write(root, "b.py", "other"))
    assert sees(root, (root / "b.py").unlink)


def test_the_bytes_in_the_work_tree_count_whatever_git_makes_of_line_ends(root: Path) -> None:
    write(root, ".gitattributes", "*.py text eol=crlf\n")
    git(root, "config", "core.autocrlf", "true")
    assert sees(root, lambda: (root / "a.py").write_bytes(b"a.py\r\n"))
    assert git(root, "diff", "--stat", "a.py") == ""


def test_whether_a_file_is_tracked_does_not_matter(root: Path) -> None:
    write(root, "new.py", "x")
    assert not sees(root, lambda: git(root, "add", "new.py"))
    assert not sees(root, lambda: git(root, "rm", "-q", "--cached", "a.py"))
    assert not sees(root, lambda: git(root, "commit", "-qm", "second"))


def test_unmerged_files_are_listed_once(root: Path) -> None:
    git(root, "checkout", "-qb", "other")
    write(root, "a.py", "theirs")
    git(root, "commit", "-qam", "theirs")
    git(root, "checkout", "-q", "-")
    write(root, "a.py", "ours")
    git(root, "commit", "-qam", "ours")
    with pytest.raises(subprocess.CalledProcessError):
        git(root, "merge", "other")
    assert opened(root).names.count("a.py") == 1
    assert sees(root, lambda: write(root, "a.py", "solved"))


@pytest.mark.parametrize("inside", [True, False])
def test_what_lies_behind_links_is_seen(root: Path, tmp_path: Path, inside: bool) -> None:
    place = root / ".noxline" if inside else tmp_path
    target = write(place, "target.txt", "1")
    folder = write(place, "folder/deep/x.txt", "1").parents[1]
    (root / "link").symlink_to(target)
    (root / "folder-link").symlink_to(folder)
    (root / "dangling").symlink_to(place / "nothing")
    assert sees(root, lambda: write(place, "target.txt", "2"))
    assert sees(root, lambda: write(place, "folder/deep/x.txt", "2"))
    assert sees(root, lambda: (folder / "deep" / "x.txt").chmod(0o755))
    assert sees(root, lambda: write(place, "nothing", "something"))
    assert sees(root, target.unlink)
    assert sees(root, lambda: retarget(root / "link", folder))


def test_links_in_a_folder_behind_a_link_are_followed_to_files(root: Path, tmp_path: Path) -> None:
    far = write(tmp_path, "far.txt", "1")
    folder = write(tmp_path, "folder/x.txt", "1").parent
    (folder / "hop").symlink_to(far)
    (folder / "round").symlink_to(folder)
    (root / "link").symlink_to(folder)
    assert sees(root, lambda: write(tmp_path, "far.txt", "2"))


def retarget(link: Path, target: Path) -> None:
    link.unlink()
    link.symlink_to(target)


def test_pipes_neither_count_by_content_nor_hold_us_up(root: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "folder" / "pipe")
    (root / "link").symlink_to(tmp_path / "folder")
    os.mkfifo(root / "pipe")
    (root / "pipe-link").symlink_to(root / "pipe")
    assert not sees(root, lambda: None)


@pytest.mark.parametrize(
    "name",
    ["a b", "new\nline", "tab\tin", "back\\slash", "é", os.fsdecode(b"\xff\xfe"), "\r", ":(top)x", "-x", "*", "["],
)
def test_any_name_is_a_name(root: Path, name: str) -> None:
    assert sees(root, lambda: write(root, f"src/{name}", "1"), ("src",))
    assert f"src/{name}" in opened(root).select(("src",)).names
    assert sees(root, lambda: write(root, f"src/{name}", "2"), ("src",))
    assert sees(root, lambda: write(root, f"{name}.d/x", "2"))


def test_a_repository_inside_this_one_counts_file_by_file(root: Path) -> None:
    inner = root / "inner"
    inner.mkdir()
    git(inner, "init", "-q")
    assert sees(root, lambda: write(inner, "x.py", "1"))
    git(inner, "add", ".")
    git(inner, "commit", "-qm", "first")
    assert sees(root, lambda: write(inner, "x.py", "2"))
    assert sees(root, lambda: write(inner, "y.py", "2"))
    write(inner, ".gitignore", "out.txt\n")
    assert not sees(root, lambda: write(inner, "out.txt", "2"))
    assert sees(root, lambda: write(inner, "out.txt", "3"), ("inner/out.txt",))
    assert sees(root, lambda: write(inner, "out.txt", "4"), ("inner",))
    assert sees(root, lambda: shutil.rmtree(inner))


def repository(folder: Path, name: str) -> Path:
    """Make a repository with one file."""
    folder.mkdir()
    git(folder, "init", "-q")
    write(folder, name, "1")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    return folder


def test_a_submodule_counts_file_by_file(root: Path, tmp_path: Path) -> None:
    other = repository(tmp_path / "other", "lib.py")
    assert sees(root, lambda: git(root, "submodule", "add", "-q", str(other), "vendor"))
    git(root, "commit", "-qam", "vendor")
    assert sees(root, lambda: write(root, "vendor/lib.py", "2"))
    assert sees(root, lambda: write(root, "vendor/more.py", "2"))
    assert sees(root, lambda: git(root, "submodule", "--quiet", "deinit", "-f", "vendor"))


def test_a_file_whose_place_a_repository_takes_counts_file_by_file(root: Path, tmp_path: Path) -> None:
    def replace() -> None:
        git(root, "rm", "-q", "a.py")
        other = write(tmp_path, "other/lib.py", "1").parent
        git(other, "init", "-q")
        git(other, "add", ".")
        git(other, "commit", "-qm", "first")
        git(root, "submodule", "add", "-q", str(other), "a.py")

    assert sees(root, replace)
    assert sees(root, lambda: write(root, "a.py/lib.py", "2"))
    (root / "b.py").unlink()
    (root / "b.py").mkdir()
    git(root / "b.py", "init", "-q")
    assert sees(root, lambda: write(root, "b.py/lib.py", "2"))


def test_a_file_that_git_ignores_counts_where_it_is_named(root: Path) -> None:
    write(root, ".gitignore", "*.env\ngenerated/\nbuild/\n")
    for name in ("one.env", "src/two.env", "generated/x.txt", "build/x.txt"):
        assert not sees(root, lambda name=name: write(root, name, "1"))  # type: ignore[misc]
        assert sees(root, lambda name=name: write(root, name, "2"), (name,))  # type: ignore[misc]
        assert sees(root, lambda name=name: (root / name).unlink(), (name,))  # type: ignore[misc]
        write(root, name, "3")
    assert sees(root, lambda: write(root, "src/two.env", "4"), ("src",))
    assert sees(root, lambda: write(root, "generated/y.txt", "4"), ("generated",))
    assert sees(root, lambda: write(root, "build/y.txt", "4"), ("build",))
    assert not sees(root, lambda: write(root, "src/two.env", "5"), ("src/**",))
    assert not sees(root, lambda: write(root, "src/two.env", "6"), ("src", "!**/*.env"))
    assert not sees(root, lambda: write(root, "src/__pycache__/c.pyc", "6"), ("src",))


def test_what_tools_write_counts_where_it_is_named_though_git_does_not_ignore_it(root: Path) -> None:
    for name in ("dist/data.txt", "_version.py", "junit.xml"):
        assert not sees(root, lambda name=name: write(root, name, "1"))  # type: ignore[misc]
        assert sees(root, lambda name=name: write(root, name, "2"), (name,))  # type: ignore[misc]
    assert sees(root, lambda: write(root, "dist/more.txt", "2"), ("dist",))


def test_files_outside_and_behind_links_can_be_named(root: Path, tmp_path: Path) -> None:
    write(tmp_path, "shared/x.toml", "1")
    (root / "link").symlink_to(tmp_path / "shared")
    write(root, ".gitignore", "own.env\n")
    patterns = ("link/x.toml", "../shared/x.toml", "own.env")
    assert sees(root, lambda: write(tmp_path, "shared/x.toml", "2"), ("link/x.toml",))
    assert sees(root, lambda: write(tmp_path, "shared/x.toml", "3"), ("../shared/x.toml",))
    assert sees(root, lambda: write(tmp_path, "shared/y.toml", "3"), ("../shared",))
    assert sees(root, lambda: write(root, "own.env", "1"), patterns)


def test_without_git_a_walk_finds_the_files(tmp_path: Path) -> None:
    root = tmp_path / "plain"
    write(root, "a.py", "1")
    assert sees(root, lambda: write(root, "a.py", "2"))
    assert sees(root, lambda: write(root, "deep/er/b.py", "2"))
    assert not sees(root, lambda: write(root, "build/b.py", "2"))
    assert sees(root, lambda: write(root, "build/b.py", "3"), ("build/b.py",))
    assert sees(root, lambda: write(root, "build/c.py", "3"), ("build",))


def test_a_repository_that_appears_or_goes_is_no_trouble(tmp_path: Path) -> None:
    root = tmp_path / "plain"
    write(root, "a.py", "1")
    write(root, "out.txt", "1")
    write(root, ".gitignore", "out.txt\n")
    assert sees(root, lambda: git(root, "init", "-q"))
    assert sees(root, lambda: shutil.rmtree(root / ".git"))


def test_a_look_is_dear_where_another_one_would_cost_more_than_keeping_it(root: Path) -> None:
    for number in range(300):
        write(root, f"many/{number}.py", "1")
    index = opened(root)
    assert index.is_dear, "the files were listed"
    time.sleep(0.1)  # what is so young that it has to be read again is read again
    index.refresh()
    index.save()
    opened(root).save()  # the index itself is new here
    write(root, "a.py", "other")
    index = opened(root)
    assert not index.is_dear
    for number in range(300):
        write(root, f"many/{number}.py", "22")
    assert opened(root).is_dear


def test_a_damaged_index_is_a_warning_and_a_new_look(root: Path) -> None:
    index = opened(root)
    expected = digests(index)
    index.save()
    path = root / ".noxline" / "index"
    whole = path.read_bytes()
    for place in (0, 20, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        warned: list[str] = []
        again = opened(root, warned.append)
        assert digests(again) == expected
        assert len(warned) == 1
        assert "read again" in warned[0]
        again.save()
        assert digests(opened(root)) == expected


def test_the_index_of_another_folder_is_not_believed(root: Path, tmp_path: Path) -> None:
    opened(root).save()
    copy = tmp_path / "copy"
    shutil.copytree(root, copy, symlinks=True)
    write(copy, "a.py", "XXXX\n")
    status = (root / "a.py").stat()
    os.utime(copy / "a.py", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert digests(opened(copy)) != digests(opened(root))


@pytest.mark.parametrize("back", [False, True])
def test_moments_tell_of_everything_that_was_written(root: Path, tmp_path: Path, back: bool) -> None:
    """Also of a file that was changed and changed back, with its times: a task may have read it in between."""
    write(root, ".gitignore", "own.env\n")
    outside = write(tmp_path, "far/x.txt", "far")
    (root / "link").symlink_to(outside)
    (root / "folder").symlink_to(outside.parent)
    own, listed = write(root, "own.env", "own"), root / "a.py"
    patterns = ("a.py", "own.env", "link", "folder")
    for path, names in ((own, {"own.env"}), (listed, {"a.py"}), (outside, {"link", "folder"})):
        index = opened(root)
        before, text, status = index.moments(patterns), path.read_text(encoding="utf-8"), path.stat()
        path.write_text(text[::-1], encoding="utf-8")
        if back:
            path.write_text(text, encoding="utf-8")
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        index.refresh()
        after = index.moments(patterns)
        assert {name for name in after if after[name] != before[name]} == names


def test_a_submodule_that_is_not_checked_out_is_an_empty_folder(root: Path, tmp_path: Path) -> None:
    git(root, "submodule", "add", "-q", str(repository(tmp_path / "other", "b.py")), "vendor")
    git(root, "commit", "-qam", "vendor")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(root), str(clone))
    index = Index(str(clone), str(tmp_path / "state"), pytest.fail)
    index.refresh()
    assert "vendor/b.py" not in index.names
    assert not [name for name in index.names if "/." in name]
    assert index.refresh() is False
    assert [name for name in files_of(str(clone)) if name.startswith("vendor")] == []
    git(clone, "submodule", "--quiet", "update", "--init")
    index.refresh()
    assert "vendor/b.py" in index.names


def test_a_file_that_was_a_folder_for_a_while_is_seen_again(root: Path, tmp_path: Path) -> None:
    write(root, "plain", "1")
    git(root, "add", "plain")
    index = Index(str(root), str(tmp_path / "state"), pytest.fail)
    index.refresh()
    (root / "plain").unlink()
    (root / "plain").mkdir()
    index.refresh()
    assert "plain" not in index.names
    (root / "plain").rmdir()
    write(root, "plain", "2")
    index.refresh()
    assert "plain" in index.names
