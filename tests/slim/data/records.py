"""What the tests of readers share: tf.train.Examples, files of them, a run with queue runners."""

import contextlib

import numpy as np
import tensorflow as tf

from tests.slim.support import graph_session, v1


def feature(*values):
    """Returns the tf.train.Feature of ints, floats or strings."""
    if isinstance(values[0], int):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
    if isinstance(values[0], float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    values = [tf.compat.as_bytes(value) for value in values]
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))


def example(**features):
    """Returns a serialized tf.train.Example; "__" in a name stands for "/"."""
    named = {
        name.replace("__", "/"): feature(*(values if isinstance(values, tuple | list) else [values]))
        for name, values in features.items()
    }
    return tf.train.Example(features=tf.train.Features(feature=named)).SerializeToString()


def write(path, records):
    """Writes a TFRecord file; returns its path as text."""
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)
    return str(path)


def picture(height=6, width=7, channels=3):
    """Returns uint8 [height, width, channels] of known values."""
    return (np.arange(height * width * channels) % 251).reshape(height, width, channels).astype(np.uint8)


@contextlib.contextmanager
def running():
    """Enters a session whose queue runners run until it ends."""
    session = v1.get_default_session()
    session.run([v1.global_variables_initializer(), v1.local_variables_initializer()])
    coordinator = tf.train.Coordinator()
    threads = v1.train.start_queue_runners(session, coordinator)
    try:
        yield session
    finally:
        coordinator.request_stop()
        coordinator.join(threads, stop_grace_period_secs=20, ignore_live_threads=True)


def drain(*tensors):
    """Returns what `tensors` give until their queue is at its end, one list each."""
    found = []
    with running() as session, contextlib.suppress(tf.errors.OutOfRangeError):
        while len(found) < 1000:
            found.append(session.run(tensors))
    return [list(column) for column in zip(*found, strict=True)]


__all__ = ["drain", "example", "feature", "graph_session", "picture", "running", "v1", "write"]
