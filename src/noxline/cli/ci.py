"""`noxline ci` and `noxline run`: run the pipeline, or parts of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from noxline.cli.console import print_json, reporters, verbosity
from noxline.cli.options import complete_task, python_option, reuse_options, run_options, selection_options
from noxline.errors import UsageError

if TYPE_CHECKING:
    from noxline.model.run import Run
    from noxline.project import Options
    from noxline.reports.plain import Verbosity

_SEPARATOR = "--"
_TAKEN_OVER = (
    *("only", "skip", "pythons", "jobs", "fail_fast", "no_cache", "offline", "force", "refresh"),
    *("affected", "base", "check_inputs", "all_tests"),
)


class PassingOn(click.Command):
    """A command that keeps what follows `--` for the session instead of reading it as its own arguments."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Cut the arguments at the first `--`."""
        if _SEPARATOR in args:
            cut = args.index(_SEPARATOR)
            ctx.meta["noxline.posargs"] = tuple(args[cut + 1 :])
            args = args[:cut]
        return super().parse_args(ctx, args)


@click.command(cls=PassingOn)
@selection_options
@reuse_options
@run_options
@click.option("--affected", is_flag=True, help="Only tasks with inputs that differ from the merge base.")
@click.option("--base", default="", metavar="REF", help="What --affected compares with (default: the main branch).")
@click.option("--dry-run", is_flag=True, help="Print the plan and run nothing.")
@click.pass_context
def ci(context: click.Context, /, *, dry_run: bool, **given: Any) -> int:
    """Run the whole pipeline and judge its gates.

    \b
    Exit codes: 0 passed, 1 a task failed, 2 wrong usage or configuration, 3 a gate failed,
    4 inconclusive, 5 a bug in noxline, 130 interrupted.

    \b
    Examples:
      noxline ci --python 3.12 --skip docs,benchmarks
      noxline ci --only tests --fail-fast
      noxline ci --affected --base origin/main
      noxline ci --json > run.json
    """
    if given["base"] and not given["affected"]:
        raise UsageError("--base says what --affected compares with", hint="noxline ci --affected --base REF")
    options = _options(context, given, judged=True)
    if dry_run:
        from noxline.cli.plan import print_plan

        return print_plan(context.obj, options, as_json=given["as_json"])
    return _execute(context.obj, options, given)


@click.command(cls=PassingOn)
@click.argument("stages", nargs=-1, metavar="STAGE...", shell_complete=complete_task)
@click.option("--failed", is_flag=True, help="Run the tasks that failed in the last run.")
@click.option("--fix", is_flag=True, help="Let `hooks` change the files instead of only telling.")
@python_option
@reuse_options
@run_options
@click.pass_context
def run(context: click.Context, /, *, stages: tuple[str, ...], failed: bool, fix: bool, **given: Any) -> int:
    """Run single stages or tasks, with what they need; no gate is judged.

    What follows `--` goes to the sessions.

    \b
    Examples:
      noxline run lint types
      noxline run tests-3.12 -- -k parser -x
      noxline run --failed
      noxline run hooks --fix
    """
    if not stages and not failed:
        raise UsageError("nothing to run was named", hint="noxline run STAGE..., or noxline run --failed")
    if stages and failed:
        raise UsageError("--failed takes the stages from the last run", hint="leave the names out")
    return _execute(context.obj, _options(context, given, judged=False, names=stages, failed=failed, fix=fix), given)


def _options(context: click.Context, given: dict[str, Any], **more: Any) -> Options:
    from noxline.project import Options

    chosen = {name: given[name] for name in _TAKEN_OVER if name in given}
    return Options(**chosen, posargs=context.meta.get("noxline.posargs", ()), **more)


def _execute(start: Path, options: Options, given: dict[str, Any]) -> int:
    from noxline.reports.run_json import to_document
    from noxline.warm.replay import DRAWN
    from noxline.wiring import open_project, run_project

    how = verbosity(quiet=given["quiet"], verbose=given["verbose"])
    project = open_project(start, options)
    listeners = reporters(project, how, as_json=given["as_json"])
    finished = run_project(project, options, listeners, run_id=DRAWN[0] if DRAWN else None)
    if given["as_json"]:
        print_json(to_document(finished))
    if _may_be_replayed(finished, options):
        _rehearse(start, options, how, as_json=given["as_json"])
    return finished.exit_code


def _may_be_replayed(finished: Run, options: Options) -> bool:
    """Tell whether the next run may find everything done: nothing failed.

    What --affected leaves out depends on other branches too, of which a replay knows nothing.
    """
    ended = all(result.outcome.status.value in ("passed", "skipped") for result in finished.tasks)
    plain = options.judged and not (options.no_cache or options.affected or options.check_inputs or options.refresh)
    return ended and plain


def _rehearse(start: Path, options: Options, how: Verbosity, *, as_json: bool) -> None:
    """Prepare the replay of this run; whatever comes of that, the run itself is over and its verdict stands."""
    from noxline.cli.plan import plan_template
    from noxline.reports.outlet import tell
    from noxline.warm.rehearse import rehearse
    from noxline.warm.telling import Asked

    arguments = sys.argv[1:]
    try:
        rehearse(
            Asked(arguments=arguments, folder=start, options=options, how=how, as_json=as_json, told=plan_template)
        )
    except KeyboardInterrupt:
        return  # whoever waits no longer has the run and its verdict already
    except Exception as error:  # noqa: BLE001 - a bug in here costs the next run time, and must not cost this its verdict
        tell(f"warning: the next run cannot be prepared: {type(error).__name__}: {error}")
