"""`noxline cache keygen`: a pair of keys for the remote cache."""

from __future__ import annotations

import click

from noxline.cli.options import as_json
from noxline.errors import ExitCode, MachineError


@click.command()
@click.option(
    "--pull-requests",
    is_flag=True,
    help="For pull requests: the key may sign for their scopes only, never for what the main branch trusts.",
)
@as_json
def keygen(*, pull_requests: bool, as_json: bool) -> int:
    """Make a pair of keys for the remote cache and print it; nothing is written.

    The private key goes into a secret of the CI, the public one into the settings, where everybody may read it.
    """
    from importlib.util import find_spec

    from noxline.cache.signing import ANY_SCOPE, SIGNING_KEY, generate
    from noxline.cli.console import print_json, print_text

    if find_spec("cryptography") is None:
        message = "keys need cryptography, which noxline is installed without"
        raise MachineError(message, hint="pip install 'noxline[remote]'")
    private, public = generate()
    listed = f"{public} {ANY_SCOPE}" if pull_requests else public
    if as_json:
        print_json({"schema": 1, "signing_key": private, "key": listed})
        return ExitCode.PASSED
    who = "pull requests" if pull_requests else "protected branches"
    print_text(
        f"Secret {SIGNING_KEY}, for the jobs of {who} only; it is shown this once:\n\n  {private}\n\n"
        f'Public key, to be listed in config/pipeline.toml:\n\n  [cache]\n  keys = ["{listed}"]'
    )
    return ExitCode.PASSED
