"""The frame: every source gives the same records, each once, and every row is accounted for."""

from __future__ import annotations

import csv
import hashlib
import random
import sqlite3
import tempfile
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path

import ibis
import openpyxl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from cdi_stats.audit.frame import open_frame, permanent_number, turned
from cdi_stats.audit.frame_engines import record_number
from cdi_stats.audit.sampling import SamplingPlan
from cdi_stats.audit.selection import draw_from_plan
from cdi_stats.errors import BadParameters, CdiStatsError

# Ibis asks pandas, for SQLite, for an option that pandas 3 has no more need of
pytestmark = pytest.mark.filterwarnings("ignore:The 'future.infer_string' option")
COLUMNS = ("Log", "Opened", "Code", "Route")
SPRING = {"period_start": date(2018, 4, 1), "period_end": date(2018, 6, 30)}
STRATA = [
    {"stratum": "violence", "opening_codes": ["assault", "DOMESTIC*"], **SPRING},
    {"stratum": "theft", "opening_codes": ["Theft  shop"], "period_start": date(2018, 6, 1)},
    {"stratum": "rest", "period_end": date(2018, 5, 31)},
]
CODES = ["ASSAULT", " assault\t", "Domestic - verbal", "DOMESTIC", "theft shop", "Theft  Shop", "RTC", "*", None, ""]
ODD_NUMBERS = [
    "É {}",
    " {} ",
    "\t{}\r\n",
    "{}\xa0",
    "A\x01{}",
    "O'Neil {}",
    "a\\b{}",
    "漢{}",
    "%{}_",
    '"{}"',
    "00{}",
    "={}",
]


def many_rows(seed=1, size=400):
    """Return rows of a frame with every oddity, some records twice, in a random order."""
    chance = random.Random(seed)
    rows = []
    for place in range(size):
        number = chance.choice(ODD_NUMBERS).format(place) if place % 4 == 0 else f"KP-{place:05d}"
        opened = datetime(2018, 3, 20) + timedelta(minutes=chance.randrange(110 * 24 * 60))
        rows.append((number, opened, chance.choice(CODES), chance.choice(["phone", "online", None])))
    rows += [("", rows[0][1], "RTC", None), (None, rows[1][1], "ASSAULT", None), ("KP-00001", None, "RTC", None)]
    rows += [(number, opened, code, "again") for number, opened, code, _ in rows[::13]]
    rows += [(number, opened and opened + timedelta(days=3), "RTC", "again") for number, opened, _, _ in rows[::17]]
    chance.shuffle(rows)
    return rows


def obvious(rows, strata=STRATA, excluded=()):
    """Return, the slow and obvious way, each stratum's records and what became of every row."""

    def tidy(code):
        return " ".join((code or "").upper().split())

    def taken_by(code):
        for stratum in strata:
            for named in map(tidy, stratum.get("opening_codes", [])):
                if tidy(code) == named or (named.endswith("*") and tidy(code).startswith(named[:-1])):
                    return stratum
        return next((stratum for stratum in strata if "opening_codes" not in stratum), None)

    held, became = {}, Counter()
    for number, opened, code, route in sorted(rows, key=lambda row: (row[1] or datetime.max, row[2] or "\U0010ffff")):
        stratum, record = taken_by(code), record_number(number or "")
        first, last = (stratum or {}).get("period_start"), (stratum or {}).get("period_end")
        if stratum is None:
            became["no stratum of the plan"] += 1
        elif (first or last) and not (opened and (first or date.min) <= opened.date() <= (last or date.max)):
            became["outside the audit window"] += 1
        elif not record:
            became["no record number"] += 1
        elif record in excluded:
            became["excluded"] += 1
        elif record in held:
            became["listed again"] += 1
        else:
            became["in the frame"] += 1
            held[record] = (stratum["stratum"], opened, code, route)
    return held, became


def write_parquet(rows, path):
    columns = [list(column) for column in zip(*rows, strict=True)]
    kinds = [pa.string(), pa.timestamp("us"), pa.string(), pa.string()]
    table = pa.table([pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)], names=COLUMNS)
    parquet.write_table(table, path)
    return path


def british(opened):
    return opened.strftime("%d/%m/%Y %H:%M") if opened else ""


