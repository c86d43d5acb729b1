"""Bytes of images to batches of what the network takes: the weights' own preprocessing, by threads."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.catalogue.machine import cores
from slimzoo.data.images import pixels_in
from slimzoo.errors import SlimzooError
from slimzoo.preprocessing import Preprocessing
from slimzoo.preprocessing.transform import prepared
from slimzoo.streaming.ahead import background, mapped
from slimzoo.streaming.readers import fetch, items
from slimzoo.streaming.rows import Batch, End, Item, Piece, Row
from slimzoo.streaming.stores import FETCHING, FETCHING_FAR, is_far

_BATCHES = 2  # that wait for the engine


def batches(
    pieces: Sequence[Piece], preprocessing: Preprocessing, batch_size: int, turn: bool
) -> Iterator[Batch]:
    """Yields what is in `pieces` in batches, with at most `batch_size` images in each.

    Reading and decoding go on meanwhile, at most some batches ahead.
    """
    most = _BATCHES * batch_size
    opened = background((item for piece in pieces for item in items(piece)), FETCHING)
    far = any(is_far(piece.where, piece.names) for piece in pieces)
    threads = FETCHING_FAR if far else FETCHING
    fetched = mapped(fetch, opened, threads, 2 * threads)
    rows = mapped(decoder(preprocessing, turn), fetched, cores(), most)
    return background(_batched(rows, batch_size), _BATCHES)


def decoder(preprocessing: Preprocessing, turn: bool) -> Callable[[Item | End], Row | End]:
    """Returns what makes a Row of an Item."""
    prepare = _prepare(preprocessing)

    def decode(item: Item | End) -> Row | End:
        if isinstance(item, End):
            return item
        pixels, problem = None, item.problem
        if not problem:
            try:
                pixels = prepare(pixels_in(item.content or b"", item.name, turn)).numpy()
            except SlimzooError as error:
                problem = str(error)
        return Row(item.container, item.position, item.name, pixels, problem)

    return decode


@cache
def _prepare(preprocessing: Preprocessing) -> Callable[[np.ndarray], Any]:
    """Returns the preprocessing as one graph: op by op, threads would wait for each other in Python."""
    signature = [tf.TensorSpec([None, None, 3], tf.uint8)]

    def prepare(pixels: tf.Tensor) -> tf.Tensor:
        return prepared(preprocessing, pixels)

    return tf.function(prepare, input_signature=signature, autograph=False)


def _batched(rows: Iterable[Row | End], batch_size: int) -> Iterator[Batch]:
    batch: Batch = []
    images = 0
    try:
        for row in rows:
            batch.append(row)
            images += isinstance(row, Row) and row.pixels is not None
            if images == batch_size or len(batch) >= 2 * batch_size:
                yield batch
                batch, images = [], 0
        if batch:
            yield batch
    finally:
        if hasattr(rows, "close"):
            rows.close()
