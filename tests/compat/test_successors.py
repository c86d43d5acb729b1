"""Parts of tf.contrib that are served by today's TensorFlow: the numbers are TensorFlow 1.15.5's."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo.compat import faces
from slimzoo.compat.tf_contrib import image as images

v1 = tf.compat.v1
IMAGES = np.linspace(0, 1, 2 * 5 * 6 * 3, dtype=np.float32).reshape(2, 5, 6, 3)
PROJECTION = [1, 0.1, 0, 0.2, 1, 0, 0.01, 0]
WEIGHTS = np.linspace(0, 1, 30, dtype=np.float32).reshape(5, 6)
NEITHER = {"average_across_timesteps": False, "average_across_batch": False}
SEQUENCES = {  # arguments of sequence_loss: what TensorFlow 1.15.5 gave
    "averaged": ({}, 1.0979),
    "over time": ({"average_across_batch": False}, [1.09782, 1.09786, 1.09788, 1.0979, 1.09794]),
    "over the batch": (
        {"average_across_timesteps": False},
        [1.10892, 1.09872, 1.08768, 1.10994, 1.09873, 1.08652],
    ),
    "summed": ({**NEITHER, "sum_over_timesteps": True, "sum_over_batch": True}, 0.56788),
    "summed over time": (
        {**NEITHER, "sum_over_timesteps": True},
        [0.11357, 0.32179, 0.54894, 0.7761, 1.00329],
    ),
}


def part(name):
    return faces.resolve(f"tensorflow.contrib.{name}")


def run(make):
    """Returns the value of what `make` builds in a graph with its tables filled."""
    with tf.Graph().as_default(), v1.Session() as session:
        outputs = make()
        session.run(v1.tables_initializer())
        return session.run(outputs)


def two_sums(values):
    """Returns the sum and the sum weighted by position."""
    return [values.sum(), (values.astype(float) * np.arange(values.size).reshape(values.shape)).sum()]


@pytest.mark.parametrize(
    ("make", "recorded"),
    [
        (lambda: images.rotate(IMAGES, 0.3), (84.0, 9896.134)),
        (lambda: images.rotate(IMAGES, [0.3, 1.0], "BILINEAR"), (75.59607, 8706.3373)),
        (lambda: images.rotate(IMAGES[0], 0.7), (19.39106, 1053.9274)),
        (lambda: images.rotate(IMAGES[0, :, :, 0], 0.7, "BILINEAR"), (6.013079, 103.19669)),
        (lambda: images.translate(IMAGES, [1.5, -1]), (52.826813, 5720.6704)),
        (lambda: images.translate(IMAGES, [[1, 2.0], [0, 1]], "BILINEAR"), (56.765366, 7878.905)),
        (lambda: images.transform(IMAGES, PROJECTION, output_shape=[4, 7]), (71.396652, 7789.4078)),
        (lambda: images.angles_to_projective_transforms([0.1, 0.2], 5.0, 6.0), (3.913072, 21.937946)),
    ],
)
def test_images_are_projected_as_they_were(make, recorded):
    assert two_sums(run(make)) == pytest.approx(recorded, rel=1e-5)  # recorded to 7 digits


def test_transforms_are_composed_as_they_were():
    composed = run(lambda: images.compose_transforms(PROJECTION, [1, 0.3, 0, 0.2, 1.5, 0, 0.01, 0]))
    recorded = [[1.02, 0.45, 0.0, 0.4, 1.56, 0.0, 0.02, 0.003]]
    np.testing.assert_allclose(composed, recorded, atol=1e-6)  # float32


def test_words_have_the_numbers_and_hash_buckets_that_they_had(tmp_path):
    lookup, file = part("lookup"), tmp_path / "words.txt"
    file.write_text("a\nb\nc\n")
    words = ["a", "zz", "c", "yy", "q"]
    made = lambda: lookup.index_table_from_file(str(file), num_oov_buckets=3).lookup(tf.constant(words))  # noqa: E731
    assert run(made).tolist() == [0, 4, 2, 4, 5]
    of_tensor = lambda: lookup.index_table_from_tensor([5, 7], 2, dtype=tf.int64)  # noqa: E731
    assert run(lambda: of_tensor().lookup(tf.constant([7, 8], tf.int64))).tolist() == [1, 3]
    back = lambda: lookup.index_to_string_table_from_file(str(file), default_value="?")  # noqa: E731
    assert run(lambda: back().lookup(tf.constant([1, 5], tf.int64))).tolist() == [b"b", b"?"]


@pytest.mark.parametrize("kind", SEQUENCES)
def test_the_loss_of_sequences_is_what_it_was(kind):
    settings, recorded = SEQUENCES[kind]
    targets = tf.constant(np.arange(30).reshape(5, 6) % 3, tf.int32)
    logits = tf.constant(IMAGES[0] * IMAGES[0] * 3)
    loss = part("seq2seq").sequence_loss(logits, targets, tf.constant(WEIGHTS), **settings)
    np.testing.assert_allclose(loss, recorded, atol=1e-5)  # recorded to 5 digits


def test_a_loss_is_averaged_or_summed():
    with pytest.raises(ValueError, match="averaged or summed"):
        part("seq2seq").sequence_loss(IMAGES[0], None, WEIGHTS, sum_over_batch=True)


def test_a_staging_area_gives_back_what_was_put_in():
    with tf.Graph().as_default(), v1.Session() as session:
        area = part("staging").StagingArea([tf.float32, tf.int32], shapes=[[2], []])
        put, got = area.put([tf.ones([2]), 3]), area.get()
        session.run(put)
        assert got[0].shape == [2]
        assert [value.tolist() for value in session.run(got)] == [[1, 1], 3]


def test_data_sets_are_transformed_as_they_were():
    data, numbers = part("data"), tf.data.Dataset.range(7)
    dropped = numbers.apply(data.batch_and_drop_remainder(3))
    assert [batch.tolist() for batch in dropped.as_numpy_iterator()] == [[0, 1, 2], [3, 4, 5]]
    mapped = numbers.apply(data.map_and_batch(lambda n: n * 2, 4))
    assert next(mapped.as_numpy_iterator()).tolist() == [0, 2, 4, 6]
    assert data.AUTOTUNE == -1 and callable(data.prefetch_to_device)


def test_draws_without_state_are_those_of_then():
    drawn = part("stateless").stateless_random_uniform([3], seed=[1, 2])
    np.testing.assert_allclose(drawn, [0.84406, 0.19205, 0.99622], atol=1e-5)  # recorded to 5 digits
