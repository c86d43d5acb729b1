"""Every DeepLab and FCN equals the original under TF 1.15.5: in a graph session, as a Model, in training.

The goldens are all npz files of a folder, SLIMZOO_DENSE_GOLDENS or that of the shared material; each says
which options it was made with, so that a new file is a new test.
"""

import functools
import json
import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import slim
from slimzoo.model.layers import LOGITS
from slimzoo.nets import deeplab, deeplab_heads, fcn, vgg
from tests.conftest import SHARED
from tests.goldens import Golden, fill_all

FOLDER = Path(os.environ.get("SLIMZOO_DENSE_GOLDENS", SHARED / "goldens" / "dense"))
FILES = {path.stem: path for path in sorted(FOLDER.glob("*.npz"))}
QUICK = ("deeplab_mobilenet_v2_050",)  # the others take 5 to 60 s each
LISTS = ("atrous_rates", "crop_size", "decoder_output_stride", "image_pooling_crop_size")
LISTS += ("image_pooling_stride", "image_pyramid", "multi_grid")
NOT_OF_THE_GRAPH = (  # of the loss; read by other backbones alone; of what comes before the network
    *("label_weights", "batch_norm_decay"),
    *("min_resize_value", "max_resize_value", "resize_factor", "keep_aspect_ratio"),
)


@functools.cache
def load(name):
    arrays = np.load(FILES[name], allow_pickle=False)
    return Golden(name, json.loads(str(arrays["facts"])), arrays)


def options_of(golden):
    """The golden's options as ours: lists of numbers in place of the command line's texts."""
    found = {}
    for key, value in golden.facts["non_default"].items():
        if key.startswith("dense_prediction_cell"):
            found["dense_prediction_cell_config"] = golden.facts["model_options"][
                "dense_prediction_cell_config"
            ]
            continue
        if key in LISTS and isinstance(value, str):
            value = value and [float(part) if "." in part else int(part) for part in value.split(",")]
        elif key in LISTS and isinstance(value, list):
            value = [float(part) if "." in str(part) else int(part) for part in value]
        found[key] = value
    found.pop("number_of_classes", None), found.pop("num_classes", None)
    return {key: value for key, value in found.items() if key not in NOT_OF_THE_GRAPH}


def network_of(golden):
    """The network function and its arg_scope for `golden`, for pixels of 0..255."""
    if golden.facts["kind"] == "deeplab":
        function, arg_scope = deeplab.deeplab, deeplab.deeplab_arg_scope
    else:
        function, arg_scope = getattr(fcn, golden.facts["factory_name"]), vgg.vgg_arg_scope
    classes = golden.facts["num_classes"]
    decay = golden.facts["train_settings"]["weight_decay"]
    settings = {"weight_decay": decay} if isinstance(decay, float) else {}
    arguments = {"num_classes": classes, "preprocess_images": True, **options_of(golden)}
    return functools.partial(function, **arguments), functools.partial(arg_scope, **settings)


def pixels(golden):
    drawn = np.random.RandomState(golden.facts["input_seed"]).uniform(-1, 1, golden.facts["input_shape"])
    return (drawn.astype(np.float32) + np.float32(1)) * np.float32(127.5)


def build(golden, is_training=False, shape=None, **more):
    function, arg_scope = network_of(golden)
    images = tf.compat.v1.placeholder(tf.float32, shape or golden.facts["input_shape"])
    with slim.arg_scope(arg_scope()):
        logits, ends = function(images, is_training=is_training, **more)
    return images, logits, ends


def listed(variables):
    return [[v.op.name, v.shape.as_list()] for v in variables]


def picked(value, count):
    value = np.asarray(value)
    return value.reshape(-1)[np.linspace(0, value.size - 1, count).astype(np.int64)]


