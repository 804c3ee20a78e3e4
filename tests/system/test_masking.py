"""Secrets in what tasks print."""

from __future__ import annotations

import pytest

from noxline.system.masking import masker


@pytest.mark.parametrize(
    "name", ["GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "TWINE_PASSWORD", "db_password", "X_API_KEY"]
)
def test_values_of_secret_variables_are_hidden(name: str) -> None:
    assert masker({name: "s3cret-value"})("-> s3cret-value <-") == "-> *** <-"


@pytest.mark.parametrize("environ", [{"HOME": "/home/someone"}, {"MONKEY": "bananas-and-more"}, {"A_TOKEN": "short"}])
def test_other_values_stay(environ: dict[str, str]) -> None:
    text = " ".join(environ.values())
    assert masker(environ)(text) == text


def test_the_longer_of_two_values_is_hidden_whole() -> None:
    hide = masker({"A_TOKEN": "abcdefgh", "B_TOKEN": "abcdefgh-longer"})
    assert hide("abcdefgh-longer abcdefgh") == "*** ***"


def test_each_line_of_a_secret_of_several_lines_is_hidden() -> None:
    hide = masker({"SSH_PRIVATE_KEY": "first-line-of-key\nsecond-line-of-key"})
    assert hide("second-line-of-key") == "***"
