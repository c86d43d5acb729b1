"""What users of Keras do by habit, and what would go wrong in silence if a Model did not see it."""

import logging

import keras
import numpy as np
import pytest

import slimzoo
from slimzoo.errors import SlimzooError
from slimzoo.model import Preprocess
from slimzoo.preprocessing import of_kind
from tests.networks import IMAGES, assert_close, assert_same, little_model, values


def small(classes=4):
    return slimzoo.Model("cifarnet", classes, (16, 16, 3))


# What is frozen stays frozen.


def with_a_head(base):
    images = keras.Input(base.input_shape[1:])
    return keras.Model(images, keras.layers.Dense(2)(base(images, training=False)))


def test_a_frozen_base_is_frozen_in_a_model_that_was_loaded(tmp_path):
    base = little_model()
    base.trainable = False
    model = with_a_head(base)
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    assert len(again.trainable_weights) == len(model.trainable_weights) == 2
    before = values(again.layers[1])
    again.compile("sgd", "mse")
    again.fit(IMAGES, np.zeros((8, 2)), verbose=0)
    assert_same(values(again.layers[1]), before)


def test_freezing_a_scope_of_a_base_that_does_not_train_thaws_nothing():
    base = little_model()
    model = with_a_head(base)
    base.trainable = False
    for change in (lambda: base.freeze("Conv"), base.unfreeze, lambda: set_trainable(base.layers[0])):
        change()
        assert len(model.trainable_weights) == 2
    base.trainable = True
    assert len(model.trainable_weights) == 2 + sum(v.trainable for v in base.discovery.variables.values())


def set_trainable(layer):
    layer.trainable = True


# Pixels.


@pytest.mark.parametrize("first", [[keras.Input((20, 24, 3))], []], ids=["Input", "no Input"])
def test_preprocessing_goes_into_a_stack_of_layers(first, tmp_path):
    base = little_model(preprocessing=of_kind("inception", 8), keep_prob=1.0)
    stack = keras.Sequential([*first, Preprocess(base.preprocessing), base])
    pixels = np.random.RandomState(0).randint(0, 256, (2, 20, 24, 3)).astype(np.uint8)
    wanted = base(base.preprocess(pixels))
    assert_close(stack(pixels), wanted, 1e-5)  # a batch is resized in one op; float32 round-off
    stack.save(tmp_path / "m.keras")
    assert_close(keras.models.load_model(tmp_path / "m.keras")(pixels), wanted, 1e-5)


# Files.


@pytest.fixture
def saved(tmp_path):
    model = small(4)
    model.save_weights(tmp_path / "m.weights.h5")
    return model, tmp_path / "m.weights.h5"


def test_weights_of_another_head_load_but_for_the_head(saved, caplog):
    model, file = saved
    other = small(3)
    head = {name: value for name, value in values(other).items() if "logits" in name}
    with caplog.at_level(logging.WARNING, "slimzoo"):
        other.load_weights(file, skip_mismatch=True)
    assert "cifarnet: 2 variables stay as they were: CifarNet/logits/weights" in caplog.text
    assert other.new_scopes() == ["CifarNet/logits"]
    assert_same(values(other), values(model) | head)
    with pytest.raises(ValueError, match=r"2 of another shape(.|\n)*skip_mismatch=True"):
        small(3).load_weights(file)
    with pytest.warns(UserWarning, match="could not be loaded"):  # Keras's word where nothing fits at all
        little_model().load_weights(file, skip_mismatch=True)


@pytest.mark.parametrize(
    ("file", "arguments", "words"),
    [
        ("model.ckpt-90000", {}, r"not model.ckpt-90000: model.restore\(path\) reads checkpoints"),
        ("vgg16_weights.h5", {}, r"model.restore\(path\) reads .*old .h5"),
        ("vgg16_weights.h5", {"by_name": True}, "always go by name here; leave it out, and skip_mismatch"),
    ],
)
def test_what_load_weights_cannot_read_names_the_way(file, arguments, words):
    with pytest.raises(SlimzooError, match=words):
        little_model().load_weights(file, **arguments)


# Losses.

LOGITS_LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@pytest.mark.parametrize(
    ("loss", "warns"),
    [
        ("sparse_categorical_crossentropy", True),
        (keras.losses.SparseCategoricalCrossentropy(), True),
        (keras.losses.sparse_categorical_crossentropy, True),
        (["SparseCategoricalCrossentropy"], True),
        (LOGITS_LOSS, False),
        (lambda labels, logits: LOGITS_LOSS(labels, logits), False),
        (None, False),
    ],
    ids=["name", "object", "function", "list", "of_logits", "lambda", "none"],
)
def test_a_loss_of_probabilities_is_warned_of_once(loss, warns, caplog):
    model = little_model()
    model.compile("sgd", loss)
    with caplog.at_level(logging.WARNING, "slimzoo"):
        model.train_on_batch(IMAGES, np.zeros(8))
        model.fit(IMAGES, np.zeros(8), verbose=0)
    assert caplog.text.count("compile with from_logits=True") == warns


# Layers.


def test_what_a_layer_has_not_says_what_it_has():
    layer = small().get_layer("conv1")
    assert not hasattr(layer, "kernel")
    with pytest.raises(AttributeError, match=r"layer conv1 has no 'kernel'.*get_weights.*variables_by_name"):
        _ = layer.kernel


# The summary.


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (None, ["scope", "output", "parameters", "multiply-adds", "weights"]),
        (75, ["scope", "output", "parameters", "weights"]),
        (60, ["scope", "parameters", "weights"]),
        (10, ["scope", "parameters", "weights"]),
    ],
)
def test_no_name_in_a_summary_is_broken_and_columns_give_way(width, columns):
    lines = []
    model = slimzoo.Model("mobilenet_v1_025", 4, (32, 32, 3))
    model.summary(width, print_fn=lines.append)
    text = "\n".join(lines)
    head = next(line for line in text.splitlines() if "scope" in line)
    assert [cell.strip() for cell in head.strip("┃").split("┃")] == columns
    for row in model.summary_rows():
        assert f"│ {row.scope} " in text
    if width != 10:  # too narrow for the names alone
        assert max(len(line.rstrip()) for line in text.splitlines()) <= (width or 110)
