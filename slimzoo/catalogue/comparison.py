"""Networks beside each other: published accuracy, multiply-adds, and images per second on this machine."""

import gc
import logging
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

from slimzoo.catalogue.entries import Entry
from slimzoo.data.calibration import LEAST
from slimzoo.engines import Settings
from slimzoo.engines.rows import INT8
from slimzoo.files.progress import bar
from slimzoo.registry import CLASSIFICATION

log = logging.getLogger("slimzoo")
LEAST_RUNS, LEAST_SECONDS = 5, 1.0  # of one network, after a run that is not counted


@dataclass(frozen=True)
class Compared:
    """One network, and how fast it is here."""

    entry: Entry
    images_per_second: float | None = None  # None: not measured

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self.entry), "images_per_second": self.images_per_second}


def comparable(rows: Sequence[Compared]) -> list[Compared]:
    """Returns those of `rows`, of one task, whose accuracies can be compared: of the set that most are of.

    Those of classifiers are all of ImageNet.
    """
    scored = [row for row in rows if row.entry.score is not None]
    if not scored or scored[0].entry.task == CLASSIFICATION:
        return scored
    counts = Counter(row.entry.measured_on for row in scored)
    return [row for row in scored if row.entry.measured_on == counts.most_common(1)[0][0]]


def measure_of(rows: Sequence[Compared]) -> str:
    """Returns what the accuracies of comparable() `rows` are called."""
    if not rows or rows[0].entry.task == CLASSIFICATION:
        return "top-1"
    return f"mIoU of {rows[0].entry.measured_on}"


def measured(
    entries: Iterable[Entry],
    batch_size: int = 8,
    progress: bool = True,
    settings: Settings | None = None,
    network_arguments: Mapping[str, Any] = MappingProxyType({}),
) -> list[Compared]:
    """Returns the `entries` with the speed of inference, which is measured one after the other.

    Args:
      settings: of an engine. None: the Keras model, in float32.
      network_arguments: of every network function.
    """
    entries = list(entries)
    with bar(entries, desc="measure", unit="network", disable=not progress, leave=False) as shown:
        rows = []
        for entry in shown:
            shown.set_postfix_str(entry.name)
            rows.append(
                Compared(entry, images_per_second(entry.name, batch_size, settings, network_arguments))
            )
            gc.collect()  # the weights of the next one may need the room
    return rows


def images_per_second(
    name: str,
    batch_size: int,
    settings: Settings | None = None,
    network_arguments: Mapping[str, Any] = MappingProxyType({}),
) -> float:
    """Returns the images that the network `name` takes in a second, by the median of several batches."""
    import numpy as np
    import tensorflow as tf

    from slimzoo.model import Model

    given: dict[str, Any] = {"network_arguments": network_arguments}
    model: Any = Model(name, **network_arguments) if settings is None else in_engine(name, settings, **given)
    images: Any = tf.random.stateless_uniform((batch_size, *model.input_shape[1:]), (0, 0), -1, 1)
    images = images if settings is None else images.numpy()
    np.asarray(model(images))  # traces it, and lets it find its algorithms
    return batch_size / statistics.median(timed(lambda: np.asarray(model(images)), LEAST_RUNS, LEAST_SECONDS))


def in_engine(name: str, settings: Settings, **given: Any) -> Any:
    """Returns the network `name` as a Predictor, loaded with what else is `given`.

    One of 8 bits is calibrated with noise and not judged: how fast it is depends on no value.
    """
    import numpy as np

    from slimzoo.loading.load import load

    how: dict[str, Any] = asdict(settings)
    if settings.precision != INT8:
        return load(name, **how, **given)
    model: Any = load(name, **given)
    noise = np.random.default_rng(0).uniform(-1, 1, (LEAST, *model.input_shape[1:])).astype(np.float32)
    with _agreement_unsaid():
        return model.compiled(**how, calibrate=[*noise], floor=0)


@contextmanager
def _agreement_unsaid() -> Iterator[None]:
    """Leaves out how far 8 bits are from float32, which means nothing of noise."""
    from slimzoo.model.int8.agreement import Agreement

    def other(record: logging.LogRecord) -> bool:
        return not (isinstance(record.args, tuple) and any(isinstance(a, Agreement) for a in record.args))

    log.addFilter(other)
    try:
        yield
    finally:
        log.removeFilter(other)


def timed(call: Callable[[], Any], least_runs: int, least_seconds: float) -> list[float]:
    """Returns the seconds of each call, of as many as it takes for both."""
    seconds: list[float] = []
    while len(seconds) < least_runs or sum(seconds) < least_seconds:
        before = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - before)
    return seconds
