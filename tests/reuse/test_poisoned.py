"""What others plant in a store is refused, said once, and the task runs: a whole decision, not the store alone."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

import pytest

from noxline.cache.layered import LayeredStore, Postbox
from noxline.cache.signing import TRUSTED
from noxline.model.decision import Reuse, Run
from noxline.model.task import Status
from tests.cache.remote_fakes import MAIN, PULL_REQUEST, STRANGER, MemoryTransport, remote_store
from tests.cache.test_poisoning import bomb, cut_short, one_bit
from tests.reuse.desk import Desk, definition, task_of

pytestmark = pytest.mark.process  # git lists the files
LINT = task_of("lint")
Objects = MutableMapping[str, bytes]


def entry(objects: Objects) -> str:
    """Return the name of the only entry."""
    (name,) = [name for name in objects if "/entries/" in name]
    return name


def unsigned(objects: Objects) -> None:
    name = entry(objects)
    objects[name] = b"noxline-1 \n" + objects[name].partition(b"\n")[2]


def changed(change: Callable[[bytes], bytes]) -> Callable[[Objects], None]:
    def poison(objects: Objects) -> None:
        objects[entry(objects)] = change(objects[entry(objects)])

    return poison


POISONS: dict[str, Callable[[Objects], None]] = {
    "unsigned": unsigned,
    "one bit": changed(one_bit),
    "cut short": changed(cut_short),
    "a bomb": changed(bomb),
}


def shared(desk: Desk, server: MemoryTransport, **who: Any) -> LayeredStore:
    """Return the local store of a desk with a server behind it."""
    remote = remote_store(server, desk.warnings, **who)
    return LayeredStore(desk.disk, remote, say=Postbox(desk.warnings.append), read_only=who.get("signer") is None)


def desk_of(folder: Path) -> Desk:
    desk = Desk(folder / "p", {"lint": definition("src")})
    desk.write("src/a.py", "a = 1\n")
    return desk


def uploaded(folder: Path, **who: Any) -> MemoryTransport:
    """Return a server with the result of a task that ran elsewhere."""
    server, desk = MemoryTransport(), desk_of(folder / "elsewhere")
    desk.once(LINT, {"out.txt": "made elsewhere"}, store=shared(desk, server, **{"signer": MAIN, **who}))
    assert entry(server.objects)
    return server


def refused_and_run(desk: Desk, server: MemoryTransport) -> None:
    """Hold that the task runs, that one thing is said, and that the run's own result counts from then on."""
    reuser = desk.reuser(store=shared(desk, server, signer=None))
    outcome = desk.do(reuser, LINT, {"out.txt": "made here"})
    reuser.close()
    assert outcome.status is Status.PASSED
    assert len(desk.warnings) == 1, desk.warnings
    again = desk.reuser(store=shared(desk, server, signer=None))
    assert isinstance(again.decide(LINT), Reuse)
    assert (again.place("lint")[0] / "out.txt").read_text(encoding="utf-8") == "made here"


def test_without_poison_the_result_is_taken(tmp_path: Path) -> None:
    server, desk = uploaded(tmp_path), desk_of(tmp_path)
    decision = desk.decision(LINT, store=shared(desk, server, signer=None))
    assert isinstance(decision, Reuse)
    assert (decision.source, desk.warnings) == ("remote", [])


@pytest.mark.parametrize("name", POISONS)
def test_a_poisoned_entry(tmp_path: Path, name: str) -> None:
    server, desk = uploaded(tmp_path), desk_of(tmp_path)
    POISONS[name](server.objects)
    refused_and_run(desk, server)


def test_an_entry_that_a_stranger_signed(tmp_path: Path) -> None:
    keys = (STRANGER.public,)
    refused_and_run(desk_of(tmp_path), uploaded(tmp_path, signer=STRANGER, keys=keys))


def test_a_pull_requests_entry_offered_to_main(tmp_path: Path) -> None:
    server = uploaded(tmp_path, namespace="scope/pr-12", signer=PULL_REQUEST)
    for name in list(server.objects):
        server.objects[name.replace("scope/pr-12", TRUSTED)] = server.objects.pop(name)
    refused_and_run(desk_of(tmp_path), server)


def test_an_entry_replayed_under_another_key(tmp_path: Path) -> None:
    server, desk = uploaded(tmp_path), desk_of(tmp_path)
    desk.write("src/a.py", "a = 2\n")  # another fingerprint, under which the old result is offered
    reuser = desk.reuser(store=shared(desk, server, signer=None))
    assert isinstance(reuser.decide(LINT), Run)
    digest, name = reuser.made["lint"].digest, entry(server.objects)
    server.objects[f"v1/{TRUSTED}/entries/{digest[:2]}/{digest}"] = server.objects.pop(name)
    refused_and_run(desk, server)
