"""Programs of tf.estimator, and what is compared of each: run by TensorFlow 1.15 and here.

tools/record_tf_estimator.py runs them there. It is Python 3.7; its `tf` is given:
TensorFlow 1's, or slimzoo's.
"""

import glob
import os

import numpy as np

from tests.compat.tf_estimator_refused import refused
from tests.compat.tf_estimator_support import (
    CLASSES,
    IMAGES,
    Logged,
    X,
    Y,
    clipping,
    dataset,
    events,
    files,
    linear,
    made,
    numbers,
    signatures,
)


def life(tf, folder):
    """A model from its first step to its export."""
    estimator = made(
        tf,
        folder,
        save_summary_steps=2,
        log_step_count_steps=2,
        save_checkpoints_steps=2,
        keep_checkpoint_max=2,
    )
    found = {"untrained": numbers(estimator.evaluate(dataset(tf, 1), name="before"))}
    with Logged(folder) as found["training says"]:
        assert estimator.train(dataset(tf), steps=5) is estimator
    found["files"] = files(folder)
    found["events"] = events(tf, folder)
    with Logged(folder) as found["evaluation says"]:
        found["evaluated"] = numbers(estimator.evaluate(dataset(tf), steps=2))
    found["kinds"] = {
        name: type(value).__name__ for name, value in estimator.evaluate(dataset(tf, 1)).items()
    }
    found["eval events"] = events(tf, estimator.eval_dir())
    found["predicted"] = numbers(list(estimator.predict(dataset(tf, 1))))
    found["batches"] = numbers(list(estimator.predict(dataset(tf, 1), ["y"], yield_single_examples=False)))
    found["variables"] = sorted(estimator.get_variable_names())
    found["values"] = {n: numbers(estimator.get_variable_value(n)) for n in found["variables"]}
    with Logged(folder) as found["skipping says"]:
        estimator.train(dataset(tf), max_steps=5)
    estimator.train(dataset(tf), max_steps=6)
    found["after max_steps"] = os.path.basename(estimator.latest_checkpoint())
    estimator.train(dataset(tf, 1), steps=100)
    found["after the input's end"] = os.path.basename(estimator.latest_checkpoint())
    older = tf.train.get_checkpoint_state(folder).all_model_checkpoint_paths
    found["kept"] = [os.path.basename(path) for path in older]
    found["older"] = numbers(
        estimator.evaluate(dataset(tf, 1), checkpoint_path=os.path.join(folder, found["kept"][0]))
    )
    return found


def slim_net(tf, folder):
    """The model_fn of a TF-Slim program: batch norm, its updates, penalties, slim's losses and metrics."""
    slim = tf.contrib.slim

    def model_fn(features, labels, mode, params):
        training = mode == tf.estimator.ModeKeys.TRAIN
        init = slim.variance_scaling_initializer(seed=3)
        with (
            slim.arg_scope(
                [slim.conv2d, slim.fully_connected],
                weights_initializer=init,
                weights_regularizer=slim.l2_regularizer(1e-3),
            ),
            slim.arg_scope([slim.batch_norm], is_training=training, decay=0.9),
        ):
            net = slim.conv2d(features["image"], 4, 3, stride=2, normalizer_fn=slim.batch_norm, scope="conv1")
            net = slim.flatten(net)
            logits = slim.fully_connected(net, 2, activation_fn=None, scope="logits")
        predictions = {"classes": tf.argmax(logits, 1), "probabilities": tf.nn.softmax(logits)}
        if mode == tf.estimator.ModeKeys.PREDICT:
            outputs = {
                "serving_default": tf.estimator.export.PredictOutput(predictions),
                "classify": tf.estimator.export.ClassificationOutput(scores=predictions["probabilities"]),
            }
            return tf.estimator.EstimatorSpec(mode, predictions=predictions, export_outputs=outputs)
        slim.losses.sparse_softmax_cross_entropy(logits, labels)
        loss = slim.losses.get_total_loss()
        names, updates = slim.metrics.aggregate_metric_map(
            {"accuracy": slim.metrics.streaming_accuracy(predictions["classes"], labels)}
        )
        metrics = {name: (names[name], updates[name]) for name in names}
        if mode == tf.estimator.ModeKeys.EVAL:
            return tf.estimator.EstimatorSpec(mode, loss=loss, eval_metric_ops=metrics)
        rate = tf.train.exponential_decay(params.rate, tf.train.get_global_step(), 2, 0.5)
        tf.summary.scalar("rate", rate)
        optimizer = tf.train.MomentumOptimizer(rate, 0.9)
        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            train_op = optimizer.minimize(loss, tf.train.get_global_step())
        return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=train_op)

    def input_fn(params, mode):
        images, classes = tf.convert_to_tensor(IMAGES), tf.convert_to_tensor(CLASSES)
        if mode == tf.estimator.ModeKeys.TRAIN:
            return {"image": images * params.scale}, classes
        return tf.data.Dataset.from_tensor_slices(({"image": images}, classes)).batch(3)

    params = tf.contrib.training.HParams(rate=0.1, scale=1.0)
    config = tf.estimator.RunConfig(save_summary_steps=1, tf_random_seed=1)
    estimator = tf.estimator.Estimator(model_fn, folder, config, params)
    estimator.train(input_fn, steps=3)
    receiver = tf.estimator.export.build_parsing_serving_input_receiver_fn(
        {"image": tf.FixedLenFeature([8, 8, 1], tf.float32)}
    )
    return {
        "evaluated": numbers(estimator.evaluate(input_fn)),
        "variables": sorted(estimator.get_variable_names()),
        "sums": {n: numbers(np.sum(estimator.get_variable_value(n))) for n in estimator.get_variable_names()},
        "events": events(tf, folder),
        "predicted": numbers([p["probabilities"] for p in estimator.predict(input_fn, "probabilities")]),
        "exported": signatures(tf, estimator.export_savedmodel(os.path.join(folder, "out"), receiver)),
        "files": files(folder),
    }


