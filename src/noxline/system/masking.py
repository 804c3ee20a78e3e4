"""Hide the values of secret variables in what tasks print."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_SECRET_NAME = re.compile(
    r"(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|APIKEY|API_KEY|PRIVATE_KEY|ACCESS_KEY|CREDENTIALS?)(?:_|$)"
)
_SHORTEST = 8  # hiding shorter values would riddle ordinary text and protect nothing
MASK = "***"


def masker(environ: Mapping[str, str]) -> Callable[[str], str]:
    """Return a function that replaces the values of secret variables in a text.

    >>> hide = masker({"UPLOAD_TOKEN": "pypi-0123456789", "HOME": "/home/me"})
    >>> hide("curl -H pypi-0123456789 /home/me")
    'curl -H *** /home/me'
    """
    values = {
        part
        for name, value in environ.items()
        if _SECRET_NAME.search(name.upper()) and not value.startswith("/")  # a path to a key file is no secret
        for part in (value, *value.splitlines())
        if len(part) >= _SHORTEST
    }
    if not values:
        return lambda text: text
    pattern = re.compile("|".join(re.escape(value) for value in sorted(values, key=len, reverse=True)))
    return lambda text: pattern.sub(MASK, text)
