"""A batch whose audits and reports are at URLs: made once, made again where either has changed, the ledger here."""

import json
import os
import shutil

import pytest

from cdi_stats.batch.plan import read_batch_plan
from cdi_stats.errors import BadParameters

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the URLs of folders are written as elsewhere")


def test_audits_and_reports_at_urls(place):
    """`dir` is a driver that works in a thread of its own, as those of object stores do, on folders of this machine."""
    store = place.folder / "store"
    (store / "audits").mkdir(parents=True)
    place.audits("alpha", "beta")
    for name in ("alpha", "beta"):
        shutil.move(place.folder / f"{name}.xlsx", store / "audits")
    place.ask(f"dir://audits/*.xlsx::file://{store}", top=f'out = "dir://reports::file://{store}"')
    code, _, counts = place.run()
    assert (code, counts["published"]) == (0, 2)
    manifests = sorted((store / "reports").glob("*/*/manifest.json"))
    assert [path.parent.relative_to(store / "reports").as_posix() for path in manifests] == [
        "alpha/inspection",
        "batch/summary",
        "beta/inspection",
    ]
    told = json.loads(manifests[0].read_text("utf-8"))
    assert told["fetched"] == {"alpha": f"dir://audits/alpha.xlsx::file://{store}"}
    assert "alpha/inspection/version-" in (store / "reports" / "index.html").read_text("utf-8")
    assert not place.out.exists()
    assert [*place.scratch.iterdir()] == []

    (page,) = manifests[2].parent.glob("version-*/inspection.html")
    page.unlink()
    code, reports, counts = place.run()
    assert (code, counts["current"], counts["published"]) == (0, 1, 1)
    assert reports["beta"]["result"] == "published"
    assert page.is_file()


def test_what_is_wrong_with_a_plans_urls_is_told_before_anything_starts(place):
    place.ask("none://auditor:s3cret@a.xlsx", "memory://none/*.xlsx", top='out = "nowhere://reports"')
    with pytest.raises(BadParameters) as refused:
        read_batch_plan(place.plan)
    none, found, out = str(refused.value).splitlines()
    assert none.startswith(
        "plan.toml: report 1, audits 1: none://a.xlsx: cannot be read (Protocol not known: none). To "
    )
    assert found.startswith("plan.toml: report 1, audits 2: found no audit at 'memory://none/*.xlsx'; expected")
    assert out.startswith("plan.toml: out: nowhere://reports: cannot be used (Protocol not known: nowhere). To mend: ")