def check_numbers(golden, logits, ends):
    """Logits, heads and end points, within what the goldens' README allows."""
    facts, arrays = golden.facts, golden.arrays
    keys = [key for key, _ in facts["end_points"]]
    assert [[key, list(ends[key].shape)] for key in list(ends)[: len(keys)]] == facts["end_points"]
    assert golden.logits_difference(ends["logits"]) <= golden.tolerance
    enlarged = np.abs(picked(logits, 4096) - arrays["logits_upsampled_sample"]).max()
    assert enlarged <= golden.tolerance and list(logits.shape) == facts["logits_upsampled_shape"]
    exponents = np.exp(logits - logits.max(-1, keepdims=True))
    named = {
        **ends,
        "logits_upsampled": logits,
        "probabilities": exponents / exponents.sum(-1, keepdims=True),
    }
    for prefix, names in (("ep", keys), ("head", [key for key, _, _ in facts["heads"]])):
        for i, name in enumerate(names):
            check_statistics(arrays, prefix, i, name, named[name])
    assert [list(named[key].shape) for key, _, _ in facts["heads"]] == [s for _, s, _ in facts["heads"]]
    found = logits.argmax(-1)
    # Where two classes are nearly alike the summation order decides: single pixels.
    assert (picked(found, 4096) != arrays["predictions_sample"]).sum() <= 2
    counts = np.bincount(found.reshape(-1), minlength=facts["num_classes"])
    differ = sum(abs(n - facts["prediction_counts"].get(str(i), 0)) for i, n in enumerate(counts))
    assert differ <= 2 * max(2, found.size // 10_000)


def check_statistics(arrays, prefix, i, name, value):
    value = np.asarray(value).astype(np.float64)
    mean, spread = arrays[f"{prefix}_mean"][i], arrays[f"{prefix}_std"][i]
    # 1e-4 of the largest value: float32, and the sums run in another order in newer kernels.
    scale = np.abs(value).max() + 1e-6
    assert value.mean() == pytest.approx(mean, abs=1e-4 * (abs(mean) + spread) + 1e-7), name
    np.testing.assert_allclose(
        picked(value, 16), arrays[f"{prefix}_sample16"][i], atol=1e-4 * scale, rtol=0, err_msg=name
    )


def for_goldens(names):
    marked = [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in names]
    return pytest.mark.parametrize("name", marked or [pytest.param("", marks=NONE)])


NONE = pytest.mark.skip(reason=f"no dense goldens in {FOLDER} (SLIMZOO_DENSE_GOLDENS names another folder)")


@for_goldens(FILES)
def test_a_graph_session_gives_the_original_numbers_names_and_order(name):
    golden = load(name)
    facts = golden.facts
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        images, logits, ends = build(golden)
        assert listed(slim.get_model_variables()) == facts["model_variables"]
        assert listed(tf.compat.v1.trainable_variables()) == facts["trainable_variables"]
        assert listed(tf.compat.v1.global_variables()) == facts["global_variables_inference"]
        fill_all(session, golden.value_of)
        values, found = session.run([logits, ends], {images: pixels(golden)})
    check_numbers(golden, values, {key: found[key] for key in ends})


@for_goldens(FILES)
def test_training_mode_makes_the_original_variables_losses_and_updates(name):
    golden = load(name)
    facts = golden.facts
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        _, _, ends = build(golden, is_training=True)
        shapes = [[key, value.shape.as_list()] for key, value in ends.items()]
        assert shapes[: len(facts["train_end_points"])] == facts["train_end_points"]
        assert listed(slim.get_model_variables()) == facts["train_model_variables"]
        assert listed(tf.compat.v1.trainable_variables()) == facts["train_trainable_variables"]
        assert listed(tf.compat.v1.global_variables()) == facts["train_global_variables"]
        losses = slim.losses.get_regularization_losses()
        assert [loss.op.name for loss in losses] == facts["regularization_losses"]
        updates = tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.UPDATE_OPS)
        assert len(updates) == facts["n_update_ops"]
        assert [update.name for update in updates][: len(facts["update_ops"])] == facts["update_ops"]
        fill_all(session, golden.value_of)
        total = sum(session.run(losses))
    assert total == pytest.approx(facts["regularization_sum"], rel=1e-5)  # float32 sums in another order


