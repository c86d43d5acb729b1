"""Keras's guides, "Transfer learning & fine-tuning" and "feature extraction", and its callbacks."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo.preprocessing import of_kind
from tests.networks import assert_close, assert_same, compiled, disturb, little_model, values

PIXELS = np.random.RandomState(0).randint(0, 256, (12, 20, 24, 3)).astype(np.uint8)
PIXELS[::2, :10] //= 4  # what there is to learn: a dark upper half
DARK = np.arange(12) % 2 == 0
SAME = 1e-6  # the same ops on the same values: float32 round-off alone


def data(prepare):
    pairs = tf.data.Dataset.from_tensor_slices((PIXELS, DARK.astype(np.int32)))
    return pairs.map(lambda image, label: (prepare(image), label)).batch(4).prefetch(1)


@pytest.fixture
def base():
    model = little_model(preprocessing=of_kind("inception", 8), keep_prob=1.0)
    disturb(model)
    return model


def test_the_transfer_learning_guide_trains_a_head_then_all_but_batch_norm(base):
    """https://keras.io/guides/transfer_learning: freeze, a head on training=False, then fine-tuning."""
    base.trainable = False
    inputs = keras.Input((20, 24, 3))
    x = base.preprocess(inputs)  # in the guide a Rescaling
    x = base(x, training=False)
    x = keras.layers.Dropout(0.2)(x)
    model = keras.Model(inputs, keras.layers.Dense(1)(x))
    assert len(model.trainable_variables) == 2
    model.compile(keras.optimizers.Adam(), keras.losses.BinaryCrossentropy(from_logits=True))
    before = values(base)
    model.fit(data(lambda image: image), verbose=0)
    assert_same(values(base), before)
    base.trainable = True
    base.freeze("*/BatchNorm")  # Keras 3.15 trains with training=True, whatever the call above says
    model.compile(keras.optimizers.Adam(1e-5), keras.losses.BinaryCrossentropy(from_logits=True))
    model.fit(data(lambda image: image), verbose=0)
    moved = {name for name, value in values(base).items() if (value != before[name]).any()}
    assert moved == {name for name in before if "BatchNorm" not in name}


def test_the_feature_extraction_guide_gives_every_layer_s_output(base):
    """https://keras.io/guides/sequential_model and functional_api: one model of all outputs, one of one."""
    prepared = base.preprocess(PIXELS)
    extractor = keras.Model(
        inputs=base.inputs, outputs=[base.get_layer(name).output for name in ("first", "second")]
    )
    first, second = extractor(prepared)
    ends = base.end_points(prepared)
    assert_close(first, ends["first"], SAME)
    assert_close(second, ends["second"], SAME)
    pooled = keras.Sequential([base.feature_model("second"), keras.layers.GlobalAveragePooling2D()])
    features = pooled.predict(data(base.preprocess).map(lambda image, label: image), verbose=0)
    assert_close(features, tf.reduce_mean(ends["second"], (1, 2)), 1e-5)  # the mean in another order
    classifier = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1)])
    classifier.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
    classifier.fit(features, DARK.astype(np.float32), verbose=0)


def test_a_live_model_gets_a_new_head_and_learns_from_a_data_set_under_the_usual_callbacks(base, tmp_path):
    model = base.new_head(2, labels=["light", "dark"])
    model.freeze("Conv")
    compiled(model, keras.optimizers.SGD(0.0), metrics=["accuracy"])
    images = data(model.preprocess)
    callbacks = [
        keras.callbacks.EarlyStopping("val_loss", patience=1, restore_best_weights=True),
        keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", "val_loss", save_best_only=True),
        keras.callbacks.ModelCheckpoint(
            tmp_path / "best.weights.h5", "val_loss", save_best_only=True, save_weights_only=True
        ),
        keras.callbacks.TensorBoard(tmp_path / "logs", histogram_freq=1),
    ]
    history = model.fit(images, validation_data=images, epochs=5, callbacks=callbacks, verbose=0).history
    assert len(history["loss"]) == 2  # nothing is learned at a rate of 0, so the second epoch is no better
    best = keras.models.load_model(tmp_path / "best.keras")
    assert best.labels == ("light", "dark") and best.frozen == ("Conv",)
    assert best.preprocessing == model.preprocessing
    assert_same(values(best), values(model))
    other = base.new_head(2)
    other.load_weights(tmp_path / "best.weights.h5")
    assert_same(values(other), values(model))
    loss, accuracy = model.evaluate(images, verbose=0)
    logits = model(model.preprocess(PIXELS)).numpy()
    assert accuracy == pytest.approx(np.mean(logits.argmax(1) == DARK))
    assert loss == pytest.approx(history["val_loss"][0], rel=1e-5)  # the best weights are back; float32 sums


def test_tensorboard_gets_a_histogram_of_each_layer_s_variables(tmp_path):
    model = compiled(slimzoo.Model("cifarnet", 2, (16, 16, 3)))
    images = np.zeros((2, 16, 16, 3), np.float32)
    board = keras.callbacks.TensorBoard(tmp_path, histogram_freq=1)
    model.fit(images, np.zeros(2), callbacks=[board], verbose=0)
    found = set()
    for file in tmp_path.rglob("events.out.tfevents.*"):
        for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
            event = tf.compat.v1.Event.FromString(record)
            found |= {value.tag for value in event.summary.value}
    assert {f"{variable.path}/histogram" for variable in model.variables_by_name.values()} <= found
