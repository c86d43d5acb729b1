"""A provider that reads and decodes the records of a Dataset."""

from collections.abc import Mapping
from typing import Any

from slimzoo.slim.data.data_provider import DataProvider
from slimzoo.slim.data.dataset import Dataset
from slimzoo.slim.data.parallel_reader import parallel_read


class DatasetDataProvider(DataProvider):
    """Provides one record of `dataset` after the other, by readers that run in threads of their own.

    Args:
      num_readers: how many files are read at a time.
      reader_kwargs: dict for the constructor of dataset.reader.
      shuffle: whether files and records come in random order.
      num_epochs: how often the files are read, counted in a local variable; None: for ever.
      common_queue_capacity: the most records that wait to be decoded.
      common_queue_min: how many remain when one is drawn at random.
      record_key: the item that names the file and the position of a record.
      seed: of the order.
      scope: the name scope of the reading ops.
    Raises: ValueError: no file is there, or the decoder has an item called `record_key` itself.
    """

    def __init__(
        self,
        dataset: Dataset,
        num_readers: int = 1,
        reader_kwargs: Mapping[str, Any] | None = None,
        shuffle: bool = True,
        num_epochs: int | None = None,
        common_queue_capacity: int = 256,
        common_queue_min: int = 128,
        record_key: str = "record_key",
        seed: int | None = None,
        scope: str | None = None,
    ):
        key, record = parallel_read(
            dataset.data_sources,
            reader_class=dataset.reader,
            num_epochs=num_epochs,
            num_readers=num_readers,
            reader_kwargs=reader_kwargs,
            shuffle=shuffle,
            capacity=common_queue_capacity,
            min_after_dequeue=common_queue_min,
            seed=seed,
            scope=scope,
        )
        items = list(dataset.decoder.list_items())
        if record_key in items:
            raise ValueError(
                f"The item name used for `record_key` cannot also be used for a dataset item: {record_key}; "
                f"the dataset has {', '.join(items)}"
            )
        tensors = dict(zip(items, dataset.decoder.decode(record, items), strict=True))
        super().__init__({**tensors, record_key: key}, dataset.num_samples)
