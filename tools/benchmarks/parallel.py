"""Rows of Predictors in threads and in processes, against one caller that has all threads."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tools.benchmarks.fixtures import ROOT, fixture
from tools.benchmarks.pairs import Row, Sample, Settings, measure_pairs, speed_ratio
from tools.benchmarks.statistics import Target
from tools.benchmarks.twins import TWINS, images_for

NETWORK = "mobilenet_v1"
ENGINES = ("tensorflow", "openvino")
BATCH, CALLS = 8, 16  # of a measurement, shared out among all that call
THREADS, PROCESSES = 8, 4
_WORKER = """
import sys; sys.path.insert(0, sys.argv[1])
import slimzoo
from tools.benchmarks.twins import TWINS, images_for
images = images_for(int(sys.argv[5]), TWINS[sys.argv[3]].size)
from slimzoo.engines import ENGINES
threads = int(sys.argv[6]) if ENGINES[sys.argv[4]].takes_threads else 0
predictor = slimzoo.load(sys.argv[2], engine=sys.argv[4], threads=threads or None)
predictor(images)
print("ready", flush=True)
for calls in sys.stdin:
    for _ in range(int(calls)):
        predictor(images)
    print("done", flush=True)
"""


class Workers:
    """Processes that each hold a Predictor; run() shares calls out among them."""

    def __init__(self, path: Path, engine: str, count: int, threads: int) -> None:
        command = [
            sys.executable,
            "-c",
            _WORKER,
            str(ROOT),
            str(path),
            NETWORK,
            engine,
            str(BATCH),
            str(threads),
        ]
        environment = {**os.environ, **({"TF_NUM_INTRAOP_THREADS": str(threads)} if threads else {})}
        self.processes = [
            subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env=environment,
            )
            for _ in range(count)
        ]
        self._wait()

    def _wait(self) -> None:
        for process in self.processes:
            assert process.stdout is not None
            if not process.stdout.readline():
                raise RuntimeError(f"a process of the benchmark ended with exit code {process.wait()}")

    def run(self) -> float:
        """Returns the seconds of CALLS calls."""
        start = time.perf_counter()
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.write(f"{CALLS // len(self.processes)}\n")
            process.stdin.flush()
        self._wait()
        return time.perf_counter() - start

    def close(self) -> None:
        """Ends them."""
        for process in self.processes:
            process.kill()
            process.wait()


def measure_threads(settings: Settings, engine: str) -> Sample:
    """CALLS calls of one Predictor by THREADS threads, against one thread that makes them all."""
    import slimzoo

    images = images_for(BATCH, TWINS[NETWORK].size)
    predictor = slimzoo.load(fixture(settings.folder, NETWORK, ".safetensors"), engine=engine)

    def seconds(threads: int) -> float:
        with ThreadPoolExecutor(threads) as pool:
            start = time.perf_counter()
            for _ in pool.map(lambda _: predictor(images), range(CALLS)):
                pass
            return time.perf_counter() - start

    seconds(THREADS)  # each thread's own request is made
    return measure_pairs(partial(seconds, THREADS), partial(seconds, 1), settings.pairs)


def measure_processes(settings: Settings, engine: str) -> Sample:
    """CALLS calls by PROCESSES processes of one thread each, against one process that has all threads."""
    path = fixture(settings.folder, NETWORK, ".safetensors")
    ours, theirs = Workers(path, engine, PROCESSES, 1), Workers(path, engine, 1, 0)
    try:
        return measure_pairs(ours.run, theirs.run, settings.pairs)
    finally:
        ours.close()
        theirs.close()


def rows() -> Iterator[Row]:
    """Yields the rows."""
    least = Target("at least", 0.95)
    for engine in ENGINES:
        title = f"{NETWORK}: speed of {engine} called by {THREADS} threads, of one"
        measure = partial(measure_threads, engine=engine)
        yield Row(f"compiled-threads/{engine}", title, least, measure, speed_ratio, network=NETWORK)
    for engine in ENGINES:
        title = f"{NETWORK}: speed of {engine} in {PROCESSES} processes of a thread, of one with all threads"
        measure = partial(measure_processes, engine=engine)
        yield Row(f"compiled-processes/{engine}", title, least, measure, speed_ratio, network=NETWORK)
