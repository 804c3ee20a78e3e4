"""The plug-ins of pytest that tests use without importing them: by their fixtures and by their marks."""

from __future__ import annotations

import ast
from collections.abc import Iterator

FIXTURES = {
    "aiohttp_client": "pytest-aiohttp", "benchmark": "pytest-benchmark", "data_regression": "pytest-regressions",
    "datadir": "pytest-datadir", "event_loop": "pytest-asyncio", "faker": "Faker", "freezer": "pytest-freezer",
    "fs": "pyfakefs", "httpbin": "pytest-httpbin", "httpserver": "pytest-httpserver", "httpx_mock": "pytest-httpx",
    "mocker": "pytest-mock", "qtbot": "pytest-qt", "requests_mock": "requests-mock", "respx_mock": "respx",
}  # fmt: skip
MARKS = {
    "anyio": "anyio", "asyncio": "pytest-asyncio", "django_db": "pytest-django", "flaky": "pytest-rerunfailures",
    "forked": "pytest-forked", "freeze_time": "pytest-freezer", "mpl_image_compare": "pytest-mpl",
    "order": "pytest-order", "repeat": "pytest-repeat", "respx": "respx", "timeout": "pytest-timeout",
    "trio": "pytest-trio", "vcr": "pytest-recording", "xdist_group": "pytest-xdist",
}  # fmt: skip


def used_plugins(modules: list[ast.Module]) -> tuple[str, ...]:
    """Return the plug-ins that the fixtures and marks of these modules come from; own fixtures need none."""
    functions = [
        node
        for module in modules
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    own = {function.name for function in functions if is_fixture(function)}
    asked = {
        argument.arg
        for function in functions
        if function.name.startswith("test") or is_fixture(function)
        for argument in function.args.args
    }
    marks = {name for module in modules for name in used_marks(module)}
    found = [FIXTURES[name] for name in asked - own if name in FIXTURES]
    found += [MARKS[name] for name in marks if name in MARKS]
    return tuple(sorted(set(found)))


def is_fixture(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether a function is a fixture."""
    return any("fixture" in ast.unparse(decorator).partition("(")[0] for decorator in function.decorator_list)


def used_marks(module: ast.Module) -> Iterator[str]:
    """Yield the names of the marks in a module: `pytest.mark.NAME`."""
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "pytest.mark":
            yield node.attr
