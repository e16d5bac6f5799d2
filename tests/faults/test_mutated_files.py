"""Damaged and hostile files: each ends in a clear message, within 1 GB, in a process of its own.

`CDI_MUTANTS=2000 python -m pytest tests/faults/test_mutated_files.py` makes as many.
"""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import subprocess
import sys
import textwrap
import zipfile
from contextlib import contextmanager
from functools import cache

import odfdo
import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest
import xlsxwriter

from cdi_stats.audit.examples import build_example
from cdi_stats.audit.template import write_workbook

LONGEST = 60  # seconds of processor: a guard against work without end; how fast it is, benchmarks say
MUTANTS = int(os.environ.get("CDI_MUTANTS", "120"))
WORKER = textwrap.dedent("""
    import json, re, sys, time
    from pathlib import Path
    from cdi_stats.audit.reading import inspect_audit
    from cdi_stats.errors import CdiStatsError
    for line in sys.stdin:
        path, start, said = line.strip(), time.process_time(), "read"
        try:
            found = inspect_audit(path)
            said = "; ".join(str(p) for p in found.problems)[:300] or "in order"
        except CdiStatsError as error:
            said = "refused: " + str(error)[:300]
        except BaseException as error:
            said = f"TRACEBACK {type(error).__name__}: {error}"[:300]
        # not getrusage: it counts what the process that started this one held
        peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
        print(json.dumps([path, said, time.process_time() - start, peak]), flush=True)
""")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A workbook, its ods twin and a Parquet sheet, from which mutants are made."""
    folder = tmp_path_factory.mktemp("whole")
    tables = {name: table.head(40) for name, table in build_example("kent-board-2017").items()}
    write_workbook(tables, folder / "audit.xlsx")
    document = odfdo.Document("spreadsheet")
    document.body.clear()
    for name, table in tables.items():
        sheet = odfdo.Table(name)
        for values in [list(table.columns), *table.itertuples(index=False)]:
            row = odfdo.Row()
            for value in values:
                row.append_cell(odfdo.Cell(None if pd.isna(value) else value))
            sheet.append_row(row)
        document.body.append(sheet)
    document.save(folder / "audit.ods")
    return (folder / "audit.xlsx").read_bytes(), (folder / "audit.ods").read_bytes()


def members(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {member.filename: archive.read(member) for member in archive.infolist()}


def packed(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def cut(rng, data):
    return data[: rng.randrange(len(data))]


def flipped(rng, data):
    changed = bytearray(data)
    for _ in range(rng.randrange(1, 60)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def inside(rng, data):
    """Change bytes of a part's XML before it is packed again, so that the archive itself is whole."""
    parts = members(data)
    name = rng.choice([name for name in parts if name.endswith(("xml", "rels"))])
    content = bytearray(parts[name])
    for _ in range(rng.randrange(1, 30)):
        place = rng.randrange(len(content) + 1)
        content[place : place + rng.randrange(3)] = rng.choice(
            [b"<", b">", b"&", b'"', b"", b"\x00", b"9", b"\xff", b"/"]
        )
    return packed({**parts, name: bytes(content)})


def dropped(rng, data):
    parts = members(data)
    del parts[rng.choice(sorted(parts))]
    return packed(parts)


def swapped(rng, data):
    parts = members(data)
    first, second = rng.sample(sorted(parts), 2)
    return packed({**parts, first: parts[second], second: parts[first]})


def numbers(rng, data):
    """Put huge, negative and absurd numbers where attributes had others."""
    parts = members(data)
    name = rng.choice([name for name in parts if name.endswith(".xml") and b'="' in parts[name]])
    pieces = parts[name].split(b'="')
    for _ in range(rng.randrange(1, 8)):
        place = rng.randrange(1, len(pieces))
        rest = pieces[place].partition(b'"')[2]
        wrong = rng.choice(
            [b"999999999999", b"-1", b"XFD1048576", b"A0", b"", b"1e9", b"4294967296", b"../../x", b"A" * 3000]
        )
        pieces[place] = wrong + b'"' + rest
    return packed({**parts, name: b'="'.join(pieces)})


@cache
def blown(data, size):
    return packed({**members(data), "xl/bomb.xml": b" " * size})


