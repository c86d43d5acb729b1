"""Pixels of another range are noticed once a Model, wherever they come in."""

import logging

import keras
import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo.errors import SlimzooError
from slimzoo.preprocessing import apply, of_kind

RAW = np.random.RandomState(0).randint(0, 256, (4, 32, 32, 3)).astype(np.uint8)
UNIT = (RAW / 255).astype(np.float32)
LABELS = np.zeros(4, np.int32)


@pytest.fixture
def model():
    return slimzoo.Model("cifarnet", 3, preprocessing=of_kind("vgg", 32))


@pytest.fixture
def warned(caplog):
    """Returns the warnings so far."""
    caplog.set_level(logging.WARNING, "slimzoo")
    return lambda: [record.getMessage() for record in caplog.records if record.name == "slimzoo"]


@pytest.mark.parametrize("images", [UNIT, list(UNIT), UNIT[0], UNIT.astype(np.float64), RAW[0] // 255])
def test_preprocess_warns_once_of_pixels_of_0_to_1(model, warned, images):
    for _ in range(3):
        model.preprocess(images)
    (message,) = warned()
    assert "multiply by 255" in message and model.name in message


def test_pixels_that_are_right_at_first_may_be_wrong_later(model, warned):
    model.preprocess(RAW)
    assert warned() == []
    model.preprocess(UNIT)
    assert len(warned()) == 1


@pytest.mark.parametrize("images", [RAW, UNIT, RAW.astype(np.float32)], ids=["uint8", "0..1", "float"])
def test_the_first_call_warns_of_what_was_not_prepared(model, warned, images):
    for _ in range(3):
        model(images)
    (message,) = warned()
    assert "vgg preprocessing makes -123.7 to 151.1" in message


def dataset(images):
    return tf.data.Dataset.from_tensor_slices((images, LABELS)).batch(2)


def generator(images):
    while True:
        yield images[:2], LABELS[:2]
        yield images[2:], LABELS[2:]


class Batches(keras.utils.PyDataset):
    """Two batches an epoch."""

    def __init__(self, images):
        super().__init__(workers=2)
        self.images, self.epochs = images, 0

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return self.images[2 * index : 2 * index + 2], LABELS[:2]

    def on_epoch_end(self):
        self.epochs += 1


def test_a_pydataset_is_still_told_of_its_epochs(model):
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    looked_at, plain = Batches(UNIT), Batches(UNIT)
    for batches in (looked_at, plain):  # only the first is looked at
        model.fit(batches, epochs=3, verbose=0)
    assert looked_at.epochs == plain.epochs >= 3


@pytest.mark.parametrize("images", [RAW, UNIT], ids=["uint8", "0..1"])
@pytest.mark.parametrize(
    "use",
    [
        lambda model, images: model.fit(images, LABELS, batch_size=2, epochs=2, verbose=0),
        lambda model, images: model.fit(dataset(images), epochs=2, verbose=0),
        lambda model, images: model.fit(generator(images), steps_per_epoch=2, epochs=2, verbose=0),
        lambda model, images: model.fit(Batches(images), epochs=2, verbose=0),
        lambda model, images: model.evaluate(dataset(images), verbose=0),
        lambda model, images: model.evaluate(images, LABELS, verbose=0),
        lambda model, images: model.predict(images, verbose=0),
        lambda model, images: model.predict(dataset(images).map(lambda image, label: image), verbose=0),
        lambda model, images: model.train_on_batch(images, LABELS),
        lambda model, images: model.test_on_batch(images, LABELS),
        lambda model, images: model.predict_on_batch(images),
    ],
    ids=[
        *("fit", "fit tf.data", "fit generator", "fit PyDataset", "evaluate tf.data", "evaluate"),
        *("predict", "predict tf.data"),
        *("train_on_batch", "test_on_batch", "predict_on_batch"),
    ],
)
def test_keras_s_loops_warn_at_their_first_batch(model, warned, use, images):
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    use(model, images)
    assert len(warned()) == 1


def test_whole_numbers_are_noticed_in_the_graph_of_a_model_around_this_one(model, warned):
    outer = keras.Sequential([keras.Input((32, 32, 3), dtype="uint8"), model])
    outer.predict(RAW, verbose=0)
    assert len(warned()) == 1


def test_prepared_images_and_models_without_preprocessing_are_let_be(model, warned):
    model(model.preprocess(RAW))
    slimzoo.Model("cifarnet", 3)(RAW)
    assert warned() == []


def test_looking_changes_nothing_that_is_trained_on(model):
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    seen = []
    data = dataset(UNIT).map(lambda image, label: (tf.numpy_function(note(seen), [image], tf.float32), label))
    data = data.map(lambda image, label: (tf.ensure_shape(image, [None, 32, 32, 3]), label))
    model.fit(data, epochs=2, verbose=0)
    assert seen == [UNIT[0, 0, 0, 0], UNIT[2, 0, 0, 0]] * 2


def note(seen):
    def noted(images):
        seen.append(images[0, 0, 0, 0])
        return images

    return noted


PALE = RAW // 16 + 112  # within -1..1 for torchvision's preprocessing
BRIGHT = RAW // 2 + 128  # within 0..1 for Inception's


@pytest.mark.parametrize(("kind", "images"), [("mean_std", PALE), ("inception", BRIGHT), ("lenet", BRIGHT)])
@pytest.mark.parametrize(
    "again", [lambda batch: batch, lambda batch: batch.numpy()], ids=["as it is", "copied"]
)
def test_what_preprocess_made_is_right_however_pale_or_bright(kind, images, again, warned):
    model = slimzoo.Model("cifarnet", 3, preprocessing=of_kind(kind, 32))
    model(again(model.preprocess(images)))
    assert warned() == []


def test_what_was_prepared_excuses_no_other_batch(model, warned):
    model.preprocess(RAW)
    model(RAW)
    assert len(warned()) == 1


def test_unit_pixels_prepared_in_a_pipeline_are_noticed_where_they_arrive(model, warned):
    prepared = tf.data.Dataset.from_tensor_slices(UNIT).map(lambda image: apply(model.preprocessing, image))
    model.predict(prepared.batch(2), verbose=0)
    (message,) = warned()
    assert "They are what 0..1 becomes" in message


def test_nested_lists_are_the_image_or_the_batch_that_they_were(model):
    for images in (RAW[0], RAW):
        np.testing.assert_array_equal(model.preprocess(images.tolist()), model.preprocess(images))


def test_what_is_no_number_is_no_image(model):
    with pytest.raises(SlimzooError, match=r"an image of complex64 was given; give pixels of 0\.\.255"):
        model.preprocess(np.zeros((8, 8, 3), np.complex64))
    with pytest.raises(SlimzooError, match="there is no image abc"):  # bytes are a path
        model.preprocess(b"abc")


def test_wrong_validation_images_are_noticed_beside_right_ones(model, warned):
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    right = model.preprocess(RAW)
    model.fit(right, LABELS, validation_data=(right, LABELS), verbose=0)
    assert warned() == []
    model.fit(right, LABELS, validation_data=(UNIT, LABELS), verbose=0)
    (message,) = warned()
    assert message.startswith("validation images of cifarnet: values go from 0 to 1")
