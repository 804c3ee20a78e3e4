"""Found by Python at its start: hands on to the next sitecustomize, then lets test runs and coverage be recorded.

Does nothing, at the price of a few look-ups in the environment, unless noxline asks for it by variables.
"""

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def _next_sitecustomize() -> None:
    """Run the sitecustomize that Python would have found without this one."""
    elsewhere = [entry for entry in sys.path if os.path.abspath(entry) != _HERE]
    if not any(os.path.exists(os.path.join(entry, "sitecustomize.py")) for entry in elsewhere):
        return
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    spec = PathFinder.find_spec("sitecustomize", elsewhere)
    if spec is not None and spec.loader is not None:
        module = module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


class Watch:
    """Waits, as a finder of modules that finds none, for the import of a test runner."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        """Prepare the runner whose import begins; leave the finding to the others."""
        if name == "_pytest.config":
            import _noxline_records

            if _noxline_records.wanted(os.environ):
                _noxline_records.enable_plugin(os.environ)
            elif "execnet" in sys.modules:  # pytest-xdist starts its workers by that, before pytest is imported
                import _noxline_coverage

                _noxline_coverage.measure(os.environ["NOXLINE_OUTPUT"], os.environ["NOXLINE_WORKERS"])
        elif name == "unittest.runner":  # imported after unittest.suite
            import _noxline_unittest

            _noxline_unittest.install()


def _prepare() -> None:
    environ = os.environ
    if environ.get("NOXLINE_MEASURE"):
        import _noxline_coverage

        _noxline_coverage.begin()
    recording = environ.get("NOXLINE_RECORDING", "")
    if recording and environ.get("NOXLINE_CONTEXT"):
        import _noxline_child

        _noxline_child.begin(environ.get("NOXLINE_WORKERS", ""))
    _watch(recording)


def _watch(recording: str) -> None:
    """Wait for a runner, in the outermost process and in those that it starts as its workers."""
    environ = os.environ
    if recording and recording == str(os.getppid()) and environ.get("NOXLINE_WORKERS"):
        sys.meta_path.insert(0, Watch)
    if environ.get("NOXLINE_RECORD") and not recording:
        sys.meta_path.insert(0, Watch)
        if "unittest.runner" in sys.modules:
            Watch.find_spec("unittest.runner")


def _audit() -> None:
    folder = os.environ.get("NOXLINE_AUDIT")
    if folder:
        import _noxline_audit

        _noxline_audit.start(folder, os.environ.get("NOXLINE_ROOT") or os.getcwd())


_audit()
_next_sitecustomize()
_prepare()
