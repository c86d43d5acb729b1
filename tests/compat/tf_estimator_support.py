"""What the programs of tf.estimator are made of and looked at with, in Python 3.7 too."""

import glob
import logging
import os
import re

import numpy as np

X = np.linspace(-1, 1, 16, dtype=np.float32).reshape(8, 2)
Y = (X[:, 0] - 0.5 * X[:, 1] + 0.1).astype(np.float32)
IMAGES = np.random.RandomState(0).uniform(0, 1, (8, 8, 8, 1)).astype(np.float32)
CLASSES = np.arange(8, dtype=np.int64) % 2


def dataset(tf, epochs=None, batch=4, features=X, labels=Y):
    return lambda: tf.data.Dataset.from_tensor_slices((features, labels)).repeat(epochs).batch(batch)


def linear(tf, **more):
    """A model_fn of a line, with a rate in its params."""

    def model_fn(features, labels, mode, params):
        x = features["x"] if isinstance(features, dict) else features
        w = tf.get_variable("line/w", initializer=tf.constant([[0.5], [0.25]]))
        b = tf.get_variable("line/b", [], initializer=tf.zeros_initializer())
        y = tf.squeeze(tf.matmul(x, w), 1) + b
        predictions = {"y": y, "twice": 2 * y}
        if mode == tf.estimator.ModeKeys.PREDICT:
            return tf.estimator.EstimatorSpec(mode, predictions=predictions, **more)
        loss = tf.losses.mean_squared_error(labels, y)
        step = tf.train.get_global_step()
        train = tf.train.MomentumOptimizer(params["rate"], 0.9).minimize(loss, step)
        metrics = {"mae": tf.metrics.mean_absolute_error(labels, y)}
        return tf.estimator.EstimatorSpec(mode, predictions, loss, train, eval_metric_ops=metrics, **more)

    return model_fn


def made(tf, folder, model_fn=None, **config):
    config = tf.estimator.RunConfig(model_dir=folder, **config)
    return tf.estimator.Estimator(model_fn or linear(tf), config=config, params={"rate": 0.1})


def numbers(results):
    """Returns results as JSON has them: floats of 5 digits."""
    if isinstance(results, dict):
        return {str(name): numbers(value) for name, value in sorted(results.items())}
    if isinstance(results, (list, tuple)):
        return [numbers(value) for value in results]
    if isinstance(results, bytes):
        return results.decode()
    if isinstance(results, np.ndarray):
        return numbers(results.tolist())
    return (
        float(f"{results:.5g}")
        if isinstance(results, (float, np.floating))
        else (results if results is None or isinstance(results, (bool, str)) else int(results))
    )


def files(folder):
    """Returns the files below a folder, without what is the time's or the machine's."""
    found = []
    for path, _, names in os.walk(folder):
        for name in names:
            name = os.path.relpath(os.path.join(path, name), folder)
            found.append(re.sub(r"tfevents.*", "tfevents", re.sub(r"\d{9,}", "TIME", name)))
    return sorted(set(found))


def events(tf, folder):
    """Returns [step, tag, value] of the scalars in the event files of a folder, and the texts' tags."""
    rows = []
    for file in sorted(glob.glob(os.path.join(folder, "*tfevents*"))):
        for event in tf.train.summary_iterator(file):
            for value in event.summary.value:
                scalar = value.simple_value if value.HasField("simple_value") else None
                rows.append([event.step, value.tag, None if value.tag.endswith("/sec") else numbers(scalar)])
    return sorted(rows, key=str)


TENSORFLOWS = (  # what TensorFlow itself says in one of the two only
    *(
        "From ",
        "Calling checkpoint listeners",
        "Not using Distribute",
        "Using config",
        "It seems that global",
    ),
)


class Logged(logging.Handler):
    """What tf.logging says meanwhile, with DIR and TIME in place of folders and times."""

    def __init__(self, folder):
        super().__init__(logging.INFO)
        self.folder, self.lines = folder, []

    def __enter__(self):
        self.logger = logging.getLogger("tensorflow")
        self.before = self.logger.level
        self.logger.setLevel(logging.INFO)
        self.logger.addHandler(self)
        return self.lines

    def __exit__(self, *error):
        self.logger.removeHandler(self)
        self.logger.setLevel(self.before)

    def emit(self, record):
        line = record.getMessage().replace(self.folder, "DIR")
        line = re.sub(r"\d+\.\d{3,}(e-?\d+)?", lambda m: f"{float(m.group()):.4g}", line)
        line = re.sub(r"\d{4}-\d\d-\d\d.\d\d:\d\d:\d\dZ?|(b'|\b)\d{9,}'?", "TIME", line)
        line = re.sub(r"\([\d.]+ sec\)|(?<=/sec: )[\d.]+", "", line)
        if not line.startswith(TENSORFLOWS):
            self.lines.append(line)


def signatures(tf, folder):
    """Returns what an exported model takes and gives."""
    with tf.Graph().as_default(), tf.Session() as session:
        loaded = tf.saved_model.loader.load(session, ["serve"], os.fsdecode(folder))
        said = {}
        for name, signature in loaded.signature_def.items():
            ends = {
                side: {
                    key: [tf.as_dtype(t.dtype).name, [d.size for d in t.tensor_shape.dim]]
                    for key, t in getattr(signature, side).items()
                }
                for side in ("inputs", "outputs")
            }
            said[name] = dict(ends, method=signature.method_name)
    return {name: said[name] for name in sorted(said)}


def clipping(tf):
    """A model_fn whose gradients are clipped."""

    def model_fn(features, labels, mode, params):
        w = tf.get_variable("w", initializer=tf.constant([3.0, 4.0]))
        loss = tf.reduce_sum(w * w)
        plain = tf.train.MomentumOptimizer(params["rate"], 0.9)
        optimizer = tf.contrib.estimator.clip_gradients_by_norm(plain, 1.0)
        return tf.estimator.EstimatorSpec(
            mode, loss=loss, train_op=optimizer.minimize(loss, tf.train.get_global_step())
        )

    return model_fn
