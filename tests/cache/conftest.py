"""Real servers for the tests of the remote cache."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cache.remote_servers import Nginx, free_port, nginx, running


@pytest.fixture
def dav(real_component: Callable[..., str], tmp_path: Path) -> Iterator[Nginx]:
    """Return an nginx that follows the rules of the how-to page."""
    with nginx(real_component("nginx"), tmp_path / "nginx") as server:
        yield server


@pytest.fixture
def unguarded_dav(real_component: Callable[..., str], tmp_path: Path) -> Iterator[Nginx]:
    """Return an nginx that lets everybody overwrite."""
    with nginx(real_component("nginx"), tmp_path / "nginx", guarded=False) as server:
        yield server


@pytest.fixture(scope="session")
def s3_url(real_component: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of an S3 server in which every test makes its own bucket."""
    program = real_component(str(Path(sys.executable).with_name("moto_server")))
    port, folder = free_port(), tmp_path_factory.mktemp("s3")
    with running([program, "-H", "127.0.0.1", "-p", str(port)], port, folder / "moto.log"):
        yield f"http://127.0.0.1:{port}"
