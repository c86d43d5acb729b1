"""input_fn: calling one and taking its features and labels; and those that give arrays and data frames."""

import itertools
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from slimzoo.compat.tf_estimator.calling import LOG, call, check_callable, name_of, needed
from slimzoo.errors import shown

v1 = tf.compat.v1
OFFERED = ("mode", "params", "config", "input_context")


class Input(NamedTuple):
    """What an input_fn gave: tensors, or dicts of them; hooks that start it."""

    features: Any
    labels: Any = None
    hooks: tuple[Any, ...] = ()


class _StartIterator(tf.compat.v1.train.SessionRunHook):
    """Runs the initializer of an iterator in each new session."""

    def __init__(self, iterator: Any):
        self._iterator = iterator

    def begin(self) -> None:
        """Finds the op, before the graph is final."""
        self._initializer = self._iterator.initializer

    def after_create_session(self, session: tf.compat.v1.Session, coord: Any) -> None:
        """Starts the data set."""
        session.run(self._initializer)


def check(input_fn: Any) -> None:
    """Raises TypeError where `input_fn` cannot be called, or needs arguments that it does not get."""
    check_callable(input_fn, "`input_fn`")
    if unknown := [name for name in needed(input_fn) if name not in OFFERED]:
        raise TypeError(
            f"input_fn ({name_of(input_fn)}) needs {', '.join(unknown)}; it may take {', '.join(OFFERED)} "
            "and what has a default"
        )


def call_input_fn(input_fn: Callable[..., Any], mode: str, params: Any, config: Any) -> Any:
    """Returns what `input_fn` returns, given of its arguments those that it takes."""
    check(input_fn)
    with tf.device("/cpu:0"):
        return call(input_fn, {"mode": mode, "params": params, "config": config, "input_context": None})


def taken(result: Any, labelled: bool = True) -> Input:
    """Returns the features and labels of what an input_fn returned: tensors, a pair, or a tf.data.Dataset.

    Args:
      labelled: a pair is features and labels; otherwise its first part is taken.

    Raises: ValueError: a tuple or a list that is no pair.
    """
    hooks: tuple[Any, ...] = ()
    if isinstance(result, tf.data.Dataset | v1.data.Dataset):
        iterator = v1.data.make_initializable_iterator(result)
        result, hooks = iterator.get_next(), (_StartIterator(iterator),)
    if not isinstance(result, list | tuple):
        return Input(result, None, hooks)
    if not labelled:
        return Input(result[0] if result else None, None, hooks)
    if len(result) != 2:
        raise ValueError(
            f"input_fn should return (features, labels) as a len 2 tuple, not {len(result)} things; several "
            "features are a dict"
        )
    return Input(result[0], result[1], hooks)


def warn_of_no_end(graph: tf.Graph) -> None:
    """Warns where nothing in the graph of a prediction can end it."""
    queues = v1.get_collection(v1.GraphKeys.QUEUE_RUNNERS)
    if not queues and not any("Iterator" in op.type for op in graph.get_operations()):
        LOG.warning(
            "Input graph does not use tf.data.Dataset or contain a QueueRunner. That means predict yields "
            "forever. This is probably a mistake."
        )


def numpy_input_fn(
    x: Any,
    y: Any = None,
    batch_size: int = 128,
    num_epochs: int | None = 1,
    shuffle: bool | None = None,
    queue_capacity: int = 1000,
    num_threads: int = 1,
) -> Callable[[], Any]:
    """Returns an input_fn that gives batches of arrays; a batch goes across the end of an epoch.

    Args:
      x: an array, or {name: array}; y: the same, or None. All have one number of rows.
      num_epochs: None: no end.
      shuffle: True or False; rows are drawn anew in each epoch.
      queue_capacity, num_threads: of then.

    Raises: ValueError: `shuffle` is not given, an input is empty or of another kind, the lengths differ.
    """
    _check_shuffle(shuffle)
    if not isinstance(x, Mapping | np.ndarray):
        raise TypeError(f"x must be a dict or array; got {type(x).__name__}")
    if isinstance(x, Mapping) and not x:
        raise ValueError("x cannot be an empty dict")
    if isinstance(y, Mapping) and not y:
        raise ValueError("y cannot be empty dict, use None instead.")
    features, labels = _columns(x, "x"), _columns(y, "y")
    if doubled := sorted(set(features) & set(labels)) if isinstance(y, Mapping) else []:
        raise ValueError(f"{len(doubled)} duplicate keys are found in both x and y: {', '.join(doubled)}")
    rows = {name: len(column) for name, column in (*features.items(), *labels.items())}
    if len(set(rows.values())) > 1:
        raise ValueError(f"Length of tensors in x and y is mismatched. All elements must have one: {rows}")
    del queue_capacity, num_threads

    def input_fn() -> Any:
        batch = _batches({**features, **labels}, batch_size, num_epochs, bool(shuffle))
        given = {name: batch[name] for name in features} if isinstance(x, Mapping) else batch["x"]
        if y is None:
            return given
        return given, ({name: batch[name] for name in labels} if isinstance(y, Mapping) else batch["y"])

    return input_fn