def bomb(rng, data):
    return blown(data, rng.choice([60_000_000, 320_000_000]))


def entities(rng, data):
    parts = members(data)
    name = rng.choice([name for name in parts if name.endswith(".xml")])
    lines = b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 10))
    head = b'<!DOCTYPE x [<!ENTITY e0 "ha">' + lines + b"]>"
    content = parts[name].replace(b"?>", b"?>" + head, 1).replace(b"</", b"&e9;</", 1)
    return packed({**parts, name: content})


def external(rng, data):
    parts = members(data)
    name = rng.choice(sorted(parts))
    head = b'<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p; <!ENTITY q SYSTEM "file:///etc/hostname">]>'
    return packed({**parts, name: parts[name].replace(b"?>", b"?>" + head, 1).replace(b"</t>", b"&q;</t>", 1)})


def huge(rng, data):
    parts = members(data)
    sheets = [name for name in parts if "worksheets/sheet" in name and b"</row>" in parts[name]]
    if not sheets:
        repeat = b'table:number-rows-repeated="%d" ' % rng.choice([1_000_000, 10**9, 10**12])
        return packed(
            {**parts, "content.xml": parts["content.xml"].replace(b"<table:table-row", b"<table:table-row " + repeat)}
        )
    cell = b'<c r="%s"><v>1</v></c></row>' % rng.choice(
        [b"XFD1048576", b"A1048576", b"ZZ9", b"AAAA1", b"XFD1", b"a9999999"]
    )
    name = rng.choice(sheets)
    return packed({**parts, name: parts[name].replace(b"</row>", cell, 1)})


def nested(rng, data):
    parts = members(data)
    name = rng.choice([name for name in parts if name.endswith(".xml")])
    return packed({**parts, name: parts[name].replace(b"?>", b"?>" + b"<a>" * rng.choice([1000, 200_000]), 1)})


def noise(rng, _):
    return rng.choice(
        [b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"<html>", b"%PDF-1.7", b"\x1f\x8b", b"record_id,stratum\n"]
    ) + rng.randbytes(rng.choice([0, 10, 5000]))


@cache
def parquet():
    """Return the tables of an audit as Parquet files, by name."""
    made = {}
    for name, table in build_example("kent-board-2017").items():
        out = io.BytesIO()
        table.head(40).astype("str").to_parquet(out)
        made[f"{name}.parquet"] = out.getvalue()
    return made


def columns(rng, _):
    """Damage one file of a Parquet folder."""
    files = dict(parquet())
    name = rng.choice(sorted(files))
    return {**files, name: rng.choice([cut, flipped])(rng, files[name])}


