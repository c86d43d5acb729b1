"""A Model is a real keras.Model: fit, evaluate, predict, callbacks, precision, freezing, replicas."""

import fnmatch
import textwrap

import keras
import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo.errors import SlimzooError
from tests import warm
from tests.networks import (
    IMAGES,
    LABELS,
    assert_close,
    assert_same,
    compiled,
    disturb,
    little_model,
    only_dropout,
    values,
)

MEAN = "Conv/BatchNorm/moving_mean"


def moving(model):
    return {n: v for n, v in values(model).items() if "moving" in n}


def test_fit_learns_and_evaluate_and_predict_agree_with_a_call():
    model = compiled(little_model(keep_prob=1.0), keras.optimizers.Adam(0.01), metrics=["accuracy"])
    history = model.fit(IMAGES, LABELS, epochs=12, batch_size=4, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    loss, accuracy = model.evaluate(IMAGES, LABELS, verbose=0)
    logits = model(IMAGES).numpy()
    assert accuracy == pytest.approx(np.mean(logits.argmax(1) == LABELS))
    expected = tf.keras.losses.sparse_categorical_crossentropy(LABELS, logits, from_logits=True)
    # The regularization losses of slim are part of the loss; float32 sums: 1e-5.
    assert loss == pytest.approx(float(tf.reduce_mean(expected) + sum(model.losses)), rel=1e-5)
    # predict runs in batches through the same graph: float32 round-off.
    np.testing.assert_allclose(model.predict(IMAGES, batch_size=3, verbose=0), logits, atol=1e-6)


def test_moving_averages_move_in_fit_and_in_nothing_else():
    model = compiled(little_model())
    before = moving(model)
    model.evaluate(IMAGES, LABELS, verbose=0)
    model.predict(IMAGES, verbose=0)
    model(IMAGES)
    assert_same(moving(model), before)
    model.fit(IMAGES, LABELS, verbose=0)
    assert all((value != before[name]).all() for name, value in moving(model).items())


def test_one_step_of_fit_moves_the_averages_by_the_batch_statistics():
    model = compiled(little_model())
    net = tf.nn.conv2d(IMAGES, model.variables_by_name["Conv/weights"].numpy(), 1, "SAME")
    mean, variance = (t.numpy() for t in tf.nn.moments(net, (0, 1, 2)))
    model.fit(IMAGES, LABELS, batch_size=8, shuffle=False, verbose=0)
    n = 8 * 8 * 8
    # decay 0.5 from (0, 1); fused batch norm takes the unbiased variance; float32 sums: 1e-5.
    np.testing.assert_allclose(moving(model)[MEAN], 0.5 * mean, rtol=1e-4, atol=1e-6)
    unbiased = variance * n / (n - 1)
    np.testing.assert_allclose(
        moving(model)["Conv/BatchNorm/moving_variance"], 0.5 + 0.5 * unbiased, rtol=1e-5
    )


def test_the_usual_callbacks_work(tmp_path):
    model = compiled(little_model())
    callbacks = [
        keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras"),
        keras.callbacks.ModelCheckpoint(tmp_path / "last.weights.h5", save_weights_only=True),
        keras.callbacks.EarlyStopping("val_loss", patience=0, min_delta=100.0, restore_best_weights=True),
        keras.callbacks.TensorBoard(tmp_path / "logs", histogram_freq=1),
    ]
    data = (IMAGES, LABELS)
    history = model.fit(*data, validation_data=data, epochs=9, callbacks=callbacks, verbose=0).history
    assert (
        len(history["loss"]) == 2
    )  # EarlyStopping stopped at the second epoch, and took the first one's weights
    assert_same(values(keras.models.load_model(tmp_path / "1.keras")), values(model))
    assert (tmp_path / "last.weights.h5").is_file()
    assert list((tmp_path / "logs").rglob("events.out.tfevents.*"))


def test_a_dataset_and_a_custom_training_loop_work():
    model = little_model()
    optimizer = keras.optimizers.SGD(0.1)
    before = values(model)

    @tf.function
    def step(images, labels):
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, model(images, training=True))
            loss = tf.reduce_mean(losses) + tf.add_n(model.losses)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    for images, labels in tf.data.Dataset.from_tensor_slices((IMAGES, LABELS)).batch(4):
        assert np.isfinite(step(images, labels))
    assert all((value != before[name]).any() for name, value in values(model).items())


