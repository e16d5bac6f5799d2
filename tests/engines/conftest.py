"""What tests of engines share: one frame with every oddity, and servers that live only as long as the tests."""

from __future__ import annotations

import gc
import os
import random
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from cdi_stats.audit.sampling import SamplingPlan
from cdi_stats.audit.selection import Selection, draw_from_plan

COLUMNS = ("Log", "Opened", "Code", "Route")
ROWS = 4_000
ODD_NUMBERS = (
    *("É {}", " {} ", "\t{}\r\n", "{}\xa0", "A\xa0{}", "A {}", "A\x01{}", "\u2003{}", "e\u0301{}", "𝔘漢{}"),
    *("O'Neil {}", "back\\{}", "%{}_", '"{}"', "${}", "00{}", "={}", "{};x", "kp-{}", "KP-{}"),
)
CODES = (
    "ASSAULT",
    " assault\t",
    "Domestic - verbal",
    "DOMESTIC",
    "theft shop",
    "Theft  Shop",
    "Façade",
    "O'K",
    None,
    "",
)
PLAN = {
    "seed": "s|'\\é",
    "start": 0.99,
    "reserve": 5,
    "second_review": 0.1,
    "strata": [
        {
            "stratum": "violence",
            "opening_codes": ["assault", "DOMESTIC*"],
            "period_start": "2018-04-01",
            "period_end": "2018-06-30",
            "records": 60,
        },
        {"stratum": "theft", "opening_codes": ["THEFT shop"], "period_start": "2018-06-01", "records": 200},
        {"stratum": "rest", "records": 30},
    ],
}


def make_rows() -> list[tuple[Any, ...]]:
    chance = random.Random(20180401)
    rows: list[tuple[Any, ...]] = []
    for place in range(ROWS):
        number = chance.choice(ODD_NUMBERS).format(place) if place % 3 == 0 else f"KP-{place:05d}"
        number = chance.choice([None, "", " ", "\t"]) if place % 97 == 0 else number
        opened = datetime(2018, 3, 20) + timedelta(minutes=chance.randrange(120 * 24 * 60))
        rows.append((number, opened if place % 53 else None, chance.choice(CODES), chance.choice(["phone", None])))
    rows += [(number, opened, code, "again") for number, opened, code, _ in rows[::37]]
    rows += [(number, opened and opened + timedelta(days=1), "O'K", "again") for number, opened, _, _ in rows[::41]]
    chance.shuffle(rows)
    return rows


@dataclass(frozen=True)
class Drawn:
    """A frame on DuckDB and what is drawn from it: what every other engine has to give too."""

    folder: Path
    rows: list[tuple[Any, ...]]
    excluded: list[str]
    expected: Selection

    def plan(self, **frame: Any) -> SamplingPlan:
        named = {"record_id": "Log", "opened_at": "Opened", "opening_code": "Code", "keep": {"route": "Route"}}
        exclude = [{"source": "audited.csv", "record_id": "log"}]
        return SamplingPlan(**PLAN, frame=named | frame, exclude=exclude)

    def shuffled(self, seed: int) -> list[tuple[Any, ...]]:
        return random.Random(seed).sample(self.rows, len(self.rows))

    def check(self, connection: Any = None, **frame: Any) -> Selection:
        """Draw from another engine and assert that nothing differs but the engine's own name and words."""
        found = draw_from_plan(self.plan(**frame), base=self.folder, connection=connection)
        pd.testing.assert_frame_equal(found.records, self.expected.records)
        pd.testing.assert_frame_equal(found.strata, self.expected.strata)
        differing = {"source", "engine", "query", "plan"}
        assert {name: value for name, value in found.trail.items() if name not in differing} == {
            name: value for name, value in self.expected.trail.items() if name not in differing
        }
        return found


@pytest.fixture(scope="session")
def frame(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    """The frame as Parquet, drawn on DuckDB."""
    folder, rows = tmp_path_factory.mktemp("frame"), make_rows()
    kinds = (pa.string(), pa.timestamp("us"), pa.string(), pa.string())
    columns = [pa.array(column, kind) for column, kind in zip(zip(*rows, strict=True), kinds, strict=True)]
    parquet.write_table(pa.table(columns, names=COLUMNS), folder / "incidents.parquet")
    excluded = [number for number, _, code, _ in rows[::11] if number and number.strip() and code]
    listed = "\n".join('"' + number.replace('"', '""') + '"' for number in excluded)
    (folder / "audited.csv").write_text("log\n" + listed + "\n", encoding="utf-8", newline="")
    drawn = Drawn(folder, rows, excluded, expected=None)  # type: ignore[arg-type]
    expected = draw_from_plan(drawn.plan(source="incidents.parquet"), base=folder)
    assert all(expected.trail["frame"][name] for name in expected.trail["frame"] if name != "no stratum of the plan")
    return Drawn(folder, rows, excluded, expected)


def server_programs() -> Path | None:
    """Return where PostgreSQL's server programs are: Debian keeps them off the path."""
    found = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return Path(found).parent if found else debian[-1].parent if debian else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server of the tests' own, over a Unix socket that only they can reach; its host for psycopg."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: see the extra 'postgres'")
    programs = server_programs()
    if programs is None:
        pytest.skip("no PostgreSQL server programs (Debian: apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="cdi-pg-"))
    # PostgreSQL refuses to run as root
    owner = "nobody" if os.geteuid() == 0 else None
    if owner:
        shutil.chown(folder, owner)
    data = folder / "data"

    def run(program: str, *options: str) -> None:
        command = [programs / program, "-D", data, *options]
        done = subprocess.run(command, user=owner, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    try:
        run("initdb", "--auth=trust", "--username=auditor", "--no-sync", "--encoding=UTF8", "--locale=C")
        settings = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off -c max_connections=20"
        run("pg_ctl", "--wait", "--timeout=180", "--options", settings, "--log", str(folder / "log"), "start")
        try:
            yield str(folder)
        finally:
            run("pg_ctl", "--mode=immediate", "--wait", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A Spark cluster on this machine: a master and two workers with an executor each."""
    pyspark = pytest.importorskip("pyspark", reason="Spark is not installed: see requirements-spark.lock")
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("no Java for Spark (Debian: apt-get install default-jre-headless)")
    folder = tmp_path_factory.mktemp("spark")
    # its workers write below its home, whatever they are told
    (folder / "home").mkdir()
    for part in Path(pyspark.__file__).parent.iterdir():
        (folder / "home" / part.name).symlink_to(part)
    environment = {
        "SPARK_HOME": str(folder / "home"),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(folder / "local"),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        builder = pyspark.sql.SparkSession.builder.master("local-cluster[2,1,512]").appName("cdi-stats tests")
        given = {
            "spark.executor.memory": "512m",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.ui.enabled": "false",
            # short questions: compiling them takes longer than answering
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
            "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1",
            "spark.sql.codegen.wholeStage": "false",
            "spark.sql.adaptive.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.sql.shuffle.partitions": "3",
            "spark.sql.session.timeZone": "Europe/London",
            "spark.sql.warehouse.dir": str(folder / "warehouse"),
        }
        session = builder.config(map=given).getOrCreate()
        try:
            yield session
        finally:
            session.stop()
            del session
            with warnings.catch_warnings():
                # what Spark's gateway leaves open is closed with its process
                warnings.simplefilter("ignore", ResourceWarning)
                gc.collect()
