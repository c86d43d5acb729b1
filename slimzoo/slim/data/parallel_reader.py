"""Records from several files at a time, shuffled or in order."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import tensorflow as tf

from slimzoo.slim.data.queue_support import require_queues, summarize_fullness

train = tf.compat.v1.train
Files: TypeAlias = str | list[str] | tuple[str, ...]  # or patterns of them
KeyAndRecord: TypeAlias = tuple[tf.Tensor, tf.Tensor]
KEY_AND_RECORD = (tf.string, tf.string)


class ParallelReader(tf.compat.v1.ReaderBase):
    """A reader whose records come from several readers at once, through `common_queue`.

    Args:
      reader_class: makes one of the readers, like tf.compat.v1.TFRecordReader.
      common_queue: takes keys and records; a shuffling queue shuffles them.
      num_readers: how many readers run.
      reader_kwargs: dict for `reader_class`.
    Raises: TypeError: `common_queue` does not take two strings.
    """

    def __init__(
        self,
        reader_class: Callable[..., Any],
        common_queue: tf.queue.QueueBase,
        num_readers: int = 4,
        reader_kwargs: Mapping[str, Any] | None = None,
    ):
        dtypes = common_queue.dtypes
        if len(dtypes) != 2 or not all(dtype.is_compatible_with(tf.string) for dtype in dtypes):
            given = ", ".join(dtype.name for dtype in dtypes)
            raise TypeError(f"common_queue.dtypes must be [tf.string, tf.string], not [{given}]")
        self._readers = [reader_class(**(reader_kwargs or {})) for _ in range(num_readers)]
        self._common_queue = common_queue

    @property
    def num_readers(self) -> int:
        """How many readers run."""
        return len(self._readers)

    @property
    def common_queue(self) -> tf.queue.QueueBase:
        """The queue that all readers fill."""
        return self._common_queue

    def read(self, queue: tf.queue.QueueBase, name: str | None = None) -> KeyAndRecord:
        """Returns the next (key, record); a queue runner lets the readers read the files of `queue`."""
        self._start_readers(queue)
        return self._common_queue.dequeue(name=name)

    def read_up_to(
        self, queue: tf.queue.QueueBase, num_records: int, name: str | None = None
    ) -> KeyAndRecord:
        """Returns as many as `num_records` (keys, records); not every queue can, see `dequeue_up_to`."""
        self._start_readers(queue)
        return self._common_queue.dequeue_up_to(num_records, name)

    def num_records_produced(self, name: str | None = None) -> tf.Tensor:
        """Returns how many records the readers have read, int64."""
        return tf.add_n([reader.num_records_produced() for reader in self._readers], name=name)

    def num_work_units_completed(self, name: str | None = None) -> tf.Tensor:
        """Returns how many files the readers have read to the end, int64."""
        return tf.add_n([reader.num_work_units_completed() for reader in self._readers], name=name)

    def _start_readers(self, queue: tf.queue.QueueBase) -> None:
        enqueue = [self._common_queue.enqueue(reader.read(queue)) for reader in self._readers]
        train.add_queue_runner(train.QueueRunner(self._common_queue, enqueue))


def parallel_read(
    data_sources: Files,
    reader_class: Callable[..., Any],
    num_epochs: int | None = None,
    num_readers: int = 4,
    reader_kwargs: Mapping[str, Any] | None = None,
    shuffle: bool = True,
    dtypes: Sequence[tf.DType] | None = None,
    capacity: int = 256,
    min_after_dequeue: int = 128,
    seed: int | None = None,
    scope: str | None = None,
) -> KeyAndRecord:
    """Returns the next (key, record) of files that several readers read at a time.

    Args:
      data_sources: as `get_data_files` takes them.
      reader_class: makes a reader, like tf.compat.v1.TFRecordReader, of `reader_kwargs`.
      num_epochs: how often the files are read, counted in a local variable; None: for ever.
      shuffle: whether files and records come in random order, of `seed`.
      dtypes: of the elements of a record; None: key and record, both strings.
      capacity: the most records that wait.
      min_after_dequeue: how many remain when one is drawn at random.
    Raises: ValueError: no file is there.
    """
    require_queues("parallel_read")
    data_files = get_data_files(data_sources)
    with tf.compat.v1.name_scope(scope, "parallel_read"):
        files = train.string_input_producer(
            data_files, num_epochs=num_epochs, shuffle=shuffle, seed=seed, name="filenames"
        )
        common = {"capacity": capacity, "dtypes": list(dtypes or KEY_AND_RECORD), "name": "common_queue"}
        if shuffle:
            queue = tf.queue.RandomShuffleQueue(min_after_dequeue=min_after_dequeue, seed=seed, **common)
        else:
            queue = tf.queue.FIFOQueue(**common)
        summarize_fullness(queue, capacity)
        return ParallelReader(reader_class, queue, num_readers, reader_kwargs).read(files)


def single_pass_read(
    data_sources: Files,
    reader_class: Callable[..., Any],
    reader_kwargs: Mapping[str, Any] | None = None,
    scope: str | None = None,
) -> KeyAndRecord:
    """Returns the next (key, record) of files that are read once, one after the other.

    Args:
      data_sources: as `get_data_files` takes them.
      reader_class: makes the reader, like tf.compat.v1.TFRecordReader, of `reader_kwargs`.
    Raises: ValueError: no file is there.
    """
    require_queues("single_pass_read")
    data_files = get_data_files(data_sources)
    with tf.compat.v1.name_scope(scope, "single_pass_read"):
        files = train.string_input_producer(
            data_files, num_epochs=1, shuffle=False, capacity=1, name="filenames"
        )
        return reader_class(**(reader_kwargs or {})).read(files)


def get_data_files(data_sources: Files) -> list[str]:
    """Returns the files that a path, a pattern with *, ? or [...], or a list of them stands for.

    A path that is no pattern is taken as it is, whether or not there is such a file yet.

    Raises: ValueError: a pattern matches no file, or the list is empty.
    """
    if isinstance(data_sources, list | tuple):
        found = [file for source in data_sources for file in get_data_files(source)]
    elif any(sign in data_sources for sign in "*?["):
        found = tf.io.gfile.glob(data_sources)
    else:
        found = [data_sources]
    if not found:
        raise ValueError(f"No data files found in {data_sources}{_what_is_there(data_sources)}")
    return found


def _what_is_there(pattern: Files) -> str:
    if isinstance(pattern, list | tuple):
        return ": the list is empty; give files, or patterns like /data/train-*"
    folder = pattern.rpartition("/")[0] or "."
    if not tf.io.gfile.isdir(folder):
        return f": there is no folder {folder}"
    names = sorted(tf.io.gfile.listdir(folder))
    shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    return f"; in {folder} there is {shown or 'no file'}"
