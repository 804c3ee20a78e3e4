"""A pytest plugin that records each test and runs one shard; it changes no outcome and prints nothing."""

from __future__ import annotations

import os
from typing import Any

import _noxline_records as records
import _noxline_starve as starve
import _noxline_trace as tracing
import pytest
from _noxline_contexts import TracePlugin
from _noxline_fixtures import Fixtures, WorkerFixtures
from _noxline_protocol import Protocol
from _noxline_recorder import PytestRecorder
from _noxline_select import Selector

_TRACE = tracing.begin()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: Any) -> None:
    """Start to record when this is the outermost run; workers of pytest-xdist only select their shard."""
    records.disable_plugin(os.environ)
    worker = hasattr(config, "workerinput")
    if not worker and not records.wanted(os.environ):
        return
    _adjust_options(config)
    plugins = _in_worker(config) if worker else _outermost(config)
    if starve.wanted(os.environ):
        plugins["starver"] = starve.Starver()
    for name, plugin in plugins.items():
        config.pluginmanager.register(plugin, "noxline-" + name)
    if "recorder" in plugins:
        plugins["recorder"].hear_of_reports(config.hook.pytest_runtest_logreport)


def _in_worker(config: Any) -> dict[str, Any]:
    selector = Selector(records.way_down(_rootdir(config)))
    trace = _tracing(config, selector)
    return {"selector": selector, "fixtures": WorkerFixtures(selector, trace), **_around(trace)}


def _outermost(config: Any) -> dict[str, Any]:
    selector = Selector(records.way_down(_rootdir(config)))
    trace = _tracing(config, selector)
    fixtures = Fixtures(selector, trace)
    arguments = [str(argument) for argument in config.invocation_params.args]
    record = records.Recorder("pytest", pytest.__version__, _rootdir(config), arguments)
    recorder = PytestRecorder(record, selector, fixtures)
    return {"selector": selector, "fixtures": fixtures, **_around(trace, recorder), "recorder": recorder}


def _tracing(config: Any, selector: Selector) -> TracePlugin | None:
    """Return what traces: in the workers of pytest-xdist, or where there are none."""
    return None if _TRACE is None or config.getoption("numprocesses", None) else TracePlugin(_TRACE, selector)


def _around(trace: TracePlugin | None, *others: Any) -> dict[str, Any]:
    """Return the plug-ins that do what is to be done around each test."""
    if trace is None or _TRACE is None:
        return {"protocol": Protocol(others, lambda what: what())} if others else {}
    return {"trace": trace, "protocol": Protocol((trace, *others), _TRACE.aside)}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: Any) -> None:
    """Let the workers load the plugin too; the controller runs no tests that could inherit it."""
    recorder = config.pluginmanager.get_plugin("noxline-recorder")
    if recorder is None:
        return
    records.enable_plugin(os.environ)
    if _TRACE is not None:
        _TRACE.leave_to_workers()
    recorder.hear_of_tests(config.pluginmanager)


def _adjust_options(config: Any) -> None:
    # A project's own `norecursedirs` replaces pytest's, and with it the rule that hidden folders hold no tests.
    config.option.ignore = [*(config.option.ignore or []), records.state_folder()]
    if os.environ.get("NOXLINE_FAIL_FAST") and not config.getoption("maxfail", 0):
        config.option.maxfail = 1


def _rootdir(config: Any) -> str:
    return str(getattr(config, "rootpath", None) or config.rootdir)
