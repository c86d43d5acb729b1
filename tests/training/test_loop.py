"""One step of training: what moves, by how much, and how often it is traced."""

import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import slim
from slimzoo.training import losses
from slimzoo.training.loop import Trainer, evaluation_device, make_strategy, uses_gpu
from slimzoo.training.optimisation import make_optimizer
from slimzoo.training.recipes import Recipe
from tests.training import tiny
from tests.training.conftest import make_batches, make_trainer, values

PLAIN = {"learning_rate": 0.05, "schedule": "constant", "warmup": 0.0}


def train(trainer, batches):
    return [{name: float(value) for name, value in trainer.step(batch).items()} for batch in batches]


def test_many_steps_are_traced_once(monkeypatch):
    traces = []
    loss = losses.classification_loss
    monkeypatch.setattr(losses, "classification_loss", lambda *inputs: traces.append(inputs) or loss(*inputs))
    train(make_trainer(), make_batches(6))
    assert len(traces) == 1


def test_checkpointing_that_saves_nothing_says_so_once(caplog):
    trainer = make_trainer(recipe=Recipe(**PLAIN, gradient_checkpointing=True))
    train(trainer, make_batches(2))
    (said,) = [record.getMessage() for record in caplog.records if "checkpointing" in record.getMessage()]
    assert "saves nothing here: tiny has no blocks, and no layers with batch norm" in said


def test_checkpointing_of_a_model_that_calls_another_says_that_this_is_why(caplog):
    inner = slimzoo.load("tiny_bn", num_classes=4)

    def outer(images, num_classes, is_training):
        logits = inner(images, training=is_training)
        return slim.fully_connected(logits, num_classes, activation_fn=None, scope="outer"), {}

    model = slimzoo.Model(outer, num_classes=4, input_shape=(tiny.PIXELS, tiny.PIXELS, 3))
    model.recompute = True
    recipe = Recipe(**PLAIN)
    trainer = Trainer(model, make_optimizer(recipe, 10, False, model, 1), tf.distribute.get_strategy(), {})
    train(trainer, make_batches(1))
    (said,) = [record.getMessage() for record in caplog.records if "checkpointing" in record.getMessage()]
    assert "saves nothing here: outer calls another Model, tiny_bn, and is run as it is" in said


def test_the_first_step_is_the_learning_rate_times_the_gradient():
    trainer = make_trainer(dropout_keep_prob=1.0)
    (batch,) = make_batches()
    before = values(trainer.model)
    variables = trainer.model.trainable_variables
    with tf.GradientTape() as tape:
        logits = trainer.model(batch["image"], training=True)
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=batch["labels"], logits=logits)
        loss = tf.reduce_sum(losses * batch["weights"]) / tf.reduce_sum(batch["weights"])
        decay = [0.01 * tf.nn.l2_loss(v.value) for v in variables if "weights" in v.name]
        total = loss + tf.add_n(decay)
    gradients = tape.gradient(total, [v.value for v in variables])
    found = train(trainer, [batch])[0]
    assert found["loss"] == pytest.approx(float(loss), rel=1e-6)  # float32, one order of summation
    assert found["regularization"] == pytest.approx(float(tf.add_n(decay)), rel=1e-6)
    for (name, variable), gradient in zip(trainer.model.variables_by_name.items(), gradients, strict=True):
        wanted = before[name] - 0.05 * gradient.numpy()
        np.testing.assert_allclose(variable.numpy(), wanted, atol=1e-6, err_msg=name)  # float32 rounding


def test_a_factor_of_0_leaves_a_scope_as_it_is_and_a_tenth_moves_it_a_tenth():
    (batch,) = make_batches()
    whole = make_trainer(dropout_keep_prob=1.0)
    start = values(whole.model)
    train(whole, [batch])
    rates = {"Tiny/conv1": 0.0, "Tiny/conv2": 0.1}
    parts = make_trainer(dropout_keep_prob=1.0, recipe=Recipe(learning_rates=rates, **PLAIN))
    train(parts, [batch])
    wholly, partly = values(whole.model), values(parts.model)
    for name, factor in (("conv1", 0.0), ("conv2", 0.1), ("logits", 1.0)):
        for kind in ("weights", "biases"):
            key = f"Tiny/{name}/{kind}"
            moved = wholly[key] - start[key]
            assert np.abs(moved).max() > 1e-5
            np.testing.assert_allclose(partly[key] - start[key], factor * moved, atol=2e-8, err_msg=key)


