"""PostgreSQL gives the same draw as DuckDB, reads one state of the database, and is never written to."""

from __future__ import annotations

import csv
from collections.abc import Callable

import pytest

from cdi_stats.audit.selection import draw_from_plan
from cdi_stats.errors import BadParameters

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed: see the extra 'postgres'")
TABLE = """
    create schema audit;
    create table audit.incidents ("Log" text, "Opened" timestamp, "Code" varchar(40), "Route" char(8));
    create role reader login;
    grant usage on schema audit to reader;
    grant select on audit.incidents to reader;
"""
# Welsh orders ff after fg: texts compared by this collation would not be in the order of their hex digits
DATABASES = {
    "force": "encoding 'UTF8' locale 'C'",
    "welsh": "encoding 'UTF8' locale 'C' locale_provider icu icu_locale 'cy'",
    "latin": "encoding 'LATIN1' locale 'C'",
}


@pytest.fixture(scope="module")
def address(postgres, frame) -> Callable[[str], str]:
    """Fill each database, its rows in an order of its own, and return the address of any."""

    def of(database: str) -> str:
        return f"postgresql://reader:hunter2@/{database}?host={postgres}"

    for place, (database, made) in enumerate(DATABASES.items()):
        with psycopg.connect(host=postgres, user="auditor", dbname="postgres", autocommit=True) as connection:
            connection.execute(f"create database {database} {made} template template0")
        with psycopg.connect(host=postgres, user="auditor", dbname=database) as connection:
            connection.execute(TABLE if place == 0 else TABLE.replace("create role reader login;", ""))
            if database != "latin":
                copy_rows(connection, frame.shuffled(place))
    return of


def copy_rows(connection, rows):
    with connection.cursor() as cursor, cursor.copy("copy audit.incidents from stdin") as copy:
        for row in rows:
            copy.write_row(row)


@pytest.fixture
def change(postgres):
    """Change a database as its owner."""

    def run(statement, database="force"):
        with psycopg.connect(host=postgres, user="auditor", dbname=database, autocommit=True) as connection:
            return connection.execute(statement)

    return run


@pytest.mark.parametrize("table", ["audit.incidents", "force.audit.incidents"])
def test_the_same_draw_as_duckdb(frame, address, table):
    found = frame.check(source=address("force"), table=table)
    assert found.trail["engine"].startswith("postgres ")
    assert found.trail["source"] == f"postgresql:///force, {table}"
    assert "hunter2" not in str(found.trail)


def test_the_schema_may_stand_in_the_address(frame, address):
    frame.check(source=address("force").replace("/force?", "/force/audit?"), table="incidents")


def test_a_collation_in_which_hex_digits_have_another_order(frame, address):
    with psycopg.connect(address("welsh")) as connection:
        assert connection.execute("select 'ff' > 'fg'").fetchone() == (True,)
    frame.check(source=address("welsh"), table="audit.incidents")


def test_a_database_in_another_encoding(frame, address, postgres, tmp_path):
    """Letters beyond ASCII are other bytes there: the numbers are hashed as UTF-8 all the same."""
    rows = [row for row in frame.shuffled(8) if all(fits(cell) for cell in row)]
    assert any(row[0] and "É" in row[0] for row in rows)
    with psycopg.connect(host=postgres, user="auditor", dbname="latin") as connection:
        copy_rows(connection, rows)
    plan = frame.plan(source=address("latin"), table="audit.incidents")
    found = draw_from_plan(plan, base=frame.folder)
    latin = tmp_path / "latin.csv"
    write_csv(rows, latin)
    expected = draw_from_plan(frame.plan(source=str(latin)), base=frame.folder)
    assert list(found.records["record_id"]) == list(expected.records["record_id"])
    assert found.hashes == expected.hashes


def fits(cell):
    return not isinstance(cell, str) or cell == cell.encode("latin-1", "ignore").decode("latin-1")


def write_csv(rows, path):
    with path.open("w", encoding="utf-16", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow(["Log", "Opened", "Code", "Route"])
        writer.writerows((row[0], row[1] and row[1].isoformat(" "), *row[2:]) for row in rows)


def test_a_frame_is_one_state_of_the_database_and_cannot_change_it(frame, address, change):
    change("""
        create view audit.states as
        select "Log", "Opened", "Code", current_setting('transaction_read_only') as "Route" from audit.incidents;
        create view audit.levels as
        select "Log", "Opened", "Code", current_setting('transaction_isolation') as "Route" from audit.incidents;
        grant select on audit.states, audit.levels to reader;
    """)
    for view, expected in (("states", "on"), ("levels", "repeatable read")):
        found = draw_from_plan(frame.plan(source=address("force"), table=f"audit.{view}"), base=frame.folder)
        assert set(found.records["route"]) == {expected}
        assert found.hashes == frame.expected.hashes


def test_points_in_time_dates_and_numbers_of_any_kind(frame, address, change):
    change("""
        create view audit.kinds as
        select n as whole, n::numeric(12) as numeric, n::text as text, n::numeric as decimal, n::float8 as floating,
            gen_random_uuid() as uuid, timestamptz '2018-06-30 23:30+00' as moment, date '2018-06-30' as day,
            '30/06/2018' as written, 'x' as code
        from generate_series(1, 50) n;
        grant select on audit.kinds to reader;
    """)
    strata = [{"stratum": "june", "opening_codes": ["X"], "period_end": "2018-06-30", "records": 0}]

    def counted(record_id, opened_at):
        named = {"record_id": record_id, "opened_at": opened_at, "opening_code": "code", "keep": {}}
        plan = frame.plan(source=address("force"), table="audit.kinds", **named).model_copy(update={"exclude": []})
        found = draw_from_plan(type(plan)(**plan.model_dump() | {"strata": strata}), base=frame.folder)
        return found.counts["june"], found.hashes["june"]

    whole = counted("whole", "day")
    assert whole[0] == 50
    assert counted("numeric", "day") == whole
    assert counted("text", "day") == whole
    assert counted("whole", "moment")[0] == 0
    for record_id, opened_at, told in (
        ("decimal", "day", "frame.record_id: decimal holds decimal"),
        ("floating", "day", "frame.record_id: floating holds float64"),
        ("whole", "written", "frame.opened_at: written holds string"),
    ):
        with pytest.raises(BadParameters, match=told):
            counted(record_id, opened_at)


@pytest.mark.parametrize(
    ("change_in", "told"),
    [
        (("/force?", "/nothing?"), 'frame.source: postgresql:///nothing: cannot be opened .*"nothing" does not exist'),
        (("reader", "stranger"), "frame.source: postgresql:///force: cannot be opened"),
        (("hunter2@/", "hunter2@127.0.0.1:1/"), "frame.source: postgresql://127.0.0.1:1/force: cannot be opened"),
    ],
)
def test_a_database_that_cannot_be_opened_is_told_in_one_line(frame, address, change_in, told):
    source = address("force").replace(*change_in)
    if "127.0.0.1" in source:
        source = source.partition("?")[0]
    with pytest.raises(BadParameters, match=told) as caught:
        draw_from_plan(frame.plan(source=source, table="audit.incidents"), base=frame.folder)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_table_that_may_not_be_read_is_told_in_one_line(frame, address, change):
    change("create table audit.secret as select * from audit.incidents limit 1")
    for table in ("audit.secret", "audit.nothing", "nothing"):
        with pytest.raises(BadParameters, match="cannot be read") as caught:
            draw_from_plan(frame.plan(source=address("force"), table=table), base=frame.folder)
        assert "\n" not in str(caught.value)
