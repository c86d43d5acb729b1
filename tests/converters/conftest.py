"""Small checkpoints, written by TensorFlow's own Saver."""

import numpy as np
import pytest
import tensorflow as tf


def _arrays():
    random = np.random.RandomState(0)
    return {
        "net/conv1/weights": random.randn(3, 3, 2, 4).astype(np.float32),
        "net/conv1/BatchNorm/beta": random.randn(4).astype(np.float32),
        "net/conv1/BatchNorm/moving_mean": random.randn(4).astype(np.float32),
        "net/fc/weights": random.randn(40, 70).astype(np.float32),  # larger than a block of a table
        "net/fc/biases": random.randn(70).astype(np.float32),
        "global_step": np.int64(1_234_567_890_123),
    }


@pytest.fixture
def arrays():
    """Names and values as a slim network has them."""
    return _arrays()


@pytest.fixture
def save_checkpoint():
    """See saved()."""
    return saved


def saved(prefix, arrays, version="V2", sharded=False, partitions=None):
    """Returns the prefix that Saver wrote `arrays` to; partitions: {name: (slices, axis)}."""
    prefix.parent.mkdir(exist_ok=True)
    with tf.Graph().as_default():
        for i, (name, value) in enumerate(arrays.items()):
            split = (partitions or {}).get(name)
            with tf.device(f"/cpu:{i % 2 if sharded else 0}"):
                tf.compat.v1.get_variable(
                    name,
                    shape=np.shape(value),
                    dtype=tf.as_dtype(np.asarray(value).dtype),
                    initializer=_slices_of(value),
                    partitioner=tf.compat.v1.fixed_size_partitioner(*split) if split else None,
                )
        config = tf.compat.v1.ConfigProto(
            device_count={"CPU": 2 if sharded else 1}, allow_soft_placement=True
        )
        with tf.compat.v1.Session(config=config) as session:
            session.run(tf.compat.v1.global_variables_initializer())
            saver = tf.compat.v1.train.Saver(
                write_version=getattr(tf.compat.v1.train.SaverDef, version), sharded=sharded
            )
            return saver.save(session, str(prefix))


def _slices_of(value):
    def initializer(shape, dtype, partition_info=None):
        begin = partition_info.var_offset if partition_info else [0] * len(shape)
        where = tuple(slice(start, start + int(size)) for start, size in zip(begin, shape, strict=True))
        return tf.constant(np.asarray(value)[where], dtype)

    return initializer


@pytest.fixture(params=["V1", "V2"])
def version(request):
    """The format that the Saver writes."""
    return request.param