def write_csv(rows, path, *, encoding="utf-8-sig", delimiter=",", heading="Opened", above=(), below=()):
    with path.open("w", encoding=encoding, errors="replace", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerows(above)
        writer.writerow(["Log text", "Log", heading, "Code", "Route", ""])
        writer.writerows(['said: "no"\nand rang off', row[0], british(row[1]), row[2], row[3], ""] for row in rows)
        writer.writerows(below)
    return path


def write_workbook(rows, path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Incidents of the spring"])
    sheet.append([])
    sheet.append(COLUMNS)
    for number, *rest in rows:
        sheet.append([number, *rest])
    sheet.append([None] * 4)
    book.save(path)
    return path


def write_sqlite(rows, path):
    with sqlite3.connect(path) as connection:
        connection.execute("create table incidents (Log text, Opened text, Code text, Route text)")
        shown = [(number, opened and opened.isoformat(" "), code, route) for number, opened, code, route in rows]
        connection.executemany("insert into incidents values (?, ?, ?, ?)", shown)
    connection.close()
    return path


def plan_of(source, strata=STRATA, *, seed="1", start=0.0, exclude=(), **frame):
    named = {"record_id": "Log", "opened_at": "Opened", "opening_code": "Code"} | frame
    return SamplingPlan(
        seed=seed, start=start, strata=strata, exclude=list(exclude), frame={"source": str(source)} | named
    )


def counted(source, strata=STRATA, **options):
    with open_frame(plan_of(source, strata, **options)) as frame:
        return frame


def everything(source, **options):
    """Return all that a frame says of itself, and all its records in their random order."""
    with open_frame(plan_of(source, keep={"route": "Route"}, **options)) as frame:
        records = frame.first("7", dict(frame.counts), 0.3)
        return frame.counts, frame.hashes, frame.accounting, records.fillna("").astype("str").to_dict("list")


@pytest.fixture(scope="module")
def rows():
    return many_rows()


@pytest.fixture(scope="module")
def source(rows, tmp_path_factory):
    return write_parquet(rows, tmp_path_factory.mktemp("frame") / "incidents.parquet")


def test_the_frame_is_what_the_slow_and_obvious_way_finds(rows, source):
    held, became = obvious(rows)
    counts, _, accounting, records = everything(source)
    assert dict(counts) == Counter(stratum for stratum, *_ in held.values())
    assert dict(accounting) == {name: became[name] for name in accounting}
    assert all(became[name] for name in accounting if name not in ("no stratum of the plan", "excluded"))
    assert sum(accounting.values()) == len(rows)
    columns = ("record_id", "stratum", "opening_code")
    found = {number: (stratum, code) for number, stratum, code in zip(*(records[c] for c in columns), strict=True)}
    assert found == {number: (stratum, code or "") for number, (stratum, _, code, _) in held.items()}


def test_the_order_is_that_of_the_permanent_numbers(rows, source):
    held, _ = obvious(rows)
    records = everything(source)[3]
    for stratum in ("violence", "theft", "rest"):
        numbers = [number for number, named in zip(records["record_id"], records["stratum"], strict=True)]
        numbers = [number for number in numbers if held[number][0] == stratum]
        assert numbers == sorted(numbers, key=lambda number: turned(permanent_number("7", number), 0.3))


@pytest.mark.parametrize("start", [0.0, 0.25, 0.9999, 1 - 2**-40])
@pytest.mark.parametrize("size", [0, 1, 7, 60])
def test_the_first_records_are_the_first_of_all(source, start, size):
    """Only a part of the order is fetched, and it goes round at its end."""
    with open_frame(plan_of(source)) as frame:
        whole = frame.first("5", dict(frame.counts), start)
        part = frame.first("5", {"violence": size, "rest": size // 2}, start)
    expected = [
        number
        for stratum, few in (("rest", size // 2), ("violence", size))
        for number in whole.loc[whole["stratum"] == stratum, "record_id"].head(few)
    ]
    assert list(part["record_id"]) == expected


def test_a_large_frame_is_searched_in_a_small_part_of_the_order(tmp_path):
    """So small a share may hold too few records: then it grows."""
    rows = [(f"R{place}", datetime(2018, 5, 1), "RTC", None) for place in range(20_000)]
    source = write_parquet(rows, tmp_path / "many.parquet")
    for seed in map(str, range(5)):
        with open_frame(plan_of(source, [{"stratum": "rest"}])) as frame:
            few = frame.first(seed, {"rest": 30}, 0.9995)
        order = sorted((row[0] for row in rows), key=lambda number: turned(permanent_number(seed, number), 0.9995))
        assert list(few["record_id"]) == order[:30]


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["A", " A", "A\xa0", "a", "B", "", None, "C\tD", "C D"]),
            st.sampled_from([None, datetime(2018, 4, 1), datetime(2018, 6, 30, 23, 59, 59), datetime(2018, 7, 1)]),
            st.sampled_from([*CODES, "assault*", "dom*"]),
            st.just(None),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_any_frame_is_accounted_for(rows):
    with tempfile.TemporaryDirectory() as folder:
        frame = counted(write_parquet(rows, Path(folder) / "frame.parquet"))
    held, became = obvious(rows)
    assert dict(frame.accounting) == {name: became[name] for name in frame.accounting}
    assert {s: n for s, n in frame.counts.items() if n} == Counter(stratum for stratum, *_ in held.values())


def test_every_source_gives_the_same_frame(rows, source, tmp_path):
    expected = everything(source)
    shuffled = random.Random(4).sample(rows, len(rows))
    minutes = [row for row in shuffled if not row[1] or not row[1].second]
    assert len(minutes) == len(rows)
    forms = {
        "as CSV": write_csv(shuffled, tmp_path / "utf-8.csv"),
        "as UTF-16": write_csv(shuffled, tmp_path / "utf-16.csv", encoding="utf-16", delimiter="\t"),
        "with semicolons": write_csv(shuffled, tmp_path / "semicolons.csv", encoding="utf-8", delimiter=";"),
    }
    for form, path in forms.items():
        assert everything(path) == expected, form
    sqlite = write_sqlite(shuffled, tmp_path / "incidents.sqlite")
    assert everything(f"sqlite://{sqlite}", table="incidents") == expected


def test_a_workbook_gives_the_same_frame(rows, tmp_path):
    """Of what XML can hold, and is not taken for a formula."""
    rows = [(number and number.translate({1: "-", ord("="): "-"}), *rest) for number, *rest in rows]
    expected = everything(write_parquet(rows, tmp_path / "incidents.parquet"))
    assert everything(write_workbook(rows, tmp_path / "incidents.xlsx")) == expected


def test_a_folder_and_a_pattern_give_the_same_frame(rows, source, tmp_path):
    expected = everything(source)
    (tmp_path / "parts" / "2018").mkdir(parents=True)
    (tmp_path / "parts" / "_temporary").mkdir()
    write_parquet(rows[:100], tmp_path / "parts" / "a.parquet")
    write_parquet(rows[100:], tmp_path / "parts" / "2018" / "b.parquet")
    write_parquet(rows, tmp_path / "parts" / "_temporary" / "c.parquet")
    assert everything(tmp_path / "parts") == expected
    write_csv(rows[:100], tmp_path / "log 1.csv", encoding="utf-8", delimiter=";")
    write_csv(rows[100:], tmp_path / "log 2.csv", encoding="utf-16", delimiter="\t")
    assert everything(tmp_path / "log ?.csv") == expected


def test_windows_1252_as_excel_writes_it(tmp_path):
    rows = [("É–1", datetime(2018, 4, 2), "Façade", "phone"), ("£2", datetime(2018, 4, 3), "Façade", "online")]
    codes = [{"stratum": "all", "opening_codes": ["façade"]}]
    plain = everything(write_csv(rows, tmp_path / "utf-8.csv"), strata=codes)
    saved = write_csv(rows, tmp_path / "saved.csv", encoding="cp1252", delimiter=";", above=[["Précis"], []])
    assert everything(saved, strata=codes) == plain
    assert sorted(plain[3]["record_id"]) == ["£2", "É–1"]


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\r\nLog;Opened;Code\r\nA1;01/04/2018;RTC\r\n0012;1/4/18 9:05;RTC\r\n",
        '"Log";"Opened";"Code"\nA1;2018-04-01;RTC\n"=""0012""";2018-04-01;RTC\n;;\n',
        'Log,"Opened","Co\nde",Code\r\nA1,1 Apr 2018,"x\ny",RTC\r\n="0012",01-APR-18,,RTC\r\n\r\n,,,\r\n',
        "Log\tOpened\tCode\rA1\t01.04.2018 02:05 PM\tRTC\r0012\t01.04.2018 02:05 PM\tRTC\r",
        "Log,Opened,Code\nA1,01/04/2018,RTC\r\n0012,2018-04-01T09:05:00,RTC\n",
    ],
    ids=["sep and two-digit years", "guarded numbers", "headings on two lines", "old Mac lines", "mixed line ends"],
)
def test_csv_in_any_dress(tmp_path, text):
    path = tmp_path / "log.csv"
    path.write_bytes(text.encode())
    with open_frame(plan_of(path, [{"stratum": "all", "opening_codes": ["RTC"], **SPRING}])) as frame:
        records = frame.first("1", dict(frame.counts))
    assert sorted(records["record_id"]) == ["0012", "A1"]
    assert set(records["opened_at"].dt.date) == {date(2018, 4, 1)}


def test_whole_numbers_are_the_same_record_numbers_as_text(tmp_path):
    numbers = [17, 9_007_199_254_740_993]
    opened = [date(2018, 4, 1)] * 2
    for kind in (pa.int64(), pa.decimal128(20, 0), pa.string()):
        given = pa.array([str(n) for n in numbers] if kind == pa.string() else numbers, kind)
        parquet.write_table(pa.table({"Log": given, "Opened": opened, "Code": [5, 5]}), tmp_path / "n.parquet")
        with open_frame(plan_of(tmp_path / "n.parquet", [{"stratum": "all", "opening_codes": ["5"]}])) as frame:
            assert sorted(frame.first("1", {"all": 2})["record_id"]) == sorted(map(str, numbers))


def test_points_in_time_count_by_the_clock_in_the_uk(tmp_path):
    """Half past eleven on 30 June in Greenwich is past midnight, and past the window, in summer time."""
    zones = [UTC, timezone(timedelta(hours=1))]
    # told to Arrow in UTC: of an hour in another zone it has been seen to drop the offset
    opened = [datetime.combine(date(2018, 6, 30), time(23, 30), zone).astimezone(UTC) for zone in zones]
    table = pa.table({"Log": ["A", "B"], "Opened": pa.array(opened, pa.timestamp("us", "UTC")), "Code": ["x", "x"]})
    parquet.write_table(table, tmp_path / "zones.parquet")
    with open_frame(plan_of(tmp_path / "zones.parquet", [{"stratum": "all", **SPRING}])) as frame:
        (record,) = frame.first("1", dict(frame.counts)).itertuples()
    assert (record.record_id, record.opened_at) == ("B", datetime(2018, 6, 30, 23, 30))


def test_both_days_of_a_window_count(tmp_path):
    edges = [datetime(2018, 3, 31, 23, 59, 59, 999999), datetime(2018, 4, 1), datetime(2018, 6, 30, 23, 59, 59, 999999)]
    rows = [(f"R{place}", opened, "x", None) for place, opened in enumerate([*edges, datetime(2018, 7, 1), None])]
    with open_frame(plan_of(write_parquet(rows, tmp_path / "f.parquet"), [{"stratum": "all", **SPRING}])) as frame:
        assert sorted(frame.first("1", dict(frame.counts))["record_id"]) == ["R1", "R2"]
    assert frame.accounting["outside the audit window"] == 3


def test_a_record_in_two_strata_counts_where_it_was_opened_first(tmp_path):
    rows = [("A", datetime(2018, 5, 2), "ASSAULT", None), ("A", datetime(2018, 5, 1), "RTC", None)]
    frame = counted(write_parquet(rows, tmp_path / "f.parquet"))
    assert frame.counts == {"violence": 0, "theft": 0, "rest": 1}
    rows[1] = ("A", datetime(2018, 7, 1), "RTC", None)
    assert counted(write_parquet(rows, tmp_path / "f.parquet")).counts == {"violence": 1, "theft": 0, "rest": 0}


def test_what_is_kept_does_not_depend_on_the_order_of_rows(tmp_path):
    rows = [("A", datetime(2018, 5, 2), "RTC", route) for route in ("phone", "online", None)]
    kept = [everything(write_parquet(order, tmp_path / "f.parquet"))[3]["route"] for order in (rows, rows[::-1])]
    assert kept[0] == kept[1]


def test_a_star_in_a_code_of_the_frame_is_a_letter(tmp_path):
    rows = [("A", None, "DOM*", None), ("B", None, "DOMESTIC", None)]
    strata = [{"stratum": "all", "opening_codes": ["DOMESTIC", "ASSAULT"]}]
    frame = counted(write_parquet(rows, tmp_path / "f.parquet"), strata)
    assert frame.counts == {"all": 1}
    assert frame.unused_codes == {"all": ["ASSAULT"]}


def test_excluded_records_are_left_out_however_they_are_listed(rows, source, tmp_path):
    held, _ = obvious(rows)
    again = Counter(record_number(row[0] or "") for row in rows)
    out = sorted(number for number in held if again[number] > 1)[:5] + sorted(held)[:5]
    lists = {
        "list.csv": lambda path: path.write_text("Log\n" + "\n".join(f'" {n}\t"' for n in out[:4]), "utf-8"),
        "list.parquet": lambda path: parquet.write_table(pa.table({"log": out[4:7]}), path),
        "audit.xlsx": lambda path: write_records(out[7:], path),
    }
    for name, write in lists.items():
        write(tmp_path / name)
    exclude = [{"source": str(tmp_path / name), "record_id": "log"} for name in lists]
    with open_frame(plan_of(source, exclude=exclude)) as frame:
        records = frame.first("1", dict(frame.counts))
    held, became = obvious(rows, excluded=set(out))
    assert sorted(records["record_id"]) == sorted(held)
    assert dict(frame.accounting) == {name: became[name] for name in frame.accounting}
    assert frame.accounting["excluded"] > len(set(out))
    assert list(frame.excluded_by.values()) == [4, 3, 3]


def write_records(numbers, path):
    book = openpyxl.Workbook()
    book.active.append(["a cover sheet"])
    sheet = book.create_sheet("records")
    sheet.append(["log"])
    for number in numbers:
        sheet.append([number])
    book.save(path)


def test_the_print_is_of_the_records_and_of_nothing_else(rows, source, tmp_path):
    held, _ = obvious(rows)
    numbers = [number for number, (stratum, *_) in held.items() if stratum == "theft"]
    digests = [hashlib.md5(number.encode()).hexdigest() for number in numbers]
    sums = [sum(int(digest[at : at + 8], 16) for digest in digests) for at in (0, 8)]
    expected = hashlib.sha256("|".join(map(str, [len(numbers), *sums])).encode()).hexdigest()[:16]
    assert counted(source).hashes["theft"] == expected
    fewer = [row for row in rows if record_number(row[0] or "") != numbers[0]]
    assert counted(write_parquet(fewer, tmp_path / "f.parquet")).hashes["theft"] != expected


def test_the_trail_of_a_frame_is_the_same_each_time(source):
    frames = [counted(source) for _ in range(2)]
    assert frames[0].query == frames[1].query
    assert "frame" in frames[0].query
    assert str(source.parent) not in frames[0].query


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_a_frame_without_records(tmp_path, kind):
    path = tmp_path / f"f.{kind}"
    if kind == "csv":
        path.write_text("Log,Opened,Code\n", "utf-8")
    else:
        parquet.write_table(
            pa.schema(zip(COLUMNS, [pa.string(), pa.date32(), pa.string()], strict=False)).empty_table(), path
        )
    with open_frame(plan_of(path)) as frame:
        assert sum(frame.accounting.values()) == 0
        assert frame.counts == {"violence": 0, "theft": 0, "rest": 0}
        assert frame.first("1", {"violence": 0}).empty


H = "Log,Opened,Code\n"
MISTAKES = {
    "an empty file": ("", "is empty"),
    "other headings": ("a,b\n1,2\n", "found no row of headings with Log in it (its first row is a, b)"),
    "a column missing": ("Log,Opened,code\nA,,x\n", "found no column Code; expected it among Log, Opened, code"),
    "a column twice": ("Log,Opened,Code,Log\nA,,x,B\n", "found column Log more than once"),
    "a quotation mark left open": (H + 'A,"1/4/2018,x\nB,1/4/2018,x\n', "look there for a quotation mark left open"),
    "a cell too few": (H + "A,1/4/2018\n", "Expected 3 columns, got 2"),
    "a cell too many": (H + "A,1/4/2018,x,Mr Smith\n", "Expected 3 columns, got 4"),
    "month before day": (H + "A,1/4/2018,x\nB,06/30/2018,x\n", "1 texts in Opened are no date, such as '06/30/2018'"),
    "a year out of hand": (H + "A,1/4/0218,x\n", "such as '1/4/0218'"),
    "a byte of no encoding": (b"Log,Opened,Code\nA\x81,,x\n", "holds a byte of no known encoding"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_file_that_cannot_be_read_is_refused_in_one_line(tmp_path, mistake):
    text, told = MISTAKES[mistake]
    (tmp_path / "log.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BadParameters) as caught:
        counted(tmp_path / "log.csv")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "Smith" not in str(caught.value)


@pytest.mark.parametrize(
    ("column", "values", "told"),
    [
        ("Log", pa.array([1.0]), "Log holds float64"),
        ("Log", pa.array([date(2018, 4, 1)]), "Log holds date"),
        ("Log", pa.array([b"A"]), "Log holds binary"),
        ("Opened", pa.array([43191]), "Opened holds int64"),
        ("Opened", pa.array([time(9)]), "Opened holds time"),
    ],
)
def test_a_column_that_engines_write_differently_is_refused(tmp_path, column, values, told):
    table = {"Log": ["A"], "Opened": [date(2018, 4, 1)], "Code": ["x"]} | {column: values}
    parquet.write_table(pa.table(table), tmp_path / "f.parquet")
    with pytest.raises(BadParameters, match=told):
        counted(tmp_path / "f.parquet")


def test_a_workbook_with_a_mistake_names_its_row(tmp_path):
    rows = [("A", datetime(2018, 4, 1), "x", None), ("B", "soon", "x", None)]
    with pytest.raises(BadParameters, match=r"1 cells in Opened are no moment, such as row 5 with 'soon'"):
        counted(write_workbook(rows, tmp_path / "f.xlsx"))
    with pytest.raises(BadParameters, match=r"frame.table: Log: found no such sheet; expected one of Sheet"):
        counted(write_workbook(rows, tmp_path / "f.xlsx"), table="Log")


@pytest.mark.parametrize(
    ("strata", "told"),
    [
        ([{"stratum": "a"}, {"stratum": "b"}], "a, b name no opening_codes"),
        ([{"stratum": "a", "opening_codes": ["RTC"]}, {"stratum": "b", "opening_codes": ["rtc "]}], "take the same"),
        ([{"stratum": "a", "opening_codes": ["RT*"]}, {"stratum": "b", "opening_codes": ["RTC"]}], "take the same"),
        ([{"stratum": "a", "opening_codes": ["RTC"]}, {"stratum": "b", "opening_codes": ["R*"]}], "take the same"),
        ([{"stratum": "a", "opening_codes": ["RT*"]}, {"stratum": "b", "opening_codes": ["R*"]}], "take the same"),
    ],
)
def test_strata_that_share_records_are_refused(source, strata, told):
    with pytest.raises(BadParameters, match=told):
        counted(source, strata)


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("nothing.csv", "nothing.csv: found no such file"),
        ("*.nothing", r"\*.nothing: found no such file"),
        ("postgresql://reader:hunter2@127.0.0.1:1/force", "frame.table: missing"),
    ],
)
def test_a_source_that_is_not_there(tmp_path, named, told):
    with pytest.raises(BadParameters, match=told):
        counted(named if "://" in named else tmp_path / named)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://reader:hunter2@127.0.0.1:1/force",
        "postgresql://reader:hun?ter2@127.0.0.1:1/force",
        "postgresql://127.0.0.1:1/force?password=hunter2&connect_timeout=2",
        "mssql://reader:hunter2@127.0.0.1:1/force",
        "oracle://reader:hunter2@127.0.0.1:1/force",
        "nothing://reader:hunter2@127.0.0.1/force",
        "postgresql://reader:hunter2@127.0.0.1:hunter2/force",
    ],
)
def test_a_database_that_does_not_answer_is_told_without_the_password(address):
    with pytest.raises(BadParameters) as caught:
        counted(address, table="incidents")
    assert str(caught.value).startswith("frame.source: ")
    assert "hun" not in str(caught.value).replace(":hunter2/force", "")
    assert "\n" not in str(caught.value)


def test_a_password_may_come_from_the_environment(rows, source, tmp_path, monkeypatch):
    (tmp_path / "it's here").mkdir()
    write_sqlite(rows, tmp_path / "it's here" / "incidents.sqlite")
    monkeypatch.setenv("CDI_TEST_PLACE", "incidents.sqlite")
    address = f"sqlite://{tmp_path}/it's here/${{CDI_TEST_PLACE}}"
    assert counted(address, table="incidents").counts == counted(source).counts
    with pytest.raises(BadParameters, match="found no environment variable CDI_TEST_NOTHING"):
        counted("postgresql://reader:${CDI_TEST_NOTHING}@127.0.0.1:1/force", table="incidents")


def test_a_table_or_column_that_is_not_there(rows, tmp_path):
    address = f"sqlite://{write_sqlite(rows, tmp_path / 'incidents.sqlite')}"
    with pytest.raises(BadParameters, match=r"frame.table: calls: cannot be read .*expected a table or view"):
        counted(address, table="calls")
    with pytest.raises(BadParameters, match=r"found no column Number; expected one of Log, Opened, Code, Route"):
        counted(address, table="incidents", record_id="Number")


def test_a_connection_of_the_caller_stays_open(source):
    connection = ibis.duckdb.connect()
    connection.read_parquet(source, table_name="incidents")
    plan = plan_of("the lake", table="incidents")
    with open_frame(plan, connection=connection) as frame:
        assert frame.counts == counted(source).counts
        assert frame.source == "the lake, incidents"
        with open_frame(plan, connection=connection) as again:
            assert again.hashes == frame.hashes
    assert connection.list_tables() == ["incidents"]


def test_nothing_is_left_on_disk_and_frames_do_not_clash(rows, tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    path = write_csv(rows, tmp_path / "log.csv")
    with open_frame(plan_of(path)) as one, open_frame(plan_of(path)) as other:
        assert len(list(temporary.iterdir())) == 2
        assert all(folder.stat().st_mode & 0o077 == 0 for folder in temporary.iterdir())
        assert list(one.first("1", {"rest": 9})["record_id"]) == list(other.first("1", {"rest": 9})["record_id"])
    assert list(temporary.iterdir()) == []
    frame = open_frame(plan_of(path))
    del frame
    assert list(temporary.iterdir()) == []
    (tmp_path / "log.csv").write_text(H + "A,soon,x\n", "utf-8")
    with pytest.raises(BadParameters):
        open_frame(plan_of(path))
    assert list(temporary.iterdir()) == []


def test_a_source_that_changes_meanwhile_is_refused(tmp_path):
    """A database that is not ours has no snapshot: too few records must not pass as a sample."""
    connection = ibis.duckdb.connect()
    path = write_parquet([(f"R{place}", None, "x", None) for place in range(50)], tmp_path / "f.parquet")
    connection.read_parquet(path, table_name="incidents")
    with open_frame(plan_of("lake", [{"stratum": "all"}], table="incidents"), connection=connection) as frame:
        (held,) = set(connection.list_tables()) - {"incidents"}
        connection.con.execute(f"delete from temp.{held} where record_id < 'R3'")
        with pytest.raises(BadParameters, match="changed while it was read"):
            frame.first("1", {"all": 40})


def test_a_plan_without_a_frame_is_refused():
    plan = SamplingPlan(strata=[{"stratum": "all", "records": 1}])
    with pytest.raises(CdiStatsError, match=r"frame: missing; expected where the population is"):
        draw_from_plan(plan)


def test_too_many_opening_codes_are_refused(tmp_path):
    rows = [("A", None, f"text {place}", None) for place in range(20_001)]
    with pytest.raises(BadParameters, match="Code holds more than 20,000 different texts"):
        counted(write_parquet(rows, tmp_path / "f.parquet"))