# Precision.


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_under_mixed_precision_variables_and_logits_are_float32_and_training_works(policy):
    model = compiled(little_model(dtype=policy), keras.optimizers.SGD(0.01))
    full = little_model()
    for name, variable in full.variables_by_name.items():
        variable.assign(model.variables_by_name[name])
    assert {v.dtype for v in model.weights} == {"float32"}
    assert model.compute_dtype == policy.removeprefix("mixed_")
    logits = model(IMAGES)
    assert logits.dtype == tf.float32
    # Half precision keeps 8 (bfloat16) or 11 bits: three layers add up to a few per cent.
    np.testing.assert_allclose(logits, full(IMAGES), atol=0.05 * np.abs(full(IMAGES)).max())
    assert (logits.numpy() != full(IMAGES).numpy()).any()  # it did compute in half precision
    before = moving(model)
    assert np.isfinite(model.fit(IMAGES, LABELS, verbose=0).history["loss"]).all()
    assert all((value != before[name]).any() for name, value in moving(model).items())


def test_the_end_points_inside_are_in_half_precision():
    ends = little_model(dtype="mixed_bfloat16").end_points(IMAGES)
    assert ends["first"].dtype == tf.bfloat16


# Freezing.


def test_trainable_false_freezes_batch_norm_as_keras_does():
    model = little_model(keep_prob=1.0)
    disturb(model)
    training = model(IMAGES, training=True).numpy()
    inference = model(IMAGES).numpy()
    assert np.abs(inference - training).max() > 1e-3 * np.abs(inference).max()
    model.trainable = False
    before = values(model)
    assert_close(model(IMAGES, training=True), inference, 1e-6)  # the same ops: float32 round-off
    assert model.trainable_variables == []
    assert_same(values(model), before)
    model.trainable = True
    model(IMAGES, training=True)
    assert (values(model)[MEAN] != before[MEAN]).all()


@pytest.mark.parametrize(
    "scopes", ["Conv", ["Conv", "logits"], "Conv*", "*/BatchNorm", "Conv_1/weights", "*/weights"]
)
def test_fit_leaves_frozen_scopes_bit_identical_and_moves_the_rest(scopes):
    model = little_model()
    model.freeze(scopes)
    model = compiled(model, keras.optimizers.SGD(0.1))
    before = values(model)
    model.fit(IMAGES, LABELS, epochs=2, verbose=0)
    after = values(model)
    given = [scopes] if isinstance(scopes, str) else scopes
    held = {n for n in before if any(_lies_in(n, p) for p in given)}
    assert held
    for name in before:
        assert np.array_equal(before[name], after[name]) == (name in held), name


def _lies_in(name, pattern):
    parts = name.split("/")
    above = ["/".join(parts[: i + 1]) for i in range(len(parts))]
    return any(fnmatch.fnmatchcase(scope, pattern) for scope in above)


def test_freezing_after_compile_is_heeded_by_the_next_compile():
    model = compiled(little_model())
    model.fit(IMAGES, LABELS, verbose=0)
    model.freeze("Conv")
    compiled(model)
    before = values(model)
    model.fit(IMAGES, LABELS, verbose=0)
    assert np.array_equal(before["Conv/weights"], values(model)["Conv/weights"])
    assert np.array_equal(before[MEAN], values(model)[MEAN])
    assert (before["Conv_1/weights"] != values(model)["Conv_1/weights"]).any()


def test_trainable_false_and_true_again_keeps_what_was_frozen():
    model = little_model()
    model.freeze("Conv")
    names = [v.name for v in model.trainable_variables]
    model.trainable = False
    model.trainable = True
    assert [v.name for v in model.trainable_variables] == names
    assert model.frozen == ("Conv",)
    before = values(model)[MEAN]
    model(IMAGES, training=True)
    np.testing.assert_array_equal(values(model)[MEAN], before)


def test_moving_averages_do_not_become_trainable():
    model = little_model()
    model.freeze("Conv")
    model.unfreeze()
    model.trainable = False
    model.trainable = True
    assert not any("moving" in v.name for v in model.trainable_variables)
    assert len(model.trainable_variables) == 6


def test_unfreezing_a_part_leaves_the_rest_of_its_scope_frozen():
    model = slimzoo.Model("mobilenet_v1_025", 4, (64, 64, 3))
    model.freeze("MobilenetV1")
    assert model.trainable_variables == []
    model.unfreeze("MobilenetV1/Logits")
    assert {v.name.split(".")[1] for v in model.trainable_variables} == {"Logits"}
    assert "MobilenetV1/Conv2d_0" in model.frozen
    model.unfreeze("MobilenetV1/Conv2d_0/BatchNorm")
    assert "MobilenetV1/Conv2d_0/weights" in model.frozen
    model.unfreeze()
    assert model.frozen == ()


