"""Numbers of an audit that must add up: sizes, frames, totals and their parts. All reconciliations stand at the end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pandas as pd

from cdi_stats.audit.consistency import ROWS_AGREE, Facts, Reconciliation, Tables, rows, yes
from cdi_stats.audit.details import ALL, Counted, counted_in_detail, crime_strata
from cdi_stats.audit.problems import Problem

FAR = timedelta(days=731)
SAMPLED = ("recording_rate", "timeliness", "safeguarding", "investigated")
REVIEWED = ("n100_made", "n100_correct", "cancelled_correctly")


def _examined(tables: Tables) -> pd.DataFrame:
    records = tables["records"]
    return records[records["exclusion"].isna()]


def _periods(_: Facts, tables: Tables) -> Iterator[Problem]:
    strata = tables["strata"]
    for number, row in rows(strata, strata["period_end"] < strata["period_start"]):
        yield Problem(
            *("strata", f"{row.period_end:%d %B %Y}", f"a day from {row.period_start:%d %B %Y} on"),
            *("correct the start or the end of the period", number, "period_end"),
            rule="period-order",
        )


def _reference_years(_: Facts, tables: Tables) -> Iterator[Problem]:
    strata = tables["strata"]
    for number, _row in rows(strata, strata["recorded_in_year"].notna() & strata["year_end"].isna()):
        yield Problem(
            *("strata", "a blank cell", "a date beside the crimes recorded in the year"),
            *("give the last day of the reference year", number, "year_end"),
            rule="year-end-missing",
        )
    for number, row in rows(strata, (strata["year_end"] - strata["period_end"]).abs() > FAR):
        yield Problem(
            *(
                "strata",
                f"{row.year_end:%d %B %Y}",
                f"a day near {row.period_end:%d %B %Y}, the period's last",
            ),
            *("correct the date, or leave it if that year is meant", number, "year_end"),
            rule="year-end-far",
        )


def _frames(_: Facts, tables: Tables) -> Iterator[Problem]:
    strata = tables["strata"]
    listed = strata["stratum"].map(_examined(tables).groupby("stratum").size()).fillna(0).astype("Int64")
    most = listed.where(listed > strata["records_sampled"].fillna(0), strata["records_sampled"])
    for number, row in rows(strata, strata["records_in_frame"] < most):
        yield Problem(
            *("strata", str(row.records_in_frame), f"at least the {most[number]} records sampled"),
            *("give the number of records the sample was drawn from", number, "records_in_frame"),
            rule="sample-above-frame",
        )


def _sampled(_: Facts, tables: Tables) -> Iterator[Problem]:
    if tables["records"]["stratum"].isna().all():
        return
    strata = tables["strata"]
    listed = _examined(tables).groupby("stratum").size()
    counted = strata["stratum"].map(listed).fillna(0).astype(int)
    stated = strata["records_sampled"]
    for number, row in rows(strata, (stated != counted) & (stated > 0)):
        yield Problem(
            *("strata", f"{row.records_sampled} for {row.stratum}", f"the {counted[number]} records listed for it"),
            *("correct the number, or add the records (also those with no crime due)", number, "records_sampled"),
            rule="sampled-count",
        )
    lonely = (counted == 1) & ~yes(strata["records_in_frame"] == 1)
    for number, row in rows(strata, lonely):
        yield Problem(
            *("strata", f"one sampled record in {row.stratum}", "two or more, to see any variation"),
            *("sample more records, or merge the stratum with another", number, "records_sampled"),
            rule="single-record",
        )


def _totals_have_records(_: Facts, tables: Tables) -> Iterator[Problem]:
    """Yield the strata that hold totals or records but, they say, no sampled record."""
    counts, strata = tables["counts"], tables["strata"]
    if not yes(strata["records_sampled"] == 0).any():
        return
    counted = set(
        counts.loc[yes((counts["measure"] == "recording_rate") & (counts["reported"] > 0)), "stratum"].dropna()
    ) | set(_examined(tables)["stratum"].dropna())
    for number, _row in rows(strata, (strata["records_sampled"] == 0) & strata["stratum"].isin(counted)):
        expected = "the records examined, since the file holds records or crimes of it"
        place = number, "records_sampled"
        yield Problem(
            "strata",
            "0",
            expected,
            "give the number, or where none is known that of the crimes",
            *place,
            rule="totals-without-records",
        )


PARTS = (
    ("counts", "recorded", "reported", None),
    ("vulnerable", "recorded", "reported", None),
    ("vulnerable", "safeguarded", "reported", "crimes not recorded"),
    ("vulnerable", "investigated", "reported", "crimes not recorded"),
    ("equality", "complete", "examined", None),
    ("draw", "drawn", "records_in_frame", None),
)


def _parts_within_wholes(_: Facts, tables: Tables) -> Iterator[Problem]:
    for sheet, part, whole, what in PARTS:
        table = tables[sheet]
        most = table[whole] if what is None else table[whole] - table["recorded"]
        for number, row in rows(table, table[part] > most):
            expected = f"at most {most.loc[number]}, the {what or whole}"
            place = number, part
            yield Problem(
                sheet, str(getattr(row, part)), expected, "correct one of the two", *place, rule="part-above-whole"
            )


def _counts_within_each_other(_: Facts, tables: Tables) -> Iterator[Problem]:
    """Yield counts of a domain above those of all crime, and crimes timed above those recorded."""
    counts = tables["counts"].dropna(subset=["measure", "reported", "recorded"])
    totals = dict(_counted(counts))
    wholes = counted_in_detail(tables) | totals
    for number, row in rows(counts, counts["measure"].notna()):
        stratum, domain = _named(row.stratum), _named(row.domain)
        limits = []
        if domain != ALL and (row.measure, ALL, stratum) in wholes:
            due, done = wholes[row.measure, ALL, stratum]
            limits += [("reported", due, "reported of the whole"), ("recorded", done, "recorded of the whole")]
        if row.measure == "timeliness":
            stated, rate = (known.get(("recording_rate", domain, stratum)) for known in (totals, wholes))
            if stated:
                limits.append(("reported", stated[1], "crimes recorded, of which these were timed"))
            elif rate := rate or wholes.get(("recording_rate", ALL, stratum)):
                limits.append(("recorded", rate[1], "crimes recorded, of which these were in time"))
        for name, most, what in limits:
            if most is not None and getattr(row, name) > most:
                yield Problem(
                    *("counts", str(getattr(row, name)), f"at most {most}, the {what}", "correct one of the two"),
                    *(number, name),
                    rule="part-above-whole",
                )


def _counted(counts: pd.DataFrame) -> Iterator[tuple[Counted, tuple[int, int | None]]]:
    """Yield (measure, domain, stratum) and the cases due and done of each row of the counts sheet."""
    columns = (counts[name] for name in ("measure", "domain", "stratum", "reported", "recorded"))
    for measure, domain, stratum, reported, recorded in zip(*columns, strict=True):
        yield (str(measure), _named(domain), _named(stratum)), (int(reported), int(recorded))


def _named(value: object) -> str:
    return ALL if pd.isna(value) else str(value)  # type: ignore[call-overload]


def _totals_add(_: Facts, tables: Tables) -> Iterator[Problem]:
    """Yield the totals over all strata that are not the sums of the strata, or below the sum of those counted."""
    counts = tables["counts"]
    if counts["stratum"].notna().all():
        return
    strata = set(tables["strata"]["stratum"].dropna())
    for _key, counted in counts.groupby(["measure", "domain"], dropna=False):
        parts, totals = counted[counted["stratum"].notna()], counted[counted["stratum"].isna()]
        whole = strata <= set(parts["stratum"]) and bool(strata)
        for number, total in totals.iterrows():
            for name in ("records", "reported", "recorded"):
                together = parts[name].sum()
                if pd.isna(total[name]) or (whole and parts[name].isna().any()) or total[name] == together:
                    continue
                if not whole and total[name] > together:
                    continue
                expected = f"{together}, the sum of the strata" if whole else f"at least {together}, their sum so far"
                yield Problem(
                    *("counts", str(total[name]), expected),
                    *("correct the total or the strata", int(str(number)), name),
                    rule="totals-do-not-add",
                )


def _counted_records(_: Facts, tables: Tables) -> Iterator[Problem]:
    """Yield the numbers of records that are not those of the strata sheet, and cases reviewed but not counted."""
    counts, strata = tables["counts"], tables["strata"].drop_duplicates("stratum")
    sampled = strata.set_index("stratum")["records_sampled"]
    stated = counts["stratum"].map(sampled).astype("Int64")
    if sampled.notna().all() and len(sampled):
        stated = stated.where(counts["stratum"].notna(), int(sampled.sum()))
    whole = (counts["measure"] == "recording_rate") & counts["domain"].isna()
    of_sample = counts["measure"].isin(SAMPLED)
    wrong = (yes(whole) & (counts["records"] != stated)) | (of_sample & (counts["records"] > stated))
    for number, row in rows(counts, wrong):
        where = "all strata" if pd.isna(row.stratum) else row.stratum
        yield Problem(
            *("counts", f"{row.records} records", f"the {stated[number]} of {where} in the strata sheet"),
            *("correct one of the two", number, "records"),
            rule="records-disagree",
        )
    for number, row in rows(counts, counts["measure"].isin(REVIEWED) & (counts["records"] != counts["reported"])):
        yield Problem(
            *("counts", f"{row.records} reviewed, {row.reported} counted", "the same number: each case is one record"),
            *("correct one of the two, or say in an override why they differ", number, "records"),
            rule="reviewed-not-counted",
        )


def _published_after(facts: Facts, tables: Tables) -> Iterator[Problem]:
    last, published = tables["strata"]["period_end"].max(), facts.get("publication_date")
    if published and pd.notna(last) and published < last.date():
        found, expected = f"publication_date {published:%d/%m/%Y}", f"a day from {last:%d/%m/%Y}, the period's last, on"
        mend = "correct the date or the period"
        yield Problem("audit", found, expected, mend, column="publication_date", rule="published-early")


def _something_audited(_: Facts, tables: Tables) -> Iterator[Problem]:
    counts, strata = tables["counts"], tables["strata"]
    rates = counts[yes(counts["measure"] == "recording_rate") & counts["stratum"].notna()]
    examined = _examined(tables)
    if strata["stratum"].isna().all():
        yield Problem(
            "strata", "no stratum", "one row or more", "fill in the strata that were sampled", rule="no-stratum"
        )
    if examined.empty and rates.empty:
        left_out = "no record that is not left out" if len(tables["records"]) else "no record"
        yield Problem(
            "records",
            f"{left_out}, and no recording_rate in the counts sheet",
            "the sampled records, or totals",
            "fill in records and crimes, or counts",
            rule="nothing-audited",
        )
        return
    if len(examined) and (examined["stratum"].isna().all() or examined["record_id"].isna().all()):
        return
    if examined.empty:
        due = rates.groupby("stratum")["reported"].sum()
    else:
        due = pd.Series(crime_strata(tables["crimes"], examined)).value_counts()
    if len(tables["crimes"]) and tables["crimes"]["record_id"].isna().all():
        return
    none_due = tables["crimes"].empty if len(examined) else not yes(due > 0).any()
    if none_due:
        yield Problem(
            "counts" if examined.empty else "crimes",
            "no crime due in any record",
            "at least one, else there is no rate to report",
            "fill in the crimes that should have been recorded; if none was due, no report can give a rate",
            rule="no-crime-due",
        )
    counted = set(examined["stratum"].dropna()) | set(rates["stratum"])
    without = strata["stratum"].isin(counted) & ~yes(strata["stratum"].map(due) > 0)
    for number, row in rows(strata, without if not none_due else without & False):
        yield Problem(
            *("strata", f"no crime due in {row.stratum}", "a crime due in some record of it"),
            "add the crimes, or leave it: the stratum and the whole are then reported without a rate",
            *(number, "stratum"),
            rule="stratum-without-crime",
        )
    for number, row in rows(strata, strata["stratum"].notna() & ~strata["stratum"].isin(counted)):
        yield Problem(
            *("strata", f"nothing audited in {row.stratum}", "its records, or its totals in the counts sheet"),
            *(
                "fill them in, or leave it: the stratum and the whole are then reported without a rate",
                number,
                "stratum",
            ),
            rule="empty-stratum",
        )


def _one_source(_: Facts, tables: Tables) -> Iterator[Problem]:
    """Yield the rates of the counts sheet that rows of another sheet give too, and whether the two agree."""
    counts, crimes = tables["counts"], tables["crimes"]
    detail = counted_in_detail(tables)
    for number, row in rows(counts, counts["measure"].notna() & (counts["measure"] != "recording_rate")):
        if held := detail.get((str(row.measure), _named(row.domain), _named(row.stratum))):
            found = f"{row.measure} of {row.reported} cases, where the rows of another sheet give {held[0]}"
            expected, mend = "one source for each rate", "delete this row, or those rows"
            yield Problem("counts", found, expected, mend, number, "measure", rule="one-source")
    if crimes.empty:
        return
    for number, row in rows(counts, counts["measure"] == "recording_rate"):
        domain = "" if pd.isna(row.domain) else str(row.domain)
        if not domain or (domain in crimes and crimes[domain].notna().any()):
            found = f"a recording rate of {domain or 'all crime'}, which the records give too"
            expected, mend = "one source for each rate", "delete the row, or the records"
            yield Problem("counts", found, expected, mend, number, "measure", rule="one-source")


def _no_stratum_called_all(_: Facts, tables: Tables) -> Iterator[Problem]:
    strata = tables["strata"]
    for number, _row in rows(strata, strata["stratum"].str.casefold() == ALL):
        expected, mend = "a name of its own", "rename it: all means every stratum"
        yield Problem("strata", "'all'", expected, mend, number, "stratum", rule="stratum-called-all")


RECONCILIATIONS: tuple[Reconciliation, ...] = (
    Reconciliation("Each period ends on or after its first day", ("strata",), _periods),
    Reconciliation("Reference years have a last day, near the period", ("strata",), _reference_years),
    Reconciliation("No sample is above its frame", ("strata",), _frames),
    Reconciliation("Records listed are as many as records sampled", ("strata", "records"), _sampled),
    Reconciliation("Strata with records or totals have some sampled", ("strata",), _totals_have_records),
    Reconciliation("Domains and timed crimes are at most what they are of", ("counts",), _counts_within_each_other),
    Reconciliation("Strata sum to their total", ("counts",), _totals_add),
    Reconciliation("Counts are of the records sampled, or of all reviewed", ("counts",), _counted_records),
    Reconciliation("Publication is not before the period's end", ("audit", "strata"), _published_after),
    Reconciliation("Every stratum has something audited, and a crime due", ("strata",), _something_audited),
    Reconciliation("Each rate has one source", ("counts",), _one_source),
    Reconciliation("No stratum is called all", ("strata",), _no_stratum_called_all),
    Reconciliation(
        "Parts are at most their wholes", ("counts", "vulnerable", "equality", "draw"), _parts_within_wholes
    ),
    *ROWS_AGREE,
)
