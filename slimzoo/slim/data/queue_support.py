"""What the queues of an input pipeline share."""

import tensorflow as tf


def require_queues(name: str) -> None:
    """Raises RuntimeError outside a graph: queues need a session and the threads of its queue runners."""
    if tf.executing_eagerly():
        raise RuntimeError(
            f"slim's {name} was called eagerly, but its queue is filled by queue runners of a session. "
            "Two ways out:\n"
            "  with tf.Graph().as_default(): ... (then tf.compat.v1.Session, as in TensorFlow 1)\n"
            "  tf.data, where `Dataset.prefetch` and `TFRecordDataset` do the same"
        )


def summarize_fullness(queue: tf.queue.QueueBase, capacity: int) -> None:
    """Adds the summary of how full `queue` is, 0..1."""
    fraction = tf.cast(queue.size(), tf.float32) * (1.0 / capacity)
    tf.compat.v1.summary.scalar(f"fraction_of_{capacity}_full", fraction)