def test_a_scope_within_a_frozen_scope_adds_nothing():
    model = little_model()
    model.freeze("Conv/weights")
    model.freeze("Conv")
    assert model.frozen == ("Conv",)


@pytest.mark.parametrize("method", ["freeze", "unfreeze"])
def test_a_scope_that_holds_nothing_suggests_the_nearest_and_changes_nothing(method):
    model = little_model()
    model.freeze("Conv")
    with pytest.raises(
        SlimzooError, match=r'(?s)freeze=\["Convv"\] matches nothing; did you mean "Conv.*freeze=\["x/y"\]'
    ):
        getattr(model, method)(["Convv", "x/y", "logits"])
    assert model.frozen == ("Conv",)


def test_the_number_of_trainable_parameters_follows_freeze():
    model = little_model()
    full = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    model.freeze("logits")
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == full - 96 * 3 - 3


# Dropout.


def masks(model, times):
    return [
        model.end_points(np.ones((4, 8, 8, 3), np.float32), training=True)["masked"].numpy()
        for _ in range(times)
    ]


def test_the_same_seed_gives_the_same_masks_and_each_call_another():
    ours, theirs, other = (slimzoo.Model(only_dropout, input_shape=(8, 8, 3), seed=s) for s in (1, 1, 2))
    a, b = masks(ours, 3), masks(theirs, 3)
    np.testing.assert_array_equal(a, b)
    assert (a[0] != a[1]).any() and (a[1] != a[2]).any()
    assert (a[0] != masks(other, 1)[0]).any()
    assert abs(np.mean(a[0] == 0) - 0.5) < 0.1  # 768 draws: 5 standard deviations
    assert set(np.unique(a[0])) == {0.0, 2.0}


def test_two_dropout_layers_have_two_masks():
    ends = slimzoo.Model(only_dropout, input_shape=(8, 8, 3)).end_points(np.ones((4, 8, 8, 3)), training=True)
    assert (ends["masked"].numpy() != ends["second"].numpy()).any()


def test_dropout_does_nothing_outside_of_training():
    model = slimzoo.Model(only_dropout, input_shape=(8, 8, 3))
    np.testing.assert_array_equal(model.end_points(IMAGES)["masked"], IMAGES)
    np.testing.assert_array_equal(model.seed_state, [0, 0])


# tf.distribute.

REPLICAS = textwrap.dedent("""
    import numpy as np, tensorflow as tf, keras, slimzoo
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
    from tests.networks import IMAGES, LABELS, compiled, little_model, only_dropout, values
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        model = compiled(little_model(), keras.optimizers.SGD(0.0))
    weights = model.variables_by_name["Conv/weights"].numpy()
    history = model.fit(IMAGES, LABELS, batch_size=8, shuffle=False, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    nets = [tf.nn.conv2d(part, weights, 1, "SAME") for part in np.split(IMAGES, 2)]
    means = [tf.reduce_mean(net, (0, 1, 2)) for net in nets]
    got = values(model)["Conv/BatchNorm/moving_mean"]
    np.testing.assert_allclose(got, 0.5 * np.mean(means, 0), rtol=1e-4, atol=1e-6)
    model.compile(keras.optimizers.SGD(0.1), model.loss)
    before = values(model)
    model.fit(IMAGES, LABELS, batch_size=8, epochs=2, verbose=0)
    assert all((value != before[name]).any() for name, value in values(model).items())
    assert model.predict(IMAGES, verbose=0).shape == (8, 3)
    model.evaluate(IMAGES, LABELS, verbose=0)
    ones = tf.ones((4, 8, 8, 3))
    with strategy.scope():
        dropout = slimzoo.Model(only_dropout, input_shape=(8, 8, 3))
    run = tf.function(lambda: strategy.run(lambda: dropout.end_points(ones, training=True)["masked"]))
    first, second = strategy.experimental_local_results(run())
    assert (first.numpy() != second.numpy()).any()
    assert dropout.seed_state.numpy()[1] == 1, dropout.seed_state
    print("REPLICAS AGREE")
""")


def test_fit_on_two_devices_averages_the_moving_averages():
    """In a process of its own: logical devices can be set only before TensorFlow starts."""
    done = warm.run("-c", REPLICAS)
    assert "REPLICAS AGREE" in done.stdout, done.stderr[-3000:]
