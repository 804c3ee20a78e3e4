"""Whether the shards of a session all run: only then may their tests be dealt anew."""

from __future__ import annotations

from collections.abc import Iterable

from noxline.model.task import Task
from noxline.reuse import Reuser
from noxline.splits import split_name


def all_shards_run(reuser: Reuser, tasks: Iterable[Task], session: str) -> bool:
    """Tell whether no shard of a session is or will be reused in this run."""
    shards = [task for task in tasks if task.shard is not None and split_name(task.name) == session]
    return not any(_is_reusable(reuser, task) for task in shards)


def _is_reusable(reuser: Reuser, task: Task) -> bool:
    if task.name in reuser.taken or task.name in reuser.again:
        return True
    if task.name in reuser.started or reuser.store is None or reuser.standing_reason(task):
        return False
    environment = reuser.environments.before(task)[0]
    if environment is None:
        return False
    made = reuser.fingerprints.make(task.name, environment, reuser.needs(task.name))
    found = reuser.store.find(made.digest, reuser.definitions[task.name].max_age)
    return found is not None and not reuser.refusal(task.name, made, found)
