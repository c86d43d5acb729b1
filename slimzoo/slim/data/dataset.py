"""What a data set is: where its records lie, how they are read and decoded, how many there are."""

from collections.abc import Callable, Mapping
from typing import Any

from slimzoo.slim.data.data_decoder import DataDecoder


class Dataset:
    """The description of a data set; every argument is an attribute of the same name.

    Args:
      data_sources: files, or a pattern of them, as `parallel_reader.get_data_files` takes them.
      reader: a class like tf.compat.v1.TFRecordReader.
      decoder: a DataDecoder of one record.
      num_samples: how many records there are in all.
      items_to_descriptions: item -> what it is, in words; may be None.
      **kwargs: further attributes, such as num_classes and labels_to_names.
    """

    def __init__(
        self,
        data_sources: str | list[str] | tuple[str, ...],
        reader: Callable[..., Any],
        decoder: DataDecoder,
        num_samples: int | None,
        items_to_descriptions: Mapping[str, str] | None,
        **kwargs: Any,
    ):
        vars(self).update(kwargs)
        self.data_sources = data_sources
        self.reader = reader
        self.decoder = decoder
        self.num_samples = num_samples
        self.items_to_descriptions = items_to_descriptions