def exports(tf, folder):
    """Receivers and outputs of all kinds."""
    estimator = made(tf, folder)
    estimator.train(dataset(tf), steps=1)
    export = tf.estimator.export

    def receiver(kind):
        x = tf.placeholder(tf.float32, [None, 2], "fed")
        text = tf.placeholder(tf.string, [None], "text")
        return {
            "raw tensor": lambda: export.ServingInputReceiver({"x": x}, x),
            "single feature": lambda: export.TensorServingInputReceiver(x, {"in": x}),
            "alternatives": lambda: export.ServingInputReceiver({"x": x}, x, {"other": {"t": text, "x": x}}),
        }[kind]

    def write(receiver_fn, **more):
        target = os.path.join(folder, f"out{len(os.listdir(folder))}")
        return os.path.dirname(os.fsdecode(estimator.export_saved_model(target, receiver_fn, **more)))

    found = {}
    for kind in ("raw tensor", "single feature", "alternatives"):
        target = write(lambda kind=kind: receiver(kind)())
        found[kind] = signatures(tf, glob.glob(os.path.join(target, "*"))[0])
    with tf.Graph().as_default():
        raw = export.build_raw_serving_input_receiver_fn({"x": tf.zeros([3, 2])})
    asset = os.path.join(folder, "words")
    with open(asset, "w") as file:
        file.write("a")
    target = write(raw, assets_extra={"more/words": asset}, as_text=True)
    found["raw"], found["files"] = signatures(tf, glob.glob(os.path.join(target, "*"))[0]), files(target)
    return found


def alternating(tf, folder):
    """train_and_evaluate with exporters, twice."""

    def raw():
        given = {"x": tf.placeholder(tf.float32, [None, 2])}
        return tf.estimator.export.build_raw_serving_input_receiver_fn(given)()

    exporters = [
        tf.estimator.LatestExporter("latest", raw, exports_to_keep=1),
        tf.estimator.FinalExporter("final", raw),
        tf.estimator.BestExporter("best", raw, exports_to_keep=None),
    ]
    found = {}
    estimator = made(tf, folder, save_checkpoints_steps=2, log_step_count_steps=100)
    for time, end in enumerate((5, 5, 7)):
        train = tf.estimator.TrainSpec(dataset(tf), max_steps=end)
        spec = tf.estimator.EvalSpec(dataset(tf, 1), steps=None, exporters=exporters, throttle_secs=0)
        with Logged(folder) as found[f"says {time}"]:
            results, exported = tf.estimator.train_and_evaluate(estimator, train, spec)
        found[f"returned {time}"] = [
            numbers(results),
            exported and [type(path).__name__ for path in exported],
        ]
    found["events"] = events(tf, estimator.eval_dir())
    found["exports"] = {
        name: len(os.listdir(os.path.join(folder, "export", name))) for name in ("latest", "final")
    }
    throttled = made(tf, os.path.join(folder, "throttled"), save_checkpoints_steps=1)
    spec = tf.estimator.EvalSpec(dataset(tf, 1), name="mine", throttle_secs=1000)
    tf.estimator.train_and_evaluate(throttled, tf.estimator.TrainSpec(dataset(tf, 2)), spec)
    found["throttled"] = events(tf, throttled.eval_dir("mine"))
    return found


