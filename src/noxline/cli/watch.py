"""`noxline watch`: run what an edit touches, again and again."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from noxline.cli.ci import PassingOn
from noxline.cli.options import complete_task, python_option
from noxline.errors import ExitCode, NoxlineError, UsageError

if TYPE_CHECKING:
    from types import FrameType

    from noxline.project import Options
    from noxline.reports.edits import EditReport
    from noxline.watching import Changed, Edits, Ended


@click.command(cls=PassingOn)
@click.argument("stages", nargs=-1, metavar="STAGE...", shell_complete=complete_task)
@python_option
@click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="CPUs to use (default: all).")
@click.pass_context
def watch(context: click.Context, /, *, stages: tuple[str, ...], **given: Any) -> None:
    """Run the stages (default: all), and after each edit what it touches.

    An edit during a run cancels it; the next one makes up for both. Ctrl-C ends it. Needs `noxline[watch]`.

    \b
    Examples:
      noxline watch
      noxline watch lint types tests-3.12
      noxline watch tests -- -x
    """
    from noxline.project import Options

    options = Options(names=stages, judged=False, posargs=context.meta.get("noxline.posargs", ()), **given)
    _watch(context.obj, options)


def _watch(start: Path, options: Options) -> None:
    from noxline.cli.console import output_style
    from noxline.reports.edits import EditReport
    from noxline.reports.outlet import Outlet
    from noxline.system.file_events import batches, is_available
    from noxline.watching import Edits, Look, file_look, follow
    from noxline.watching import watch as run_after_edits
    from noxline.wiring import open_project

    if not is_available():
        raise UsageError("watching files needs watchfiles, which is not installed", hint="pip install 'noxline[watch]'")
    report = EditReport(cast("Any", Outlet(sys.stdout)), output_style())
    project = open_project(start, options)
    edits, stop = Edits(), threading.Event()
    look = Look(file_look(project, options))
    thread = threading.Thread(target=follow, args=(batches(project.root, stop), look, edits), daemon=True)
    thread.start()
    report.say(f"watching {project.root}; Ctrl-C ends it")
    _end_on_ctrl_c(edits)
    try:
        run_after_edits(_Rounds(start, options, report).run, edits, _interrupt)
    finally:
        stop.set()
        thread.join(timeout=5)


def _end_on_ctrl_c(edits: Edits) -> None:
    """Let Ctrl-C end it also when an edit comes at that very moment; where it is ignored, it stays so."""

    def end(_number: int, _frame: FrameType | None) -> None:
        edits.ended = True
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, end)


def _interrupt() -> None:
    """Interrupt the main thread as a polite signal does; SIGINT itself is ignored in the background of a shell."""
    _thread.interrupt_main(signal.SIGTERM)


@dataclass(frozen=True)
class _Rounds:
    start: Path
    options: Options
    report: EditReport

    def run(self, changed: Changed) -> Ended:
        """Read the project as it is now and run what the edits touch."""
        from noxline.watching import Ended

        if changed is not None:
            self.report.edited(changed)
        try:
            return self._run(changed)
        except NoxlineError as error:
            self._tell(error)
            return Ended.BROKEN

    def _run(self, changed: Changed) -> Ended:
        from noxline.cli.console import head_commit
        from noxline.narrowing import touched_alone
        from noxline.reports.html import HtmlReport
        from noxline.reports.run_directory import RunDirectory
        from noxline.watching import Ended
        from noxline.wiring import open_project, run_project

        project = open_project(self.start, self.options)
        if changed is not None:
            project = touched_alone(project, self.options, changed)
        if not project.selection.tasks:
            self.report.say("it touches no task")
            return Ended.DONE
        kept = RunDirectory(
            project.root, keep_runs=project.settings.pipeline.keep_runs, commit=head_commit(project.root)
        )
        finished = run_project(project, self.options, [kept, HtmlReport(), self.report])
        return Ended.INTERRUPTED if finished.exit_code == ExitCode.INTERRUPTED else Ended.DONE

    def _tell(self, error: NoxlineError) -> None:
        self.report.say(f"error: {error.message}")
        for name, text in (("at", error.place), ("hint:", error.hint)):
            if text:
                self.report.say(f"  {name} {text}")
