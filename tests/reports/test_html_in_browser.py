"""The report page as a real browser shows it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from noxline.model.gate import Result, Verdict
from noxline.reports.html import HtmlReport
from tests.reports.sample import failed, result, run_of

pytestmark = pytest.mark.process

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--hide-scrollbars"),
)


@pytest.mark.parametrize("width", [1200, 420])
def test_the_page_stands_alone_and_fits_the_window(
    tmp_path: Path, real_component: Callable[..., str], width: int
) -> None:
    browser = real_component("chromium", "chromium-browser", "google-chrome")
    long_hint = "split the most complex functions (" + ", ".join(f"src/module_{n}.py:{n}" for n in range(30)) + ")"
    verdict = Verdict(metric="complexity.max", rule="< 10", value=23.0, result=Result.FAIL, hint=long_hint)
    run = run_of(
        tmp_path,
        failed("types", tmp_path, "types", seconds=2.0),
        result("lint", seconds=1.0),
        verdicts=(verdict,),
        status="failed",
        exit_code=1,
    )
    run.directory.mkdir(parents=True)
    HtmlReport().finish(run)
    page = (run.directory / "report.html").read_text(encoding="utf-8")
    # Measured by the page itself once it is laid out: whatever is wider than the window would scroll the whole page.
    measured = "(document.documentElement.scrollWidth-innerWidth)+' hint:'+document.querySelector('.hint').offsetWidth"
    probe = f"<script>document.title='wide:'+{measured}</script></body>"
    (run.directory / "probed.html").write_text(page.replace("</body>", probe), encoding="utf-8")
    command = [browser, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},900", "--dump-dom"]
    done = subprocess.run(
        [*command, (run.directory / "probed.html").as_uri()], capture_output=True, text=True, timeout=90, check=True
    )
    found = re.search(r"<title>wide:(-?\d+) hint:(\d+)</title>", done.stdout)
    assert found is not None, done.stderr[-500:]
    assert int(found.group(1)) <= 0
    assert int(found.group(2)) >= 200, "a hint that is squeezed into a few letters a line cannot be read"
    assert "complexity.max" in done.stdout
    assert not re.search(r"""(?:src|href)=["']?https?://""", page)
