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

Function = ast.FunctionDef | ast.AsyncFunctionDef


def used_plugins(modules: list[ast.Module]) -> tuple[str, ...]:
    """Return the plug-ins that the fixtures and marks of these modules come from; own fixtures need none."""
    nodes = [node for module in modules for node in ast.walk(module)]
    asked = asked_fixtures([node for node in nodes if isinstance(node, Function)])
    found = {FIXTURES.get(name, "") for name in asked} | {MARKS.get(name, "") for name in used_marks(nodes)}
    return tuple(sorted(found - {""}))


def asked_fixtures(functions: list[Function]) -> set[str]:
    """Return the names of the fixtures that tests and fixtures among these functions take from elsewhere."""
    fixtures = [function for function in functions if is_fixture(function)]
    tests = [function for function in functions if function.name.startswith("test")]
    taken = {argument.arg for function in (*fixtures, *tests) for argument in function.args.args}
    return taken - {fixture.name for fixture in fixtures}


def is_fixture(function: Function) -> bool:
    """Tell whether a function is a fixture."""
    return any("fixture" in ast.unparse(decorator).partition("(")[0] for decorator in function.decorator_list)


def used_marks(nodes: list[ast.AST]) -> Iterator[str]:
    """Yield the names of the marks among nodes: `pytest.mark.NAME`."""
    for node in nodes:
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "pytest.mark":
            yield node.attr