def as_model(golden, shape=None, **more):
    function, arg_scope = network_of(golden)
    arguments = {**function.keywords, **more}
    return slimzoo.Model(
        function.func,
        arguments.pop("num_classes"),
        (shape or golden.facts["input_shape"])[1:],
        arg_scope=arg_scope,
        initial_values=lambda shapes: {n: golden.value_of(n, s) for n, s in shapes.items()},
        **arguments,
    )


@for_goldens(FILES)
def test_a_model_gives_the_original_numbers_names_and_order(name):
    golden = load(name)
    model = as_model(golden)
    shapes = [[n, list(v.shape)] for n, v in model.variables_by_name.items()]
    assert shapes == golden.facts["train_model_variables"]
    trained = [[n, list(v.shape)] for n, v in model.variables_by_name.items() if v.trainable]
    assert trained == golden.facts["train_trainable_variables"]
    images = pixels(golden)
    ends = {key: value.numpy() for key, value in model.end_points(images).items()}
    check_numbers(golden, model(images).numpy(), ends)
    assert float(sum(model.losses)) == pytest.approx(golden.facts["regularization_sum"], rel=1e-5)


# Training.

CHECKS = [
    (name, check, prefix)
    for name in FILES
    for check, prefix in (("train_check", "train"), ("train_check_frozen", "train_frozen"))
    if check in load(name).facts
]


def training_pair(check, classes):
    """The images and labels [N, H, W, 1] of a training check, by the rule that it says in words."""
    batch, height, width, _ = shape = check["input_shape"]
    seed = int(check["input"].split("RandomState(")[1].split(")")[0])
    u = np.random.RandomState(seed).uniform(-1, 1, size=shape).astype(np.float32)
    blocks = np.random.RandomState(seed + 1).uniform(-1, 1, size=(batch, 4, 4, 3)).astype(np.float32)
    b = blocks[:, (np.arange(height) * 4) // height][:, :, (np.arange(width) * 4) // width]
    c = ((np.arange(batch) + 1) / batch).astype(np.float32).reshape(batch, 1, 1, 1)
    images = (c * (np.float32(0.75) * b + np.float32(0.25) * u) + np.float32(1)) * np.float32(127.5)
    drawn = np.random.RandomState(seed + 1)
    labels = drawn.randint(0, classes, size=(batch, height, width, 1))
    labels[drawn.uniform(size=labels.shape) < 0.1] = 255
    assert images.astype(np.float64).sum() == pytest.approx(check["image_sum"], rel=1e-9)
    assert labels.sum() == check["labels_sum"] and (labels == 255).sum() == check["n_ignored"]
    return images, labels


def cross_entropy(logits, labels):
    """The mean over the pixels whose label is not 255, as the original's train_utils has it."""
    labels = tf.reshape(tf.constant(labels, tf.int32), [-1])
    known = tf.not_equal(labels, 255)
    keep = tf.cast(known, tf.float32)
    flat = tf.reshape(logits, [-1, logits.shape[-1]])
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.where(known, labels, 0 * labels), flat)
    return tf.reduce_sum(losses * keep) / tf.reduce_sum(keep)


