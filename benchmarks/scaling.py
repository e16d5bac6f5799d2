"""A nation's reports on a cluster: what each costs here, 1 and 2 real workers, and more of them simulated.

Measured: processor seconds, memory and disk of each of the eight reports, and a plan of all eight on one and on two
Dask workers. Simulated, with the measured costs: 43 forces x 12 months x 8 reports on up to 256 workers, each with a
processor of its own. A report fetches its inputs, is made and is put up; a worker that is lost takes its report with
it, comes back after a minute, and the report is begun again. The time of whoever started the batch is spent report
after report, which is what ends the gain.
"""

from __future__ import annotations

import heapq
import json
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from multiprocessing.connection import wait
from pathlib import Path
from statistics import mean
from unittest.mock import patch

import psutil

from cdi_stats.publishing.kernels import keep_one_thread

# before NumPy is there: with its threads running, reports would not be forks of this process, whose time is measured
keep_one_thread()

import numpy as np  # noqa: E402

from benchmarks.batch import computed  # noqa: E402
from benchmarks.cold_report import ROOT  # noqa: E402
from cdi_stats.batch import cluster  # noqa: E402
from cdi_stats.batch.ledger import PUBLISHED  # noqa: E402
from cdi_stats.batch.plan import BatchPlan, read_batch_plan  # noqa: E402
from cdi_stats.batch.run import run_batch  # noqa: E402
from cdi_stats.batch.warm import warm_up  # noqa: E402
from cdi_stats.batch.worker import Task, Worker  # noqa: E402
from cdi_stats.publishing.index import write_index  # noqa: E402
from cdi_stats.resources import resource  # noqa: E402

FORCES, MONTHS, REPORTS = 43, 12, 8
FEW_AND_MANY = (5, 50)
TIMES, REAL_TIMES = 3, 2
OF = {  # what each report is made of, and what a plan calls copies of it
    "kent-2017": ("examples/kent-2017.xlsx", ("inspection", "sample_plan", "data_quality", "methods")),
    "kent-2018": ("examples/kent-2018.xlsx", ("reinspection", "benchmark")),
    "kent-board-2017": ("examples/kent-board-2017.xlsx", ("board_paper",)),
    "example-police": ("series/example-police", ("monitoring",)),
}
REAL = (1, 2)
SIMULATED = (1, 2, 4, 8, 16, 32, 64, 128, 256)


@dataclass(frozen=True)
class Cost:
    """What one report took: seconds of processor and by the clock, megabytes of its own, kilobytes of files."""

    report: str
    computed: float
    seconds: float
    megabytes: float
    kilobytes: float


@dataclass(frozen=True)
class Network:
    """What is supposed of the way to a store: median seconds to fetch or put up, and the spread of their logarithm.

    `lost_every` is the mean hours between two losses of a worker, `back_after` the seconds until it is there again.
    """

    fetch: float = 0.3
    put: float = 0.6
    spread: float = 0.5
    lost_every: float = 1.0
    back_after: float = 60.0


@dataclass(frozen=True)
class Night:
    """A simulated batch: seconds from its start to its last report, and how many reports were begun again."""

    seconds: float
    again: int


def plan_in(folder: Path, times: int) -> BatchPlan:
    """Return a plan of all eight reports, each of `times` copies of an audit under names of their own."""
    entries = []
    for name, (source, reports) in OF.items():
        place, names = resource("data", *source.split("/")), [f"{name}-{number}" for number in range(times)]
        for copy in names:
            if place.is_dir():
                shutil.copytree(place, folder / copy)
            else:
                shutil.copy(place, folder / f"{copy}{place.suffix}")
        audits = [copy if place.is_dir() else f"{copy}{place.suffix}" for copy in names]
        entries.append(f"[[report]]\nreport = {[*reports]}\naudits = {audits}\n")
    path = folder / "plan.toml"
    path.write_text("\n".join(entries), encoding="utf-8")
    return read_batch_plan(path)


def measure(plan: BatchPlan) -> Iterator[Cost]:
    """Make each report in a fork of this process, one at a time, and yield what it took."""
    warm_up()
    for job in plan.jobs:
        start, own = computed(), 0.0
        worker = Worker(Task(job, "", {}), 0, plan.out, plan.limits)
        while (ended := worker.outcome()) is None:
            wait(worker.handles, 0.1)
            own = max(own, memory(worker.process.pid))
        assert ended[0] == "published", ended
        files = [file.stat().st_size for file in (plan.out / job.target).rglob("*") if file.is_file()]
        yield Cost(job.report, computed() - start, worker.seconds, own / 1e6, sum(files) / 1e3)


def memory(pid: int) -> float:
    """Return the bytes that a worker and its kernel have to themselves."""
    try:
        worker = psutil.Process(pid)
        return float(sum(process.memory_full_info().uss for process in (worker, *worker.children())))
    except psutil.Error:
        return 0.0


def on_dask(plan: BatchPlan, workers: int) -> float:
    """Return the seconds that a plan takes on so many real workers."""
    start = time.perf_counter()
    outcome = run_batch(plan, workers=workers, dask="local")
    assert outcome.count("published") == len(plan.jobs)
    return time.perf_counter() - start


def at_once(*_: object) -> tuple[str, dict[str, dict[str, str]]]:
    """Stand in for a report that takes no time."""
    return PUBLISHED, {"inputs": {}, "outputs": {}}


