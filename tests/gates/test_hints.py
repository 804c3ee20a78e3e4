from noxline.gates.hints import remedy
from noxline.model.metric import Metric


def test_the_nearest_advice_with_the_place_of_the_report() -> None:
    assert remedy(Metric(name="tests.seconds", value=1, hint="t.py::slow 9 s")) == (
        "speed up the longest tests, or give the stage shards (t.py::slow 9 s)"
    )
    assert remedy(Metric(name="tests.failed", value=1)) == "mend the failing tests"


def test_a_metric_of_the_projects_own_has_its_hint_alone() -> None:
    assert remedy(Metric(name="startup.seconds", value=1, hint="import requests")) == "import requests"
    assert remedy(Metric(name="securityish", value=1)) == ""
