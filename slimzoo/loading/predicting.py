"""Images through a Model or a Predictor, a batch at a time: threads read the next one meanwhile."""

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.errors import SlimzooError
from slimzoo.model.compiling import LOGITS
from slimzoo.model.images import prepare_one, probabilities_of, stacked
from slimzoo.model.model import Model
from slimzoo.model.predictor import Predictor

Network = Model | Predictor


def predicted(
    network: Network, images: Iterable[Any], batch_size: int, flip: bool, turn: bool
) -> Iterator[tuple[str | None, np.ndarray | str]]:
    """Yields (path, probabilities float32 [classes]) of each image, or (path, why it cannot be read).

    The path is None where an image was given as pixels.
    """
    threads = ThreadPoolExecutor(thread_name_prefix="slimzoo-images")
    try:
        for batch in _read_ahead(network, images, batch_size, turn, threads):
            problems = [_problem(future) for _, future in batch]
            read = [future.result() for (_, future), why in zip(batch, problems, strict=True) if not why]
            scores = iter(_scores(network, read, flip) if read else ())
            for (path, _), why in zip(batch, problems, strict=True):
                yield path, why or next(scores)
    finally:
        threads.shutdown(cancel_futures=True)


def _read_ahead(
    network: Network,
    images: Iterable[Any],
    batch_size: int,
    turn: bool,
    threads: ThreadPoolExecutor,
) -> Iterator[list[tuple[str | None, Future]]]:
    """Yields batches of (path, prepared image to be); the next one is being read meanwhile."""
    preprocessing = network.preprocessing
    assert preprocessing is not None
    images = iter(images)
    waiting: list[tuple[str | None, Future]] = []
    while chunk := [*itertools.islice(images, batch_size)]:
        reading = [
            (
                os.fspath(image) if isinstance(image, str | os.PathLike) else None,
                threads.submit(prepare_one, image, preprocessing, turn, network),
            )
            for image in chunk
        ]
        if waiting:
            yield waiting
        waiting = reading
    if waiting:
        yield waiting


def _problem(future: Future) -> str:
    error = future.exception()
    if error is not None and not isinstance(error, SlimzooError | OSError):
        raise error
    return "" if error is None else str(error)


def _scores(network: Network, images: Sequence[tf.Tensor], flip: bool) -> np.ndarray:
    """Returns the probabilities, float32 [N, classes]."""
    batch = stacked(images, network)

    def of(view: tf.Tensor) -> np.ndarray:
        found = network(view)
        logits = found[LOGITS] if isinstance(found, dict) else found
        return probabilities_of(logits, network.num_classes, network.multi_label)

    return (of(batch) + of(tf.reverse(batch, [2]))) / 2 if flip else of(batch)
