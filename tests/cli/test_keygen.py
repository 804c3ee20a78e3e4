"""`noxline cache keygen`."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from noxline.cache.signing import SIGNING_KEY, TRUSTED, Keyring, signer_of
from noxline.cli.keygen import keygen


@pytest.mark.parametrize(
    ("arguments", "signs", "does_not"), [([], TRUSTED, "scope/pr-1"), (["--pull-requests"], "scope/pr-1", TRUSTED)]
)
def test_the_pair_fits_and_signs_for_its_namespace(arguments: list[str], signs: str, does_not: str) -> None:
    result = CliRunner().invoke(keygen, [*arguments, "--json"], catch_exceptions=False)
    made = json.loads(result.output)
    signer, keys = signer_of({SIGNING_KEY: made["signing_key"]}), Keyring([made["key"]])
    assert signer is not None
    assert keys.may_sign(signer.public, signs)
    assert not keys.may_sign(signer.public, does_not)


def test_people_are_told_where_each_half_goes() -> None:
    output = CliRunner().invoke(keygen, [], catch_exceptions=False).output
    assert f"Secret {SIGNING_KEY}, for the jobs of protected branches only" in output
    keys = json.loads(output.partition("[cache]\n  keys = ")[2])
    (private,) = [line.strip() for line in output.splitlines() if line.startswith("  ed25519-private:")]
    signer = signer_of({SIGNING_KEY: private})
    assert signer is not None
    assert Keyring(keys).may_sign(signer.public, TRUSTED)


def test_no_two_pairs_are_alike() -> None:
    outputs = {CliRunner().invoke(keygen, ["--json"], catch_exceptions=False).output for _ in range(3)}
    assert len(outputs) == 3
