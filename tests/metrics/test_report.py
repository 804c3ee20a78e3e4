from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from noxline.metrics.report import describe, place, union
from noxline.model.finding import Finding, Severity

FINDINGS = st.builds(
    Finding,
    tool=st.just("t"),
    rule=st.sampled_from("AB"),
    severity=st.sampled_from(Severity),
    message=st.just(""),
    line=st.sampled_from((1, 2)),
)
GROUPS = st.lists(st.lists(FINDINGS, max_size=5), max_size=4)


@given(GROUPS)
def test_union_keeps_each_finding_as_often_as_the_task_that_saw_it_most(groups: list[list[Finding]]) -> None:
    joined = union(groups)
    seen = {finding for group in groups for finding in group}
    assert {f: joined.count(f) for f in joined} == {f: max(group.count(f) for group in groups) for f in seen}


@given(GROUPS)
def test_union_of_one_task_with_itself_is_that_task(groups: list[list[Finding]]) -> None:
    for group in groups:
        assert sorted(map(repr, union([group, group]))) == sorted(map(repr, group))


def test_places_through_a_link_to_the_root_are_below_it(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    link = tmp_path / "link"
    link.symlink_to(real)
    assert place(str(real / "src" / "a.py"), link) == "src/a.py"
    assert place(str(link / "src" / "a.py"), link) == "src/a.py"
    assert place("/elsewhere/a.py", link) == "/elsewhere/a.py"
    assert place("src\\win.py", link) == "src/win.py"


def test_a_finding_is_described_by_its_first_line() -> None:
    finding = Finding(tool="t", rule="R", severity=Severity.LOW, message="first\nsecond", file="a.py", line=3)
    assert describe(finding) == "a.py:3 R: first"
    assert describe(Finding(tool="t", rule="R", severity=Severity.LOW, message="")) == "R:"
