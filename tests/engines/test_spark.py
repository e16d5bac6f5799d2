"""Spark gives the same draw as DuckDB, on a cluster of two executors and rows in any number of parts."""

from __future__ import annotations

import ibis
import pytest

from cdi_stats.audit.selection import draw_from_plan
from cdi_stats.errors import BadParameters

# Spark's gateway leaves its sockets to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.fixture(scope="module")
def connection(spark, frame):
    """An Ibis connection whose catalogue lists the frame, cut into parts in another order."""
    incidents = spark.read.parquet(str(frame.folder / "incidents.parquet"))
    spark.sql("create database audit")
    incidents.repartition(7).write.saveAsTable("audit.incidents")
    incidents.repartition(5).createOrReplaceTempView("incidents")
    return ibis.pyspark.connect(spark)


@pytest.mark.parametrize("table", ["incidents", "audit.incidents"])
def test_the_same_draw_as_duckdb(frame, connection, table):
    found = frame.check(connection, source="the lake", table=table)
    assert found.trail["engine"].startswith("pyspark ")
    assert found.trail["source"] == f"the lake, {table}"


@pytest.mark.usefixtures("connection")
def test_a_session_is_found_by_its_address_and_stays_open(frame, spark):
    frame.check(source="pyspark://", table="incidents")
    assert spark.sql("select 1").count() == 1


def test_points_in_time_count_by_the_clock_in_the_uk(frame, connection, spark):
    """A plain timestamp of Spark is a point in time, whatever the session's zone; a timestamp_ntz is a clock's."""
    spark.sql("""
        create or replace temp view times as
        select 'A' as Log, timestamp '2018-06-30T22:30:00Z' as point,
            timestamp_ntz '2018-06-30 23:30:00' as clock, date '2018-06-30' as day, 'x' as Code
        union all
        select 'B', timestamp '2018-06-30T23:30:00Z', timestamp_ntz '2018-07-01 00:30:00', date '2018-07-01', 'x'
    """)
    strata = [{"stratum": "june", "period_start": "2018-06-30", "period_end": "2018-06-30", "records": 1}]
    for column, shown in (("point", "23:30"), ("clock", "23:30"), ("day", "00:00")):
        plan = frame.plan(source="the lake", table="times", opened_at=column, keep={})
        plan = type(plan)(**plan.model_dump() | {"strata": strata, "exclude": [], "reserve": 0})
        (record,) = draw_from_plan(plan, connection=connection).records.itertuples()
        assert (record.record_id, f"{record.opened_at:%d %H:%M}") == ("A", f"30 {shown}")


def test_what_cannot_be_read_is_told_in_one_line(frame, connection):
    for named, told in (
        ({"table": "nothing"}, "frame.table: nothing: cannot be read from the lake"),
        ({"table": "audit.nothing"}, "frame.table: audit.nothing: cannot be read"),
        ({"table": "incidents", "opened_at": "Code"}, "frame.opened_at: Code holds string"),
        ({"table": "incidents", "record_id": "Number"}, "found no column Number; expected one of Log, Opened"),
    ):
        with pytest.raises(BadParameters, match=told) as caught:
            draw_from_plan(frame.plan(source="the lake", **named), base=frame.folder, connection=connection)
        assert "\n" not in str(caught.value)