def called(tf, folder):
    """What hooks and listeners are called with, in order."""
    said = []

    class Hook(tf.train.SessionRunHook):
        def __init__(self, name):
            self.name = name

        def begin(self):
            said.append(self.name + " begins")

        def after_run(self, run_context, run_values):
            said.append(self.name + " after run")

        def end(self, session):
            said.append(self.name + " ends")

    class Listener(tf.train.CheckpointSaverListener):
        def begin(self):
            said.append("listener begins")

        def after_save(self, session, global_step_value):
            said.append(f"saved {global_step_value}")

        def end(self, session, global_step_value):
            said.append(f"listener ends {global_step_value}")

    kinds = ("training_hooks", "training_chief_hooks", "evaluation_hooks", "prediction_hooks")
    estimator = made(
        tf, folder, linear(tf, **{kind: [Hook(kind)] for kind in kinds}), save_checkpoints_steps=2
    )
    estimator.train(dataset(tf, 1), hooks=[Hook("given")], saving_listeners=[Listener()])
    estimator.evaluate(dataset(tf, 1), hooks=[Hook("given")])
    list(estimator.predict(dataset(tf, 1), hooks=[Hook("given")]))
    own = [tf.train.CheckpointSaverHook(folder, save_steps=1)]
    said.append("own saver")
    estimator.train(dataset(tf), hooks=own, steps=2, saving_listeners=[Listener()])
    return said


def inputs(tf, folder):
    """What model_fn gets of what an input_fn returns."""
    feed, made_of = tf.estimator.inputs.numpy_input_fn, np.arange(5, dtype=np.float32)
    words = np.array(["a", "b", "c"])

    def model_fn(features, labels, mode):
        if mode == tf.estimator.ModeKeys.PREDICT:
            tensors = features if isinstance(features, dict) else {"features": features}
            return tf.estimator.EstimatorSpec(mode, predictions=dict(tensors))
        tf.get_variable("v", [])
        shown = [features, labels]
        kinds.append([sorted(one) if isinstance(one, dict) else one is not None for one in shown])
        return tf.estimator.EstimatorSpec(
            mode, loss=tf.constant(1.0), train_op=tf.assign_add(tf.train.get_global_step(), 1)
        )

    kinds, found = [], {}
    estimator = tf.estimator.Estimator(model_fn, folder)
    given = {
        "numpy": feed({"x": made_of, "w": words[[0, 1, 2, 0, 1]]}, batch_size=2, shuffle=False),
        "numpy, two epochs": feed(made_of, batch_size=3, num_epochs=2, shuffle=False),
        "numpy, a batch of more": feed({"x": made_of}, batch_size=12, num_epochs=2, shuffle=False),
        "dataset of dicts": lambda: tf.data.Dataset.from_tensor_slices({"x": made_of}).batch(2),
        "a pair for a prediction": dataset(tf, 1, 8),
        "queue": lambda: {"x": tf.train.batch([tf.train.limit_epochs(tf.constant(3.0), 4)], 2)},
    }
    for name, input_fn in given.items():
        batches = estimator.predict(input_fn, yield_single_examples=False)
        found[name] = [numbers(batch) for batch in batches]
    for x, y in (({"x": X}, Y), (X, {"y": Y}), ({"x": X, "z": X}, None), (X, None)):
        estimator.train(feed(x, y, shuffle=True), steps=1)
    estimator.train(lambda: (tf.constant(1.0), tf.constant(2.0)), steps=1)
    estimator.train(lambda: [tf.constant(1.0), None], steps=1)
    estimator.train(lambda mode, params, config: {"a": tf.constant(1.0)}, steps=1)
    return dict(found, kinds=kinds)


def warm(tf, folder):
    """Values that come from other models."""
    first = made(tf, os.path.join(folder, "first"))
    first.train(dataset(tf), steps=4)
    settings = tf.estimator.WarmStartSettings
    starts = {
        "folder": first.model_dir,
        "checkpoint": first.latest_checkpoint(),
        "some": settings(first.model_dir, vars_to_warm_start=".*/b"),
        "others": settings(first.model_dir, ["line/w/Momentum"]),
        "renamed": settings(
            first.model_dir, "line/w", var_name_to_prev_var_name={"line/w": "line/w/Momentum"}
        ),
    }
    found = {}
    for name, start in starts.items():
        estimator = tf.estimator.Estimator(
            linear(tf), os.path.join(folder, name), params={"rate": 0.0}, warm_start_from=start
        )
        estimator.train(dataset(tf), steps=1)
        found[name] = {n: numbers(estimator.get_variable_value(n)) for n in estimator.get_variable_names()}
    return found


