"""A sampling plan's file: what it may say, and every mistake named without telling a password."""

from __future__ import annotations

from datetime import date

import pytest

from cdi_stats.audit.sampling import read_plan, without_password
from cdi_stats.errors import BadParameters

PLAN = """
seed = 20180401
reserve = 20
second_review = 0.1

[frame]
source = "incidents.csv"
record_id = "Log"
keep = { route = "How reported" }

[[exclude]]
source = "audit-2017.xlsx"

[[strata]]
stratum = "violence"
opening_codes = ["ASSAULT", "DOMESTIC*"]
period_start = 2018-04-01
period_end = 2018-06-30
records = 300

[[strata]]
stratum = "other"
"""


@pytest.fixture
def write(tmp_path):
    """Write a plan's text and return its path."""

    def written(text):
        path = tmp_path / "plan.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


def test_a_plan_holds_what_its_file_says(write):
    plan = read_plan(write(PLAN))
    assert plan.seed == 20180401
    assert plan.start == 0
    assert plan.frame.record_id == "Log"
    assert plan.frame.opened_at == "opened_at"
    assert plan.exclude[0].why == "already audited"
    violence, other = plan.strata
    assert violence.opening_codes == ["ASSAULT", "DOMESTIC*"]
    assert (violence.period_start, violence.period_end) == (date(2018, 4, 1), date(2018, 6, 30))
    assert (violence.records, other.records, other.opening_codes) == (300, None, None)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("seed = 20180401", "seeds = 1", "seeds: unknown"),
        ("reserve = 20", "reserve = -1", "reserve: found -1; expected greater than or equal to 0"),
        ("second_review = 0.1", "second_review = 10", "second_review: found 10"),
        ("second_review = 0.1", "start = 1.0", "start: found 1.0"),
        ('source = "incidents.csv"', "", "frame.source: missing"),
        ("records = 300", "records = 1.5", "strata.1.records: found 1.5"),
        ('stratum = "other"', 'stratum = "violence"', "expected each stratum once, not violence, violence"),
        ("2018-06-30", "2018-03-31", "strata.1: expected a period_end from 2018-04-01 on"),
        ("route =", "place =", "frame.keep: expected columns of the records sheet other than place"),
        ('"ASSAULT", "DOMESTIC*"', "", "strata.1.opening_codes"),
    ],
)
def test_a_mistake_is_told_by_its_place(write, old, new, told):
    assert old in PLAN
    with pytest.raises(BadParameters) as caught:
        read_plan(write(PLAN.replace(old, new)))
    assert str(caught.value).startswith("plan.toml: ")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_mistake_is_told_at_once(write):
    with pytest.raises(BadParameters) as caught:
        read_plan(write(PLAN.replace("reserve = 20", "reserve = -1").replace("records = 300", "records = -3")))
    assert [line.split(":")[1].strip() for line in str(caught.value).splitlines()] == ["reserve", "strata.1.records"]


@pytest.mark.parametrize("text", ["seed = ", "\xff", None])
def test_a_file_that_is_no_plan_is_refused(tmp_path, text):
    path = tmp_path / "plan.toml"
    if text is not None:
        path.write_bytes(text.encode("cp1252"))
    with pytest.raises(BadParameters, match="expected a sampling plan"):
        read_plan(path)


@pytest.mark.parametrize(
    "mistake",
    [
        'frame = "postgresql://reader:hunter2@db/force"\n[[strata]]\nstratum = "a"',
        '[frame]\nsource = "postgresql://reader:hunter2@db/force"\n' + '[[strata]]\nstratum = "a"\n' * 2,
        '[frame]\nsource = ["postgresql://reader:hunter2@db/force"]\n[[strata]]\nstratum = "a"',
        '[frame]\nsource = "postgresql://reader:hunter2@db/force"\nnew = 1\n[[strata]]\nstratum = "a"',
    ],
)
def test_no_message_tells_the_password(write, mistake):
    with pytest.raises(BadParameters) as caught:
        read_plan(write(mistake))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://reader:hunter2@db:5432/force", "postgresql://db:5432/force"),
        ("postgresql://reader@db/force/audit", "postgresql://db/force/audit"),
        ("postgresql://reader:hun@ter2@db/force", "postgresql://db/force"),
        ("postgresql://reader:hun/ter2@db/force", "postgresql://db/force"),
        ("postgresql://reader:hun#ter2@db/force", "postgresql://db/force"),
        ("postgresql://reader:hun?ter2@db/force", "postgresql://"),
        ("postgresql://db/force?password=hunter2", "postgresql://db/force"),
        ("postgresql://db/force?password=hun@ter2", "postgresql://"),
        ("incidents 2018.csv", "incidents 2018.csv"),
    ],
)
def test_an_address_is_shown_without_user_password_and_options(address, shown):
    assert without_password(address) == shown
