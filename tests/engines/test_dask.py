"""A batch on a Dask cluster: scheduler and workers are processes of their own, and one of them is killed at work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

pytest.importorskip("distributed", reason="Dask is not installed")

from distributed import Client

from cdi_stats.batch.cluster import on_cluster
from cdi_stats.batch.freshness import folder_hashes
from cdi_stats.batch.plan import read_batch_plan
from cdi_stats.batch.run import Listener, run_batch
from cdi_stats.errors import BadParameters
from cdi_stats.methods import coverage, resampling
from cdi_stats.methods.coverage import Cell, simulate_coverage
from cdi_stats.methods.resampling import bootstrap_rate

PLAN = """
out = "{out}"
[[report]]
report = ["sample_plan", "data_quality", "benchmark"]
audits = ["kent-2017", "kent-2018"]
formats = ["html"]
"""
UP_WITHIN = 90

pytestmark = pytest.mark.skipif(os.name == "nt", reason="workers are killed by signals that Windows has not")


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def end(process):
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def cluster(tmp_path):
    """A scheduler and two workers: its address, and the workers by which each can be killed."""
    told = tmp_path / "scheduler.json"
    processes = [start("scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", str(told))]
    try:
        for _ in range(UP_WITHIN):
            if told.is_file():
                break
            time.sleep(1)
        worker = ("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard", "--scheduler-file", str(told))
        workers = [start(*worker, "--local-directory", str(tmp_path / f"worker-{n}")) for n in (1, 2)]
        processes += workers
        address = json.loads(told.read_text(encoding="utf-8"))["address"]
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(len(workers), timeout=UP_WITHIN)
        yield address, workers
    finally:
        for process in processes[::-1]:
            end(process)


def plan_in(folder, out):
    path = folder / f"{out}.toml"
    path.write_text(PLAN.format(out=out), encoding="utf-8")
    return read_batch_plan(path)


class KillOnce(Listener):
    """Kills a worker once the first report is published."""

    def __init__(self, worker):
        self.worker, self.killed = worker, threading.Event()

    def ended(self, ended):
        if ended.result == "published" and not self.killed.is_set():
            self.killed.set()
            end(self.worker)


def test_a_cluster_that_loses_a_worker_gives_what_one_machine_gives(cluster, tmp_path):
    address, workers = cluster
    alone = plan_in(tmp_path, "alone")
    assert run_batch(alone, workers=1).count("published") == len(alone.jobs)
    listener = KillOnce(workers[0])
    together = plan_in(tmp_path, "together")
    outcome = run_batch(together, dask=address, listener=listener)
    assert listener.killed.is_set()
    assert outcome.count("published") == len(together.jobs)
    for job in alone.jobs:
        assert folder_hashes(together.out / job.target) == folder_hashes(alone.out / job.target)
    assert run_batch(together, dask=address).count("current") == len(together.jobs)


def test_a_scheduler_that_is_not_there_is_said_in_a_line(tmp_path, monkeypatch):
    monkeypatch.setattr("cdi_stats.batch.cluster.CONNECT_WITHIN", 1)
    with pytest.raises(BadParameters, match=r"--dask: found no scheduler at tcp://127\.0\.0\.1:9") as refused:
        run_batch(plan_in(tmp_path, "out"), dask="tcp://127.0.0.1:9")
    assert "\n" not in str(refused.value)


def end_at_work(address, worker, ended):
    """Kill a worker as soon as it is at work."""
    with Client(address, set_as_default=False) as watcher:
        (place,) = [place for place, pid in watcher.run(os.getpid).items() if pid == worker.pid]
        while not watcher.processing().get(place):
            time.sleep(0.02)
    end(worker)
    ended.set()


def test_a_study_is_the_same_on_a_cluster_that_loses_a_worker(cluster, monkeypatch):
    monkeypatch.setattr(coverage, "AUDITS_A_CHUNK", 100)
    monkeypatch.setattr(resampling, "A_PIECE", 1000)
    cell, sample = Cell("mild", 150, 0.9), {"recorded": [1, 0, 1, 2] * 20, "reported": [1, 1, 1, 3] * 20, "seed": 7}
    address, workers = cluster
    ended = threading.Event()
    with on_cluster(address) as spread:
        drawn = bootstrap_rate(**sample, replicates=3500, spread=spread)
        threading.Thread(target=end_at_work, args=(address, workers[0], ended)).start()
        study = simulate_coverage(cell, audits=1250, seed=1, spread=spread)
    assert ended.is_set()
    assert study == simulate_coverage(cell, audits=1250, seed=1)
    assert (drawn.replicates == bootstrap_rate(**sample, replicates=3500).replicates).all()
