"""preprocess() in tf.data, in a tf.function and on a keras.Input(): the numbers of the eager way."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from slimzoo.data.tf_examples import encode
from slimzoo.errors import SlimzooError
from slimzoo.files.tfrecord import framed
from slimzoo.preprocessing import of_kind
from tests.networks import little_model

Data = tf.data.Dataset
PIXELS = np.random.RandomState(0).randint(0, 256, (3, 37, 45, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def model():
    return little_model(preprocessing=of_kind("inception", 8))


@pytest.fixture(scope="module")
def paths(tmp_path_factory) -> list[str]:
    """JPEGs of two sizes, one held sideways, and a BMP, whose name begins as its content does."""
    folder, found = tmp_path_factory.mktemp("images"), []
    for name, (height, width), orientation in (
        ("a.jpg", (40, 50), 1),
        ("b.jpg", (64, 33), 6),
        ("BM.bmp", (9, 9), 1),
    ):
        exif = Image.Exif()
        exif[0x0112] = orientation
        pixels = np.random.RandomState(height).randint(0, 256, (height, width, 3)).astype(np.uint8)
        path = folder / name
        Image.fromarray(pixels).save(path, **({"exif": exif} if path.suffix == ".jpg" else {}))
        found.append(str(path))
    return found


def of_unknown_size(pixels):
    return tf.ensure_shape(pixels[:, : tf.shape(pixels)[1]], [None, None, 3])


ARRAYS = Data.from_tensor_slices(PIXELS)
PIPELINES = {  # what a data set of images may be, mapped
    "one by one": lambda prepare: ARRAYS.map(prepare).batch(3),
    "batches": lambda prepare: ARRAYS.batch(2).map(prepare),
    "unknown sizes": lambda prepare: ARRAYS.map(of_unknown_size).map(prepare).batch(3),
    "batches of them": lambda prepare: ARRAYS.map(of_unknown_size).batch(2).map(prepare),
    "floats": lambda prepare: ARRAYS.map(lambda x: tf.cast(x, tf.float32)).map(prepare).batch(3),
    "lists": lambda prepare: Data.from_tensors(PIXELS).map(lambda x: prepare([x[0], x[1], x[2]])),
}


def test_a_data_set_gives_the_numbers_of_the_eager_way(model):
    wanted = model.preprocess(PIXELS)
    for name, pipeline in PIPELINES.items():
        found = np.concatenate(list(pipeline(model.preprocess).as_numpy_iterator()))
        # The same ops in the same order; a graph may contract two of them: float32 round-off.
        np.testing.assert_allclose(found, wanted, atol=1e-6, err_msg=name)


def test_ragged_images_are_prepared_in_a_graph_and_eagerly(model):
    images = [PIXELS[0, :20], PIXELS[1, :, :30]]
    ragged = tf.ragged.stack([tf.RaggedTensor.from_tensor(image) for image in images])
    wanted = model.preprocess(images)
    in_graph = tf.function(lambda rows: model.preprocess(rows), autograph=False)(ragged)
    np.testing.assert_allclose(in_graph, wanted, atol=1e-6)  # as above
    np.testing.assert_array_equal(model.preprocess(ragged), wanted)
    one_by_one = tf.data.Dataset.from_tensor_slices(ragged).map(model.preprocess)
    np.testing.assert_allclose([*one_by_one.as_numpy_iterator()], wanted, atol=1e-6)  # as above


def test_paths_are_read_turned_and_prepared_in_tf_data(model, paths):
    turned, as_stored = model.preprocess(paths), model.preprocess(paths, turn=False)
    assert np.abs(turned[1] - as_stored[1]).max() > 0.1
    data = Data.from_tensor_slices(paths)
    singly = next(iter(data.map(model.preprocess, num_parallel_calls=2).batch(3)))
    batched = next(iter(data.batch(3).map(lambda path: model.preprocess(path, turn=False))))
    np.testing.assert_allclose(singly, turned, atol=1e-6)  # as above
    np.testing.assert_allclose(batched, as_stored, atol=1e-6)


def test_images_in_shards_are_read_by_their_names(model, paths, tmp_path):
    shard = tmp_path / "a.tfrecord"
    records = [encode({"image/encoded": [Path(path).read_bytes()]}) for path in paths]
    shard.write_bytes(b"".join(map(framed, records)))
    starts = np.cumsum([0, *(len(framed(record)) for record in records)])[:-1]
    names = [f"{shard}@{start}" for start in starts]
    wanted = np.asarray(model.preprocess(list(paths)))
    for given in (names, [paths[0], *names[1:]]):
        seen = [
            np.asarray(image) for image in tf.data.Dataset.from_tensor_slices(given).map(model.preprocess)
        ]
        np.testing.assert_array_equal(seen, wanted)
        np.testing.assert_array_equal(model.preprocess(given), wanted)


def test_paths_are_arrays_tensors_and_bytes_too(model, paths):
    wanted = model.preprocess(paths)
    for given in (np.array(paths), tf.constant(paths), [path.encode() for path in paths]):
        np.testing.assert_array_equal(model.preprocess(given), wanted)
    in_graph = tf.function(lambda: model.preprocess(paths[0]), autograph=False)()
    np.testing.assert_allclose(in_graph, wanted[:1], atol=1e-6)  # as above


def test_it_is_a_layer_of_a_functional_model_that_comes_back_from_its_config(model):
    pixels = keras.Input((37, 45, 3), dtype="uint8")
    whole = keras.Model(pixels, model.preprocess(pixels))
    again = keras.Model.from_config(whole.get_config())
    assert again.output_shape == (None, 8, 8, 3)
    np.testing.assert_allclose(again(PIXELS), model.preprocess(PIXELS), atol=1e-6)  # as above


def test_what_a_map_cannot_give_it_says_what_to_map_instead(model, paths, tmp_path):
    labelled = Data.from_tensor_slices((PIXELS, [0, 1, 2]))
    unknown = Data.from_generator(lambda: iter(PIXELS), output_types=tf.uint8)
    for data, words in (
        (labelled, r"lambda image, label: \(model.preprocess\(image\), label\)"),
        (
            Data.from_tensor_slices({"image": PIXELS}),
            r'dict of image.*model.preprocess\(example\["image"\]\)',
        ),
        (unknown, r"unknown rank.*tf.ensure_shape\(image, \[None, None, 3\]\)"),
        (Data.from_tensors([paths]), r"strings of shape \(1, 3\)"),
        (Data.from_tensor_slices(PIXELS).map(lambda x: x[..., :2]), "2 channels"),
    ):
        with pytest.raises(SlimzooError, match=words):
            data.map(model.preprocess)
    (tmp_path / "text.jpg").write_text("no image")
    for path, words in (
        (str(tmp_path / "none.jpg"), "there is no image .*none.jpg"),
        (str(tmp_path / "text.jpg"), "text.jpg is not an image"),
        (tf.io.read_file(paths[0]), "leave out tf.io.read_file"),
    ):
        with pytest.raises(tf.errors.OpError, match=words):
            list(Data.from_tensors(path).map(model.preprocess))