def test_moving_averages_move_and_those_of_a_frozen_scope_stay_to_the_bit():
    trainer = make_trainer("tiny_bn", freeze=["Tiny/conv1"])
    before = values(trainer.model)
    train(trainer, make_batches(2))
    after = values(trainer.model)
    assert len(before) == 2 + 2 * 4  # logits; weights, beta and two averages a convolution
    for name in before:
        same = np.array_equal(before[name], after[name])
        assert same == name.startswith("Tiny/conv1/"), name


def test_moving_averages_take_a_tenth_of_the_batch_at_a_decay_of_09():
    trainer = make_trainer("tiny_bn", freeze=["Tiny/conv2"])
    (batch,) = make_batches()
    kernel = trainer.model.variables_by_name["Tiny/conv1/weights"].numpy()
    net = tf.nn.conv2d(batch["image"], kernel, 2, "SAME")
    mean = tf.reduce_mean(net, (0, 1, 2)).numpy()
    train(trainer, [batch])
    moved = trainer.model.variables_by_name["Tiny/conv1/BatchNorm/moving_mean"].numpy()
    np.testing.assert_allclose(moved, 0.1 * mean, atol=1e-6)  # float32 rounding


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_learns(dtype):
    trainer = make_trainer("tiny_bn", dtype=dtype, loss_scaling=dtype == "mixed_float16")
    losses = [row["loss"] for row in train(trainer, list(make_batches(2, difficult=0.0)) * 8)]
    assert np.isfinite(losses).all()
    assert np.mean(losses[-4:]) < 0.7 * np.mean(losses[:2])
    assert all(v.dtype == "float32" for v in trainer.model.variables_by_name.values())


def test_a_step_that_overflows_in_float16_is_left_out_and_halves_the_scale():
    trainer = make_trainer(dtype="mixed_float16", loss_scaling=True)
    first, second = make_batches(2)
    train(trainer, [first])
    before = values(trainer.model)
    trainer.optimizer.dynamic_scale.assign(2.0**120)
    loss = train(trainer, [second])[0]["loss"]
    assert np.isfinite(loss)  # it is the gradients that overflow
    assert all(np.array_equal(before[name], value) for name, value in values(trainer.model).items())
    assert float(trainer.optimizer.dynamic_scale) == 2.0**119
    assert int(trainer.optimizer.iterations) == 1


@pytest.mark.parametrize("name", ["tiny_bn", "cifarnet", "mobilenet_v1_025"])
def test_channels_first_gives_the_losses_of_channels_last(name):
    found, start = [], {}
    pixels = tiny.PIXELS if "tiny" in name else 32
    steps = 1 if "mobilenet" in name else 3  # 27 new batch norms multiply a rounding error by 100 a step
    for data_format in ("NHWC", "NCHW"):
        trainer = make_trainer(name, data_format=data_format, size=pixels, dropout_keep_prob=1.0)
        start = start or values(trainer.model)
        for key, variable in trainer.model.variables_by_name.items():
            variable.assign(start[key])
        found.append([row["loss"] for row in train(trainer, make_batches(steps, pixels=pixels))])
    np.testing.assert_allclose(*found, rtol=1e-4)  # float32, another order of summation


@pytest.mark.parametrize("device", ["gpu", "gpu:7", "tpu", "cpu:x", "cpu:99", "cpu:", ""])
def test_an_unknown_device_is_named_with_those_there_are(device):
    if device == "cpu:":
        assert make_strategy(device).num_replicas_in_sync == 1
        return
    with pytest.raises(ValueError, match=f"no device '{device}' here; there are cpu:0, or auto"):
        make_strategy(device)


def test_a_cpu_can_be_asked_for():
    for device in ("auto", "cpu", "CPU:0"):
        strategy = make_strategy(device)
        assert strategy.num_replicas_in_sync == 1
        assert not uses_gpu(strategy)
        with evaluation_device(strategy):
            assert "CPU:0" in tf.constant(1).device