def check_training(golden, check, prefix, total, logits, gradients, moving):
    facts, arrays = golden.facts[check], golden.arrays
    sensitivity = facts["sensitivity_input_times_1p1e_6"]
    # What the original's own loss moves by when its input is scaled by 1 + 1e-6 comes on top.
    assert total == pytest.approx(facts["total_loss"], rel=1e-5 + sensitivity["loss_rel"])
    want = arrays[f"{prefix}/logits"]
    want_all = logits if want.shape == logits.shape else picked(logits, want.size)
    np.testing.assert_allclose(want_all, want.reshape(want_all.shape), rtol=0, atol=1e-3 * np.abs(want).max())
    assert sorted(gradients) == sorted(map(str, arrays[f"{prefix}/grad_names"]))
    # With live batch norm one ReLU that changes sides moves every gradient; frozen they compare to 1e-4.
    frozen = prefix == "train_frozen"
    allowed = 1e-4 if frozen else max(1e-2, sensitivity["grad_l2_rel_max"])
    off = {}
    for i, name in enumerate(map(str, arrays[f"{prefix}/grad_names"])):
        found = np.linalg.norm(gradients[name].astype(np.float64))
        if not frozen and name.endswith("/project/BatchNorm/beta"):  # 0, as another batch norm follows
            assert found <= 2e-5, name  # TF 1.15.5: up to 9e-6 in float32
            continue
        norm = max(arrays[f"{prefix}/grad_l2"][i], 1e-6 / allowed)  # below 1e-6 a gradient is round-off
        off[name] = abs(found - arrays[f"{prefix}/grad_l2"][i]) / norm
    assert {name: value for name, value in off.items() if value > allowed} == {}
    assert np.median(list(off.values())) <= 1e-3
    for key in arrays.files:
        if key.startswith(f"{prefix}/moving|"):
            want = arrays[key]
            found = moving[key.partition("|")[2]]
            np.testing.assert_allclose(found, want, rtol=1e-4, atol=1e-4 * np.abs(want).max(), err_msg=key)


def for_checks():
    marked = [
        pytest.param(*row, id="-".join(row[:2]), marks=[] if row[0] in QUICK else pytest.mark.slow)
        for row in CHECKS
    ]
    return pytest.mark.parametrize("name, check, prefix", marked or [pytest.param("", "", "", marks=NONE)])


def training_of(golden, check, monkeypatch):
    """Returns what is known of the check, its images and labels, and arguments: no dropout."""
    facts = golden.facts[check]
    images, labels = training_pair(facts, golden.facts["num_classes"])
    if golden.facts["kind"] != "deeplab":
        return facts, images, labels, {"dropout_keep_prob": 1.0}
    monkeypatch.setattr(deeplab_heads, "DROPOUT", 1.0)
    more = {"crop_size": None, "fine_tune_batch_norm": facts["fine_tune_batch_norm"]}
    return facts, images, labels, more


@for_checks()
def test_one_training_step_of_a_model_equals_the_original(name, check, prefix, monkeypatch):
    golden = load(name)
    facts, images, labels, more = training_of(golden, check, monkeypatch)
    model = as_model(golden, facts["input_shape"], **more)
    trained = {n: v for n, v in model.variables_by_name.items() if v.trainable}

    @tf.function(autograph=False)
    def step(images):
        with tf.GradientTape() as tape:
            found = model.run_network(images, True, (LOGITS, "logits"))
            total = cross_entropy(found[LOGITS], labels) + tf.add_n(model.losses)
        return total, found["logits"], tape.gradient(total, [v.value for v in trained.values()])

    total, logits, gradients = step(tf.constant(images))
    moving = {n: v.numpy() for n, v in model.variables_by_name.items() if n not in trained}
    by_name = dict(zip(trained, (g.numpy() for g in gradients), strict=True))
    check_training(golden, check, prefix, float(total), logits.numpy(), by_name, moving)


@pytest.mark.slow  # the test above, in a graph
@for_checks()
def test_one_training_step_in_a_graph_equals_the_original(name, check, prefix, monkeypatch):
    golden = load(name)
    facts, images, labels, more = training_of(golden, check, monkeypatch)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        placeholder, large, ends = build(golden, True, facts["input_shape"], **more)
        total = cross_entropy(large, labels) + tf.add_n(slim.losses.get_regularization_losses())
        variables = tf.compat.v1.trainable_variables()
        gradients = tf.gradients(total, variables)
        updates = tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.UPDATE_OPS)
        assert len(updates) == facts["n_update_ops"]
        fill_all(session, golden.value_of)
        feed = {placeholder: images}
        loss, logits, values = session.run([total, ends["logits"], gradients], feed)
        session.run(updates, feed)
        moving = {v.op.name: session.run(v) for v in slim.get_model_variables() if v not in variables}
    by_name = {v.op.name: g for v, g in zip(variables, values, strict=True)}
    check_training(golden, check, prefix, float(loss), logits, by_name, moving)
