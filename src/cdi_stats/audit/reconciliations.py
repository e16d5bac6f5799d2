"""Numbers of an audit that must add up: sizes, frames, totals and their parts. All reconciliations stand at the end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pandas as pd

from cdi_stats.audit.consistency import ROWS_AGREE, Facts, Reconciliation, Tables, rows, yes
from cdi_stats.audit.problems import Problem

FAR = timedelta(days=731)


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
    for number, row in rows(strata, strata["records_in_frame"] < strata["records_sampled"]):
        yield Problem(
            *("strata", str(row.records_in_frame), f"at least the {row.records_sampled} records sampled"),
            *("give the number of records the sample was drawn from", number, "records_in_frame"),
            rule="sample-above-frame",
        )


def _sampled(_: Facts, tables: Tables) -> Iterator[Problem]:
    if tables["records"].empty:
        return
    strata = tables["strata"]
    listed = _examined(tables).groupby("stratum").size()
    counted = strata["stratum"].map(listed).fillna(0).astype(int)
    for number, row in rows(strata, strata["records_sampled"] != counted):
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
    """Yield the strata that hold totals but, they say, no sampled record."""
    counts, strata = tables["counts"], tables["strata"]
    counted = set(
        counts.loc[yes((counts["measure"] == "recording_rate") & (counts["reported"] > 0)), "stratum"].dropna()
    )
    for number, _row in rows(strata, (strata["records_sampled"] == 0) & strata["stratum"].isin(counted)):
        expected = "the records examined, since the counts sheet holds crimes from them"
        place = number, "records_sampled"
        yield Problem("strata", "0", expected, "give the number", *place, rule="totals-without-records")


PARTS = (
    ("counts", "recorded", "reported", None),
    ("vulnerable", "recorded", "reported", None),
    ("vulnerable", "safeguarded", "reported", "crimes not recorded"),
    ("vulnerable", "investigated", "reported", "crimes not recorded"),
    ("equality", "complete", "examined", None),
)


def _parts_within_wholes(_: Facts, tables: Tables) -> Iterator[Problem]:
    for sheet, part, whole, what in PARTS:
        table = tables[sheet]
        most = table[whole] if what is None else table[whole] - table["recorded"]
        for number, row in rows(table, table[part] > most):
            expected = f"at most {most.loc[number]}, the {what or whole}"
            place = number, part
            yield Problem(sheet, str(row[part]), expected, "correct one of the two", *place, rule="part-above-whole")


def _counts_within_each_other(_: Facts, tables: Tables) -> Iterator[Problem]:
    """Yield counts of a domain above those of all crime, and crimes timed above those recorded."""
    counts = tables["counts"].dropna(subset=["measure", "reported", "recorded"])
    keys = ["measure", "stratum", "domain"]
    whole = (
        counts.assign(number=counts.index).fillna({"stratum": "", "domain": ""}).drop_duplicates(keys).set_index(keys)
    )
    for number, row in counts.iterrows():
        stratum, domain = ("" if pd.isna(row[name]) else row[name] for name in ("stratum", "domain"))
        limits = []
        if domain and (row["measure"], stratum, "") in whole:
            all_crime = whole[(row["measure"], stratum, "")]
            limits += [(name, all_crime[name], f"{name} of all crime there") for name in ("reported", "recorded")]
        if row["measure"] == "timeliness" and ("recording_rate", stratum, domain) in whole:
            recorded = whole[("recording_rate", stratum, domain)]["recorded"]
            limits.append(("reported", recorded, "crimes recorded, of which these were timed"))
        for name, most, what in limits:
            if row[name] > most:
                yield Problem(
                    *("counts", str(row[name]), f"at most {most}, the {what}", "correct one of the two"),
                    *(int(str(number)), name),
                    rule="part-above-whole",
                )


def _totals_add(_: Facts, tables: Tables) -> Iterator[Problem]:
    """Yield the totals over all strata that are not the sums of the strata, where every stratum is counted."""
    counts = tables["counts"]
    strata = set(tables["strata"]["stratum"].dropna())
    for _key, counted in counts.groupby(["measure", "domain"], dropna=False):
        parts, totals = counted[counted["stratum"].notna()], counted[counted["stratum"].isna()]
        if set(parts["stratum"]) != strata or not strata:
            continue
        for number, total in totals.iterrows():
            for name in ("records", "reported", "recorded"):
                if pd.isna(total[name]) or parts[name].isna().any() or total[name] == parts[name].sum():
                    continue
                yield Problem(
                    *("counts", str(total[name]), f"{parts[name].sum()}, the sum of the strata"),
                    *("correct the total or the strata", int(str(number)), name),
                    rule="totals-do-not-add",
                )


def _counted_records(_: Facts, tables: Tables) -> Iterator[Problem]:
    counts = tables["counts"]
    sampled = tables["strata"].drop_duplicates("stratum").set_index("stratum")["records_sampled"]
    counted = counts[yes(counts["measure"] == "recording_rate") & counts["domain"].isna()]
    stated = counted["stratum"].map(sampled)
    for number, row in rows(counted, counted["records"] != stated):
        yield Problem(
            *(
                "counts",
                f"{row['records']} records",
                f"the {stated[number]} of {row.stratum} in the strata sheet",
            ),
            *("correct one of the two", number, "records"),
            rule="records-disagree",
        )


def _published_after(facts: Facts, tables: Tables) -> Iterator[Problem]:
    last, published = tables["strata"]["period_end"].max(), facts.get("publication_date")
    if published and pd.notna(last) and published < last.date():
        found, expected = f"publication_date {published:%d/%m/%Y}", f"a day from {last:%d/%m/%Y}, the period's last, on"
        mend = "correct the date or the period"
        yield Problem("audit", found, expected, mend, column="value", rule="published-early")


def _something_audited(_: Facts, tables: Tables) -> Iterator[Problem]:
    counts, strata = tables["counts"], tables["strata"]
    rates = counts[yes(counts["measure"] == "recording_rate") & counts["stratum"].notna()]
    if tables["records"].empty and rates.empty:
        yield Problem(
            "records",
            "no record, and no recording_rate in the counts sheet",
            "the sampled records, or totals",
            "fill in records and crimes, or counts",
            rule="nothing-audited",
        )
        return
    due = len(tables["crimes"]) if not tables["records"].empty else int(rates["reported"].fillna(0).sum())
    if not due:
        yield Problem(
            "crimes",
            "no crime due in any record",
            "at least one, else there is no rate to report",
            "fill in the crimes that should have been recorded; if none was due, no report can give a rate",
            rule="no-crime-due",
        )
    counted = set(_examined(tables)["stratum"].dropna()) | set(rates["stratum"])
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
    """Yield the recording rates that the counts sheet repeats beside the records."""
    counts, crimes = tables["counts"], tables["crimes"]
    if crimes.empty:
        return
    for number, row in rows(counts, counts["measure"] == "recording_rate"):
        domain = "" if pd.isna(row["domain"]) else str(row["domain"])
        if not domain or (domain in crimes and crimes[domain].notna().any()):
            found = f"a recording rate of {domain or 'all crime'}, which the records give too"
            expected, mend = "one source for each rate", "delete the row, or the records"
            yield Problem("counts", found, expected, mend, number, "measure", rule="one-source")


def _no_stratum_called_all(_: Facts, tables: Tables) -> Iterator[Problem]:
    strata = tables["strata"]
    for number, _row in rows(strata, strata["stratum"] == "all"):
        expected, mend = "a name of its own", "rename it: all means every stratum"
        yield Problem("strata", "'all'", expected, mend, number, "stratum", rule="stratum-called-all")


RECONCILIATIONS: tuple[Reconciliation, ...] = (
    Reconciliation("Each period ends on or after its first day", ("strata",), _periods),
    Reconciliation("Reference years have a last day, near the period", ("strata",), _reference_years),
    Reconciliation("No sample is above its frame", ("strata",), _frames),
    Reconciliation("Records listed are as many as records sampled", ("strata", "records"), _sampled),
    Reconciliation("Strata with totals have examined records", ("strata", "counts"), _totals_have_records),
    Reconciliation("Domains and timed crimes are at most what they are of", ("counts",), _counts_within_each_other),
    Reconciliation("Strata sum to their total", ("counts",), _totals_add),
    Reconciliation("Totals and strata say the same number of records", ("counts", "strata"), _counted_records),
    Reconciliation("Publication is not before the period's end", ("audit", "strata"), _published_after),
    Reconciliation("Every stratum has something audited, and a crime due", ("strata", "crimes"), _something_audited),
    Reconciliation("Each rate has one source", ("counts", "crimes"), _one_source),
    Reconciliation("No stratum is called all", ("strata",), _no_stratum_called_all),
    Reconciliation("Parts are at most their wholes", ("counts", "vulnerable", "equality"), _parts_within_wholes),
    *ROWS_AGREE,
)
