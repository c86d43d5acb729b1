"""Rows of machines that train together: two processes on this one against one process, what that costs."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tools.benchmarks.fixtures import ROOT
from tools.benchmarks.looping import CLASSES, RECIPE, classes_folder
from tools.benchmarks.pairs import Row, Sample, Settings, measure_pairs, speed_ratio
from tools.benchmarks.statistics import Target

BATCHES = (16, 64)  # of a step, all processes together
NETWORK, SIZE = "mobilenet_v1", 128
IMAGES = 384  # trained on in a measurement; the first step is not counted
_RUN = """
import json, sys
sys.path.insert(0, sys.argv[1])
from slimzoo.data import folder
from slimzoo.training.finetune import finetune
data = folder.read(sys.argv[2])
given = json.loads(sys.argv[4])
finetune(data, data.subset(range(given.pop("held"))), sys.argv[3], weights=None, recipe="full",
         cluster="auto", overwrite=True, deterministic=False, tensorboard=False, **given)
"""


def rows() -> Iterator[Row]:
    """Yields the rows of two processes."""
    for batch in BATCHES:
        yield Row(
            f"together/{NETWORK}/{batch}",
            f"{NETWORK} at {SIZE}, batch {batch}: images/s of two processes on two cores, of one's",
            Target(),
            partial(measure_together, batch=batch),
            speed_ratio,
        )


def measure_together(settings: Settings, batch: int) -> Sample:
    """Seconds of a step, as the report of a run has them: of two processes under TF_CONFIG, and of one."""
    data = classes_folder(settings.folder)
    two, one = (partial(_seconds, settings.folder, data, batch, count) for count in (2, 1))
    sample = measure_pairs(two, one, settings.pairs)
    sample.notes.append("each of two has half of the batch; gradients go through 127.0.0.1")
    return sample


def _seconds(folder: Path, data: Path, batch: int, count: int) -> float:
    out = folder / f"together-{count}"
    steps = IMAGES // batch + 1
    given = {"model": NETWORK, "size": SIZE, "steps": steps, "eval_every": steps, "held": CLASSES}
    given["options"] = {**RECIPE, "batch_size": batch}
    command = [sys.executable, "-c", _RUN, str(ROOT), str(data), str(out), json.dumps(given)]
    processes = [
        subprocess.Popen(command, env=environment, text=True) for environment in _environments(count)
    ]
    codes = [process.wait() for process in processes]
    if any(codes):
        raise RuntimeError("a process of the benchmark failed")
    facts = json.loads((out / "report.json").read_text("utf-8"))["facts"]
    return batch / facts["images_per_second"]


def _environments(count: int) -> Iterator[dict[str, str]]:
    """Yields the environment of each process: of one alone it names no cluster."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    names = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    for index in range(count):
        task = {"cluster": {"worker": names}, "task": {"type": "worker", "index": index}}
        yield {**os.environ, "TF_CONFIG": json.dumps(task)}
