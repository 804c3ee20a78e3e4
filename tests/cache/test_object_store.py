"""Object stores: a real S3 server and a directory; and which credentials tasks must not see."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from noxline.cache.failures import RefusedError, TransportError
from noxline.cache.object_store import ObjectStoreTransport, ambient_secrets, variables
from tests.cache.remote_servers import Hostile, free_port, reply
from tests.cache.transports import NAME, holds_the_contract, race

_numbers = itertools.count()


def s3_environ(endpoint: str) -> dict[str, str]:
    return {
        "NOXLINE_CACHE_S3_ACCESS_KEY_ID": "an-id",
        "NOXLINE_CACHE_S3_SECRET_ACCESS_KEY": "a-secret",  # pragma: allowlist secret - made up
        "NOXLINE_CACHE_S3_ENDPOINT": endpoint,
        "NOXLINE_CACHE_S3_REGION": "us-east-1",
    }


def s3(endpoint: str, bucket: str, timeout: float = 20.0) -> ObjectStoreTransport:
    return ObjectStoreTransport(f"s3://{bucket}/some/prefix", timeout=timeout, environ=s3_environ(endpoint))


@pytest.fixture
def bucket(s3_url: str) -> str:
    """Return the name of a new bucket."""
    from http.client import HTTPConnection

    name = f"bucket-{next(_numbers)}"
    connection = HTTPConnection(s3_url.removeprefix("http://"), timeout=60)
    connection.request("PUT", f"/{name}")
    assert connection.getresponse().status == 200
    connection.close()
    return name


@pytest.mark.process
def test_s3_holds_the_contract(s3_url: str, bucket: str) -> None:
    holds_the_contract(s3(s3_url, bucket))


@pytest.mark.process
def test_of_many_writers_to_s3_one_creates(s3_url: str, bucket: str) -> None:
    won = race(s3(s3_url, bucket))
    assert won.count(True) == 1
    assert len(won) == 8


@pytest.mark.process
def test_a_bucket_that_is_not_there_is_no_place_to_write(s3_url: str, bucket: str) -> None:
    with pytest.raises(TransportError):
        s3(s3_url, "no-such-bucket").replace(NAME, b"data")


def test_a_directory_holds_the_contract(tmp_path: Path) -> None:
    address = f"file://{tmp_path}/a%20directory"
    holds_the_contract(ObjectStoreTransport(address, timeout=20, environ={}))
    assert (tmp_path / "a directory" / NAME).read_bytes() == b"first"


def test_of_many_writers_to_a_directory_one_creates(tmp_path: Path) -> None:
    assert race(ObjectStoreTransport(f"file://{tmp_path}", timeout=20, environ={})).count(True) == 1


def test_a_directory_that_cannot_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TransportError):
        ObjectStoreTransport(f"file://{tmp_path}/file/x", timeout=20, environ={}).put_new(NAME, b"data")


def test_a_refusal_is_one() -> None:
    denied = b"<Error><Code>AccessDenied</Code></Error>"
    with Hostile(reply("403 Forbidden", denied)) as server, pytest.raises(RefusedError):
        s3(server.url.removesuffix("/noxline"), "b").get(NAME, 10)


@pytest.mark.parametrize("status", ["500 Internal Server Error", "503 Slow Down"])
def test_an_outage_is_asked_once(status: str) -> None:
    with Hostile(reply(status)) as server:
        with pytest.raises(TransportError) as caught:
            s3(server.url.removesuffix("/noxline"), "b").get(NAME, 10)
        assert not isinstance(caught.value, RefusedError)
        assert len(server.heads) == 1


def test_nobody_there_and_no_secret_in_the_message() -> None:
    with pytest.raises(TransportError) as caught:
        s3(f"http://127.0.0.1:{free_port()}", "b").get(NAME, 10)
    assert "a-secret" not in str(caught.value)


AMBIENT = {
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_SESSION_TOKEN": "x",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "x",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "x",
    "AWS_DEFAULT_REGION": "x",
    "GOOGLE_APPLICATION_CREDENTIALS": "x",
    "GOOGLE_SERVICE_ACCOUNT": "x",
    "GOOGLE_CLOUD_PROJECT": "x",
    "AZURE_STORAGE_ACCOUNT_KEY": "x",
    "AZURE_STORAGE_SAS_TOKEN": "x",
    "AZURE_CLIENT_SECRET": "x",
    "AZURE_LOCATION": "x",
    "HOME": "x",
}


@pytest.mark.parametrize(
    ("scheme", "withheld"),
    [
        (
            "s3",
            [
                "AWS_ACCESS_KEY_ID",
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                "AWS_SECRET_ACCESS_KEY",
                "AWS_SESSION_TOKEN",
                "AWS_WEB_IDENTITY_TOKEN_FILE",
            ],
        ),
        ("gs", ["GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_SERVICE_ACCOUNT"]),
        ("az", ["AZURE_CLIENT_SECRET", "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_SAS_TOKEN"]),
        ("file", []),
    ],
)
def test_ambient_credentials_that_are_used_are_withheld_from_tasks(scheme: str, withheld: list[str]) -> None:
    assert list(ambient_secrets(scheme, AMBIENT)) == withheld


def test_with_own_credentials_a_tasks_are_left_to_it() -> None:
    assert ambient_secrets("s3", AMBIENT | s3_environ("http://x")) == ()
    assert ambient_secrets("s3", AMBIENT | {"NOXLINE_CACHE_S3_REGION": "eu"}) != ()


@pytest.mark.parametrize("scheme", ["s3", "gs", "az", "file"])
def test_own_variables_never_reach_a_task(scheme: str) -> None:
    from noxline.nox_bridge.child import inherited

    assert inherited(dict.fromkeys(variables(scheme), "x")) == {}