def extended(tf, folder):
    """tf.estimator.add_metrics and the like of tf.contrib.estimator; stopping early; evaluating in a hook."""
    estimator = made(tf, folder, save_checkpoints_steps=2)
    more = tf.estimator.add_metrics(
        estimator, lambda labels, predictions: {"m": tf.metrics.mean(predictions["y"])}
    )
    forward = tf.contrib.estimator.forward_features(estimator, "x")
    special = tf.estimator.experimental
    evaluator = special.InMemoryEvaluatorHook(estimator, dataset(tf, 1), name="inside", every_n_iter=2)
    estimator.train(dataset(tf), steps=3, hooks=[evaluator])
    found = {"in memory": events(tf, estimator.eval_dir("inside"))}
    found["metrics"] = numbers(more.evaluate(dataset(tf, 1)))
    given = tf.estimator.inputs.numpy_input_fn({"x": X}, shuffle=False)
    found["forwarded"] = numbers(list(forward.predict(given))[:2])
    folders = estimator.eval_dir("inside")
    steps = {"run_every_secs": None, "run_every_steps": 1}
    hooks = {
        "function": lambda e: special.make_early_stopping_hook(e, lambda: True, **steps),
        "lower": lambda e: special.stop_if_lower_hook(e, "loss", 100.0, folders, **steps),
        "higher": lambda e: special.stop_if_higher_hook(e, "loss", 100.0, folders, **steps),
        "no decrease": lambda e: special.stop_if_no_decrease_hook(e, "loss", 2, folders, 1, **steps),
        "no increase": lambda e: special.stop_if_no_increase_hook(e, "loss", 2, folders, **steps),
    }
    for name, hook in hooks.items():
        stopped = made(tf, os.path.join(folder, name))
        stopped.train(dataset(tf), steps=2, hooks=[hook(stopped)])
        found[name] = [int(stopped.get_variable_value("global_step")), stopped.get_variable_names()]
    clipped = made(tf, os.path.join(folder, "clipped"), clipping(tf))
    clipped.train(dataset(tf), steps=2)
    found["clipped"] = {
        n: numbers(clipped.get_variable_value(n)) for n in sorted(clipped.get_variable_names())
    }
    return found


def of_tpu(tf, folder):
    """TPUEstimator without a TPU."""
    tpu = tf.contrib.tpu
    seen = []

    def model_fn(features, labels, mode, params):
        seen.append([mode, sorted(params.items())])
        w = tf.get_variable("w", [2, 1], initializer=tf.zeros_initializer())
        y = tf.squeeze(tf.matmul(features, w), 1)
        if mode == "infer":
            return tpu.TPUEstimatorSpec(mode, predictions={"y": y})
        loss = tf.losses.mean_squared_error(labels, y)
        train_op = tf.train.GradientDescentOptimizer(params["rate"]).minimize(
            loss, tf.train.get_global_step()
        )
        metric_fn = lambda labels, y: {"mean": tf.metrics.mean(y - labels)}  # noqa: E731
        host_fn = lambda step: [tf.py_func(lambda s: seen.append(["host"]), [step], [])]  # noqa: E731
        return tpu.TPUEstimatorSpec(
            mode,
            loss=loss,
            train_op=train_op,
            eval_metrics=(metric_fn, [labels, y]),
            host_call=(host_fn, [tf.reshape(tf.train.get_global_step(), [1])]) if mode == "train" else None,
        )

    def input_fn(params):
        seen.append(["input", sorted(params.items())])
        return dataset(tf, batch=params["batch_size"])()

    config = tpu.RunConfig(model_dir=folder, tpu_config=tpu.TPUConfig(iterations_per_loop=2, num_shards=8))
    sizes = {"train_batch_size": 4, "eval_batch_size": 2, "predict_batch_size": 3}
    estimator = tpu.TPUEstimator(model_fn, config=config, use_tpu=False, params={"rate": 0.1}, **sizes)
    estimator.train(input_fn, max_steps=3)
    found = {"evaluated": numbers(estimator.evaluate(input_fn, steps=2))}
    predicted = estimator.predict(input_fn)
    found["predicted"] = numbers([next(predicted) for _ in range(4)])
    return dict(found, seen=seen, files=files(folder))


CASES = {
    "life": life,
    "slim net": slim_net,
    "exports": exports,
    "alternating": alternating,
    "called": called,
    "inputs": inputs,
    "warm": warm,
    "extended": extended,
    "of tpu": of_tpu,
    "refused": refused,
}


def measure(tf, name, folder):
    """Returns what is compared of the case `name`, run in a new folder, as JSON has it."""
    with tf.Graph().as_default():
        return CASES[name](tf, os.path.join(str(folder), "model"))
