"""The tables of tf.contrib.lookup, made of those of tf.lookup."""

from typing import Any, TypeAlias

import tensorflow as tf

FROM_FILE = tf.lookup.TextFileIndex
Table: TypeAlias = tf.lookup.StaticHashTable | tf.lookup.StaticVocabularyTable


def index_table_from_file(
    vocabulary_file: Any = None,
    num_oov_buckets: int = 0,
    vocab_size: int | None = None,
    default_value: int = -1,
    hasher_spec: Any = None,
    key_dtype: tf.DType = tf.string,
    name: str | None = None,
    key_column_index: int = FROM_FILE.WHOLE_LINE,
    value_column_index: int = FROM_FILE.LINE_NUMBER,
    delimiter: str = "\t",
) -> Table:
    """Returns the table {line of a text file: its number, from 0}.

    Args:
      num_oov_buckets: the numbers after those of the lines, which all other keys share by their hash.
      default_value: of other keys, without such buckets.
    """
    if not vocabulary_file and not tf.is_tensor(vocabulary_file):
        raise ValueError(f"vocabulary_file must be the name of a file, not {vocabulary_file!r}")
    key = tf.int64 if key_dtype.is_integer else key_dtype
    rows = tf.lookup.TextFileInitializer(
        vocabulary_file, key, key_column_index, tf.int64, value_column_index, vocab_size, delimiter
    )
    return _index_table(rows, num_oov_buckets, default_value, hasher_spec, key_dtype, name)


def index_table_from_tensor(
    mapping: Any,
    num_oov_buckets: int = 0,
    default_value: int = -1,
    hasher_spec: Any = None,
    dtype: tf.DType = tf.string,
    name: str | None = None,
) -> Table:
    """Returns the table {element of `mapping`: its number, from 0}, as `index_table_from_file`."""
    keys = tf.convert_to_tensor(mapping)
    keys = tf.cast(keys, tf.int64) if keys.dtype.is_integer else keys
    rows = tf.lookup.KeyValueTensorInitializer(keys, tf.range(tf.size(keys, tf.int64)))
    return _index_table(rows, num_oov_buckets, default_value, hasher_spec, dtype, name)


def index_to_string_table_from_file(
    vocabulary_file: Any,
    vocab_size: int | None = None,
    default_value: str = "UNK",
    name: str | None = None,
    key_column_index: int = FROM_FILE.LINE_NUMBER,
    value_column_index: int = FROM_FILE.WHOLE_LINE,
    delimiter: str = "\t",
) -> tf.lookup.StaticHashTable:
    """Returns the table {number from 0: line of a text file}."""
    rows = tf.lookup.TextFileInitializer(
        vocabulary_file, tf.int64, key_column_index, tf.string, value_column_index, vocab_size, delimiter
    )
    return HashTable(rows, default_value, name=name)


def index_to_string_table_from_tensor(
    mapping: Any, default_value: str = "UNK", name: str | None = None
) -> tf.lookup.StaticHashTable:
    """Returns the table {number from 0: element of `mapping`}."""
    values = tf.convert_to_tensor(mapping, tf.string)
    rows = tf.lookup.KeyValueTensorInitializer(tf.range(tf.size(values, tf.int64)), values)
    return HashTable(rows, default_value, name=name)


def string_to_index_table_from_file(
    vocabulary_file: Any = None,
    num_oov_buckets: int = 0,
    vocab_size: int | None = None,
    default_value: int = -1,
    hasher_spec: Any = None,
    name: str | None = None,
) -> Table:
    """index_table_from_file of strings."""
    return index_table_from_file(
        vocabulary_file, num_oov_buckets, vocab_size, default_value, hasher_spec, name=name
    )


def HashTable(
    initializer: Any, default_value: Any, shared_name: str | None = None, name: str | None = None
) -> tf.lookup.StaticHashTable:
    """Returns a table that tf.tables_initializer fills; `table.init` is its op."""
    del shared_name  # tables of one graph are told apart by their objects
    table = tf.compat.v1.lookup.StaticHashTable(initializer, default_value, name=name)
    table.init = table.initializer
    return table


def _index_table(
    rows: Any, buckets: int, default_value: int, hasher_spec: Any, dtype: tf.DType, name: str | None
) -> Table:
    if hasher_spec is not None:
        raise ValueError("hasher_spec is given, and the fast hash is the only one; leave it out")
    if buckets < 0:
        raise ValueError(f"num_oov_buckets must be 0 or more, not {buckets}")
    if not buckets:
        return HashTable(rows, default_value, name=name)
    return tf.compat.v1.lookup.StaticVocabularyTable(rows, buckets, dtype, name)
