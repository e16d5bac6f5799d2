"""The command line: exit codes, messages for people and machines, and never a traceback."""

from __future__ import annotations

import csv
import io
import json
import math
import subprocess
import sys

import pandas as pd
import pytest

import cdi_stats
from cdi_stats import cli
from cdi_stats.audit.problems import Problem
from cdi_stats.errors import ReportFailed
from cdi_stats.findings.examine import examine
from cdi_stats.publishing.publication import Publication

DESIGN_COLUMNS = [
    "measure", "domain", "stratum", "records", "reported", "recorded", "rate", "low", "high", "confidence_level",
    "method", "effective_sample_size", "design_effect", "degrees_of_freedom", "unrecorded_per_year", "unrecorded_low",
    "unrecorded_high", "warnings",
]  # fmt: skip


@pytest.fixture
def cdi(monkeypatch, capsys):
    """Run the command line in this process; an error that is not said in words escapes, and fails the test."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["cdi", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run


@pytest.fixture
def bad(make_tables, save):
    """An audit file with two mistakes and a thing to look at."""
    tables = make_tables({"a": [(1, 1), (1, 0)]}, facts={"audit_type": "guess", "favourite": "blue"})
    tables["strata"]["records_sampled"] = 9
    return save(tables, "bad")


# As a program.


def test_module_runs_and_gives_the_exit_code():
    def run(*arguments):
        command = [sys.executable, "-m", "cdi_stats", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    version = run("--version")
    assert (version.returncode, version.stdout.strip(), version.stderr) == (0, cdi_stats.__version__, "")
    wrong = run("report", "inspection", "kent-2071")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert len(wrong.stderr.splitlines()) == 1
    assert "kent-2071" in wrong.stderr


def test_help_names_each_command(cdi):
    code, out, _ = cdi("--help")
    assert code == 0
    for command in ("report", "check", "estimate", "compare", "replicate"):
        assert command in out


# estimate


@pytest.mark.parametrize("name", ["kent-2017", "kent-2018", "kent-board-2017"])
def test_estimate_as_json_is_the_table(cdi, findings, name):
    code, out, err = cdi("estimate", name, "--json")
    assert (code, err) == (0, "")
    rows, table = json.loads(out), findings[name].table
    assert list(rows[0]) == table.columns.tolist()
    assert set(DESIGN_COLUMNS) <= set(rows[0])
    for row, (_, expected) in zip(rows, table.iterrows(), strict=True):
        for column, value in row.items():
            wanted = expected[column]
            if isinstance(wanted, str):
                assert value == wanted
            elif wanted is None or not math.isfinite(wanted):
                assert value is None
            else:
                assert value == pytest.approx(wanted, rel=1e-12)


def test_estimate_as_csv_is_the_table(cdi, findings):
    code, out, err = cdi("estimate", "kent-2017", "--csv")
    assert (code, err) == (0, "")
    assert len(list(csv.reader(io.StringIO(out)))) == 1 + len(findings["kent-2017"].rows)
    read = pd.read_csv(io.StringIO(out), keep_default_na=False, na_values=[""])
    table = findings["kent-2017"].table
    assert read.columns.tolist() == table.columns.tolist()
    for column in ("measure", "domain", "stratum"):
        assert read[column].tolist() == table[column].tolist()
    for column in ("rate", "low", "high", "reported", "recorded", "unrecorded_per_year", "degrees_of_freedom"):
        assert read[column].to_numpy() == pytest.approx(table[column].to_numpy(float), rel=1e-12, nan_ok=True)


def test_estimate_for_people_and_at_another_level(cdi, bundled):
    code, out, _ = cdi("estimate", "kent-2018")
    assert code == 0
    assert "recording_rate_weighted" in out
    code, out, _ = cdi("estimate", "kent-2018", "--json", "--confidence-level", "0.8", "--method", "wald")
    expected = examine(bundled["kent-2018"], confidence_level=0.8, method="wald").overall.estimate.interval
    assert (json.loads(out)[0]["low"], json.loads(out)[0]["method"]) == (pytest.approx(expected.low), "wald")


# check


def test_check_of_a_good_audit(cdi):
    assert cdi("check", "kent-2018")[0] == 0
    assert json.loads(cdi("check", "kent-2018", "--json")[1]) == []


def test_check_of_a_bad_audit(cdi, bad):
    code, out, _ = cdi("check", bad)
    assert code == 2
    assert "guess" in out
    assert "2 to mend, 1 to look at" in out
    code, out, _ = cdi("check", bad, "--json")
    problems = json.loads(out)
    assert code == 2
    assert [p["severity"] for p in problems] == ["error", "error", "warning"]
    assert set(problems[0]) == {*Problem.__dataclass_fields__, "severity"}


def test_a_bad_audit_is_refused_by_every_command_with_all_its_problems(cdi, bad, tmp_path):
    out = tmp_path / "reports"
    for command in (
        ("estimate", bad), ("report", "inspection", bad, "--out", out), ("compare", bad, "kent-2017"),
        ("compare", "kent-2018", bad), ("report", "reinspection", "kent-2018", "--earlier", bad, "--out", out),
    ):  # fmt: skip
        code, _, err = cdi(*command)
        assert code == 2
        assert "guess" in err
        assert "records_sampled" in err
    assert not out.exists()


# compare, replicate


def test_compare_as_json_is_the_comparison(cdi, comparison):
    code, out, err = cdi("compare", "kent-2018", "kent-2017", "--json")
    assert code == 0
    assert all(caution in err for caution in comparison.cautions)
    rows = json.loads(out)
    assert [(r["measure"], r["domain"], r["stratum"], r["verdict"]) for r in rows] == [
        (c.later.measure, c.later.domain, c.later.stratum, c.change.direction) for c in comparison.changes
    ]
    assert rows[0]["difference"] == pytest.approx(comparison.changes[0].change.value, rel=1e-12)


def test_replicate_matches_every_kent_figure_and_not_south_yorkshire(cdi):
    code, out, _ = cdi("replicate", "--json")
    assert code == 0
    rows = json.loads(out)
    kent = [row for row in rows if row["figure"].startswith("kent")]
    assert len(kent) > 70
    assert [row for row in kent if not row["matches"]] == []
    others = {row["figure"].split(" 20")[0]: row["matches"] for row in rows if row not in kent}
    assert others == {"Lancashire": True, "Thames Valley": True, "South Yorkshire": False}


def test_replicate_fails_where_a_figure_is_not_matched(cdi, monkeypatch):
    wrong = pd.DataFrame(
        [{"figure": "x", "printed": "1", "computed": "2", "method": "m", "matches": False, "expected": True}]
    )
    monkeypatch.setattr("cdi_stats.findings.replication.replicate_published", lambda: wrong)
    code, _, err = cdi("replicate")
    assert code == 1
    assert err.startswith("1 ")


# report


@pytest.fixture
def published(monkeypatch, tmp_path):
    """Stand in for publication; hold what it was asked for."""
    asked = {}

    def publish(report, audit, **options):
        asked.update(options, report=report, audit=audit)
        files = {name: tmp_path / f"{report}.{name}" for name in options["formats"]}
        return Publication(report, audit, tmp_path, files, {})

    monkeypatch.setattr("cdi_stats.publishing.publication.publish", publish)
    return asked


def test_report_prints_where_its_files_are(cdi, published, tmp_path):
    code, out, err = cdi("report", "inspection", "kent-2017")
    assert (code, err) == (0, "")
    assert out.splitlines() == [str(tmp_path / "inspection.html"), str(tmp_path / "inspection.pdf")]
    assert published["formats"] == ["html", "pdf"]
    assert published["earlier"] is None


def test_report_passes_on_what_it_is_given(cdi, published, tmp_path):
    code, _, _ = cdi(
        "report", "reinspection", "kent-2018", "--earlier", "none", "--out", tmp_path / "o", "--format", " html , ",
        "-p", "confidence_level = 0.9", "-p", "overall=",
    )  # fmt: skip
    assert code == 0
    assert published.pop("manner").fork
    assert published == {
        "report": "reinspection",
        "audit": "kent-2018",
        "earlier": "none",
        "out": str(tmp_path / "o"),
        "formats": ["html"],
        "template": None,
        "published": (),
        "theme": None,
        "confidence_level": "0.9",
        "overall": "",
    }


def test_a_failed_report_gives_one(cdi, monkeypatch):
    def fail(*_, **__):
        raise ReportFailed("inspection: cell 4 stopped")

    monkeypatch.setattr("cdi_stats.publishing.publication.publish", fail)
    code, out, err = cdi("report", "inspection", "kent-2017")
    assert (code, out, err) == (1, "", "inspection: cell 4 stopped\n")


# Bad input.


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["report", "inspection", "kent-2017", "-p", "confidence_level"], "name=value"),
        (["report", "inspection", "kent-2017", "-p", "=3"], "name=value"),
        (["report", "inspection", "kent-2017", "-p", "confidence_levl=0.9"], "Did you mean confidence_level?"),
        (["report", "inspection", "kent-2017", "-p", "confidence_level=high"], "'high'"),
        (["report", "inspection", "kent-2017", "-p", "confidence_level=95"], "95"),
        (["report", "inspection", "kent-2017", "-p", "audit=kent-2018"], "audit"),
        (["report", "inspection", "kent-2017", "-p", "out=elsewhere"], "out"),
        (["report", "inspection", "kent-2017", "-p", "theme=example-police"], "option of its own"),
        (["report", "inspection", "kent-2017", "--theme", "exmple-police"], "Did you mean example-police?"),
        (["report", "inspection", "kent-2017", "--format", "odt"], "odt"),
        (["report", "inspection", "kent-2017", "--format", "html,odt"], "odt"),
        (["report", "inspection", "kent-2017", "--format", ""], "none"),
        (["report", "inspecton", "kent-2017"], "Did you mean inspection?"),
        (["report", "inspection", "kent_2017"], "did you mean kent-2017?"),
        (["report", "inspection", "kent-2017", "--earlier", "kent_2016"], "kent_2016"),
        (["report", "inspection"], "audit"),
        (["estimate", "nothing.xlsx"], "nothing.xlsx"),
        (["plan", "nothing.toml"], "nothing.toml"),
        (["draw", "nothing.toml"], "nothing.toml"),
        (["init", "new", "--from", "nothing.xlsx"], "nothing.xlsx"),
        (["estimate", "kent-2017", "--confidence-level", "95"], "95"),
        (["estimate", "kent-2017", "--confidence-level", "high"], "--confidence-level"),
        (["estimate", "kent-2017", "--method", "wilsn"], "wilsn"),
        (["compare", "kent-2018", "nothing"], "nothing"),
        (["check", "nothing"], "nothing"),
        (["chek", "kent-2017"], "chek"),
        (["estimate", "--jsn", "kent-2017"], "jsn"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_gives_two_and_words(cdi, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "200")
    code, out, err = cdi(*arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


# From nothing to a drawn sample.


@pytest.fixture
def plan(tmp_path):
    """A plan over a frame of 300 incidents, and the plan's path."""
    rows = [f"I-{i:03d},2018-06-{1 + i % 30:02d},{'THEFT' if i % 3 else 'ASSAULT'}" for i in range(300)]
    (tmp_path / "frame.csv").write_text("\n".join(["id,at,code", *rows]) + "\n", encoding="utf-8")
    path = tmp_path / "plan.toml"
    path.write_text(
        'margin_of_error = 0.1\n[frame]\nsource = "frame.csv"\nrecord_id = "id"\nopened_at = "at"\n'
        'opening_code = "code"\n[[strata]]\nstratum = "violence"\nopening_codes = ["ASSAULT"]\nrate = 0.9\n',
        encoding="utf-8",
    )
    return path