def lines(rng, _):
    """Damage the text of a CSV folder, in any encoding."""
    encoding = rng.choice(["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
    files = {
        f"{name}.csv": table.head(40).to_csv(index=False, sep=rng.choice(",;\t|")).encode(encoding, "replace")
        for name, table in build_example("kent-board-2017").items()
    }
    name = rng.choice(sorted(files))
    marks = [b'"', b"\x00", b"\r", b"\xff\xfe", b"sep=x\n", b",", b"\n" * 1000, b"=1+1", b"\xf0\x9f\x98\x80"]
    content = bytearray(files[name])
    for _ in range(rng.randrange(1, 20)):
        place = rng.randrange(len(content) + 1)
        content[place : place + rng.randrange(3)] = rng.choice(marks)
    return {**files, name: rng.choice([bytes(content), cut(rng, bytes(content)), flipped(rng, bytes(content))])}


KINDS = [cut, flipped, inside, dropped, swapped, numbers, bomb, entities, external, huge, nested, noise, columns, lines]


def put(path, made):
    """Write a file, or a folder of files, and return where it is."""
    if isinstance(made, bytes):
        path = path.with_suffix(".xlsx")
        path.write_bytes(made)
        return path
    path.mkdir()
    for name, content in made.items():
        (path / name).write_bytes(content)
    return path


@contextmanager
def reader():
    """Give a function that reads a path in a process of its own: what it said, the seconds, the peak in megabytes."""
    with subprocess.Popen(
        [sys.executable, "-c", WORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as worker:

        def read(path):
            worker.stdin.write(f"{path}\n")
            worker.stdin.flush()
            answer = worker.stdout.readline()
            assert answer, f"{path.name} ended the process"
            _, said, seconds, peak = json.loads(answer)
            assert not said.startswith("TRACEBACK"), (path.name, said)
            assert "root:" not in said
            assert seconds < LONGEST, (path.name, seconds)
            assert peak < 1024, (path.name, peak)
            return said, seconds, peak

        yield read
        worker.stdin.close()


def test_mutants_end_in_words_within_bounds(whole, tmp_path, capsys):
    rng = random.Random(20260101)
    made = {}
    with reader() as read:
        for number in range(MUTANTS):
            kind = KINDS[number % len(KINDS)]
            path = put(tmp_path / f"{number}-{kind.__name__}", kind(rng, whole[rng.random() < 0.3]))
            made[path.name] = read(path)
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    refused = sum(said.startswith("refused") for said, *_ in made.values())
    assert refused > len(made) / 3
    slowest = max(made, key=lambda name: made[name][1])
    with capsys.disabled():
        print(f"\n{len(made):,} mutants: {refused:,} refused; slowest {slowest} {made[slowest][1]:.1f} s; "
              f"peak {max(peak for *_, peak in made.values()):.0f} MB")  # fmt: skip


def one_text_in_every_row():
    """A Parquet file of 25 kB whose one text of a million letters stands in 20,000 rows."""
    texts = pyarrow.DictionaryArray.from_arrays(
        pyarrow.array([0] * 20_000, pyarrow.int32()), pyarrow.array(["x" * 10**6])
    )
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"record_id": texts}), out, compression="zstd", store_schema=False)
    return {"records.parquet": out.getvalue()}


SMALL_FILES = {
    "one text in every row": one_text_in_every_row,
    "blank lines": lambda: {"records.csv": b"\n" * 90_000_000},
    "one line of commas": lambda: {"records.csv": b"record_id\n" + b"," * 90_000_000},
    "lines of commas": lambda: {"records.csv": (b"," * 999 + b"\n") * 90_000},
    "a quotation mark left open": lambda: {"records.csv": b'record_id\n"' + b"x\n" * 45_000_000},
    "letters of four bytes": lambda: {"records.csv": ("\U0001f600" + "x" * 1000 + "\n").encode() * 90_000},
    "more rows than a sample": lambda: {"records.csv": b"record_id,stratum\n" + b"a,b\n" * 2_400_000},
}


@pytest.mark.parametrize("name", SMALL_FILES)
def test_small_files_that_would_fill_the_memory(tmp_path, name):
    path = put(tmp_path / "audit", SMALL_FILES[name]())
    with reader() as read:
        assert read(path)[0].startswith("refused")


@pytest.mark.parametrize("cell", ["maybe", "x {}", "=1"])
def test_a_sheet_full_of_faults_is_told_in_time(tmp_path, cell):
    """Hints and spellings are not looked for without end, and no problem is placed by going through all rows."""
    with xlsxwriter.Workbook(tmp_path / "audit.xlsx", {"constant_memory": True}) as book:
        for title, table in build_example("kent-board-2017").items():
            sheet, names = book.add_worksheet(title), list(table.columns)
            rows = table.astype("object").where(table.notna(), "").map(str).values.tolist()
            if title == "crimes":
                rows = [[cell.format(row)] * len(names) for row in range(20_000)]
            for number, row in enumerate([names, *rows]):
                sheet.write_row(number, 0, row)
    with reader() as read:
        assert not read(tmp_path / "audit.xlsx")[0].startswith("refused")


def test_a_link_to_another_workbook_is_not_followed(tmp_path):
    """A formula that points into another file counts by its saved value; without one it is refused."""
    import openpyxl

    from cdi_stats.audit.files import open_book

    workbook = openpyxl.Workbook()
    workbook.active["A1"] = "='[http://example.invalid/x.xlsx]Sheet1'!A1"
    workbook.save(tmp_path / "a.xlsx")
    (cell,) = open_book(tmp_path / "a.xlsx").read("Sheet")[0]
    assert cell.rule == "formula-without-value"