def starter_seconds() -> float:
    """Return the processor seconds that a report takes of whoever starts a batch, scheduler and summary among them."""
    made, own = [], []
    with patch.object(cluster, "make_report", at_once):
        for times in FEW_AND_MANY:
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
                plan = plan_in(Path(name), times)
                start = time.process_time()
                run_batch(plan, workers=1, dask="local")
                own.append(time.process_time() - start)
                made.append(len(plan.jobs))
    return (own[1] - own[0]) / (made[1] - made[0])


def index_seconds() -> float:
    """Return the processor seconds of the whole year's index: made once, at the end, where reports go to a store."""
    manifest = json.loads((ROOT / "reports/examples/kent-2017/inspection/manifest.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        for audit, report in product(range(FORCES * MONTHS), range(REPORTS)):
            folder = Path(name, str(audit), str(report))
            folder.mkdir(parents=True)
            (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        start = time.process_time()
        write_index(Path(name))
        return time.process_time() - start


def simulate(costs: Sequence[float], workers: int, *, network: Network, overhead: float, seed: int) -> Night:
    """Return a batch of reports with these costs on so many workers.

    `overhead` is what each report takes of whoever started the batch, who sees to one at a time.
    """
    random = np.random.default_rng([seed, workers])
    hazard = 1 / (3600 * network.lost_every)
    free = [0.0] * workers
    waiting, again, starter, last = list(costs)[::-1], 0, 0.0, 0.0
    while waiting:
        cost = waiting.pop()
        starter = max(starter, free[0]) + overhead
        ways = (network.fetch, network.put)
        needed = cost + sum(float(way * np.exp(network.spread * random.standard_normal())) for way in ways)
        lost_after = float(random.exponential(1 / hazard))
        if lost_after < needed:
            heapq.heapreplace(free, starter + lost_after + network.back_after)
            waiting.append(cost)
            again += 1
            continue
        heapq.heapreplace(free, starter + needed)
        last = max(last, starter + needed)
    return Night(last, again)


def nation(costs: Sequence[Cost], seed: int) -> list[float]:
    """Return the cost of every report of a year, in the order of its plan: each drawn from the measured ones."""
    random = np.random.default_rng(seed)
    kinds: dict[str, list[float]] = {}
    for cost in costs:
        kinds.setdefault(cost.report, []).append(cost.computed)
    return [float(random.choice(kinds[kind])) for _ in range(FORCES * MONTHS) for kind in kinds]


def main() -> None:
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        costs = list(measure(plan_in(Path(name), TIMES)))
    tell_costs(costs)
    tell_real(costs)
    starter, index = starter_seconds(), index_seconds()
    print(
        f"Measured, of whoever starts the batch: {starter:.3f} processor s a report, {index:.1f} an index of the year"
    )
    tell_simulated(costs, starter, index)


def tell_costs(costs: Sequence[Cost]) -> None:
    print(f"Measured, HTML and PDF, {TIMES} of each, one at a time")
    print(f"  {'report':14}{'processor s':>12}{'least':>8}{'most':>8}{'clock s':>9}{'own MB':>8}{'files kB':>10}")
    for kind in dict.fromkeys(cost.report for cost in costs):
        of = [cost for cost in costs if cost.report == kind]
        used = [cost.computed for cost in of]
        clock, own, size = mean(c.seconds for c in of), max(c.megabytes for c in of), mean(c.kilobytes for c in of)
        rest = f"{clock:9.2f}{own:8.0f}{size:10.0f}"
        print(f"  {kind:14}{mean(used):12.2f}{min(used):8.2f}{max(used):8.2f}{rest}")
    print(f"  {'mean':14}{mean(c.computed for c in costs):12.2f}{'':16}{mean(c.seconds for c in costs):9.2f}", end="")
    print(f"{max(c.megabytes for c in costs):8.0f}{mean(c.kilobytes for c in costs):10.0f}")


def tell_real(costs: Sequence[Cost]) -> None:
    """Print how long real workers take, beside the simulation of just that."""
    still = Network(fetch=0, put=0, lost_every=1e9)
    once = [mean(cost.computed for cost in costs if cost.report == kind) for kind in {c.report: 0 for c in costs}]
    print("Measured, Dask workers of this machine; beside it the simulation, which has a processor for each")
    print(f"  {'workers':>7}{'reports':>9}{'seconds':>9}{'simulated':>11}")
    for workers in REAL:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
            plan = plan_in(Path(name), REAL_TIMES)
            seconds = on_dask(plan, workers)
        found = simulate(once * REAL_TIMES, workers, network=still, overhead=0, seed=1)
        print(f"  {workers:7}{len(plan.jobs):9}{seconds:9.1f}{found.seconds:11.1f}")


def tell_simulated(costs: Sequence[Cost], overhead: float, index: float) -> None:
    """Print how long a year takes on more and more workers, its index at the end included."""
    network = Network()
    year = nation(costs, seed=1)
    print(f"Simulated: {len(year):,} reports, {sum(year) / 3600:.2f} processor hours; {network}")
    print(f"  {'workers':>7}{'hours':>8}{'a minute':>10}{'speed-up':>10}{'efficiency':>12}{'again':>7}")
    alone = simulate(year, 1, network=network, overhead=overhead, seed=1).seconds + index
    for workers in SIMULATED:
        night = simulate(year, workers, network=network, overhead=overhead, seed=1)
        seconds = night.seconds + index
        gain = alone / seconds
        share, hours = f"{100 * gain / workers:.0f} %", seconds / 3600
        told = f"{hours:8.2f}{len(year) / hours / 60:10.0f}{gain:10.1f}{share:>12}{night.again:7}"
        print(f"  {workers:7}{told}")


if __name__ == "__main__":
    main()