def test_init_prints_what_it_wrote_and_never_writes_over_it(cdi, tmp_path):
    code, out, err = cdi("init", tmp_path / "new")
    assert (code, err) == (0, "")
    assert [line.rsplit("/", 1)[-1].rsplit("\\", 1)[-1] for line in out.splitlines()] == [
        "audit.xlsx", "worked-example.xlsx", "plan.toml", "batch.toml", "theme.toml", "notebooks", "Start here.md",
    ]  # fmt: skip
    code, out, err = cdi("init", tmp_path / "new")
    assert (code, out) == (2, "")
    assert "there already" in err


def test_init_from_says_what_it_could_not_match(cdi, bad, tmp_path):
    code, out, err = cdi("init", tmp_path / "new", "--from", bad)
    assert (code, out.strip()) == (0, str(tmp_path / "new" / "mapping.toml"))
    assert all(line.startswith("not matched: ") for line in err.splitlines())


def test_plan_then_draw(cdi, plan):
    """Of 100 records in the frame n0 / (1 + (n0 - 1) / 100), n0 = 39.9 crimes by PracTools nWilson(0.1, 0.1)."""
    assert cdi("draw", plan)[0] == 2, "no size is wanted yet"
    code, out, _ = cdi("plan", plan, "--write", "--json")
    (row,) = json.loads(out)
    assert (code, row["records_in_frame"], row["records_needed"]) == (0, 100, row["records"])
    code, out, err = cdi("draw", plan)
    assert (code, err) == (0, "")
    assert "200 rows: no stratum of the plan" in out
    workbook = plan.with_name("plan-drawn.xlsx")
    assert {str(workbook), str(plan.with_name("plan-drawn.draw.json"))} <= set(out.splitlines())
    assert cdi("draw", plan)[0] == 2, "a workbook is never replaced"
    again = json.loads(cdi("draw", plan, "--out", plan.with_name("again.xlsx"), "--json")[1])
    assert [stratum["drawn"] for stratum in again["strata"]] == [row["records"]]
    assert (sum(again["rows"].values()), again["workbook"]) == (300, str(plan.with_name("again.xlsx")))
    assert plan.with_name("again.xlsx").read_bytes() == workbook.read_bytes()


def test_folder_that_cannot_be_written_is_named(cdi, tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("a file, not a folder", encoding="utf-8")
    code, _, err = cdi("report", "inspection", "kent-2017", "--out", taken)
    assert code == 1
    assert "taken" in err
    assert "Traceback" not in err