def pandas_input_fn(
    x: Any,
    y: Any = None,
    batch_size: int = 128,
    num_epochs: int | None = 1,
    shuffle: bool | None = None,
    queue_capacity: int = 1000,
    num_threads: int = 1,
    target_column: str = "target",
) -> Callable[[], Any]:
    """Returns an input_fn that gives batches of the columns of a pandas.DataFrame.

    Args: those of `numpy_input_fn`, and
      x: the frame; y: a Series with the same index, or a frame, which makes labels a dict.
      target_column: as what a Series is queued.

    Raises: ValueError: the indices differ, or a column is called `target_column`; and as `numpy_input_fn`.
    """
    _check_shuffle(shuffle)
    if not hasattr(x, "columns"):
        raise TypeError(f"x must be a pandas.DataFrame; got {type(x).__name__}")
    if y is not None and not np.array_equal(x.index, y.index):
        raise ValueError(
            f"Index for x and y are mismatched: {shown(list(x.index))} and {shown(list(y.index))}"
        )
    if y is not None and target_column in x:
        raise ValueError(f"Cannot use name {target_column!r} for target column: DataFrame already has one")
    columns = {name: np.asarray(x[name]) for name in x.columns}
    labels: Any = None
    if y is not None:
        labels = {name: np.asarray(y[name]) for name in y.columns} if hasattr(y, "columns") else np.asarray(y)
    return numpy_input_fn(columns, labels, batch_size, num_epochs, shuffle, queue_capacity, num_threads)


def _check_shuffle(shuffle: Any) -> None:
    if not isinstance(shuffle, bool):
        raise ValueError(
            "shuffle must be provided and explicitly set as boolean (it is recommended to set it as True for "
            f"training); got {shuffle}"
        )


def _columns(given: Any, name: str) -> dict[str, np.ndarray]:
    """Returns {name: array} of an array, of a dict or of nothing."""
    if given is None:
        return {}
    named = given if isinstance(given, Mapping) else {name: given}
    if not isinstance(given, Mapping | OrderedDict | np.ndarray):
        named = {name: np.asarray(given)}
    return {key: np.asarray(value) for key, value in named.items()}


def _batches(columns: dict[str, np.ndarray], size: int, epochs: int | None, shuffle: bool) -> dict[str, Any]:
    """Returns {name: tensor} of the next rows; what starts it is among the initializers of tables."""
    signature = {
        name: tf.TensorSpec([None, *column.shape[1:]], _dtype(column)) for name, column in columns.items()
    }

    def rows() -> Iterator[dict[str, np.ndarray]]:
        for chosen in _chosen(len(next(iter(columns.values()))), size, epochs, shuffle):
            yield {name: column[chosen] for name, column in columns.items()}

    iterator = v1.data.make_initializable_iterator(
        tf.data.Dataset.from_generator(rows, output_signature=signature)
    )
    v1.add_to_collection(v1.GraphKeys.TABLE_INITIALIZERS, iterator.initializer)
    return iterator.get_next()


def _dtype(column: np.ndarray) -> Any:
    return tf.string if column.dtype.kind in "OSU" else tf.as_dtype(column.dtype)


def _chosen(length: int, size: int, epochs: int | None, shuffle: bool) -> Iterator[np.ndarray]:
    """Yields the row numbers of each batch."""
    draw = np.random.default_rng()
    kept = np.empty([0], np.int64)
    for _ in itertools.count() if epochs is None else range(epochs):
        if not length:
            return
        kept = np.concatenate([kept, draw.permutation(length) if shuffle else np.arange(length)])
        while len(kept) >= size:
            yield kept[:size]
            kept = kept[size:]
    if len(kept):
        yield kept
