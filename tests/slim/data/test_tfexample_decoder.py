"""Every handler makes of parsed features what TF 1.15.5 (for sequences: tf-slim 1.1.0) makes of them."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import slim
from tests.slim.data.records import example, feature, graph_session, picture, v1

decoder = slim.tfexample_decoder
INTS, FLOATS, STRINGS = (tf.io.VarLenFeature(dtype) for dtype in (tf.int64, tf.float32, tf.string))
IMAGE = {
    "image/encoded": tf.io.FixedLenFeature((), tf.string),
    "image/format": tf.io.FixedLenFeature((), tf.string, default_value="jpeg"),
}


def decode(record, features, handler):
    """Returns the item in a session; a tf.function, which tf.data uses, must give the same."""

    def item(serialized):
        return decoder.TFExampleDecoder(features, {"item": handler}).decode(serialized, ["item"])[0]

    with graph_session() as session:
        found = session.run(item(tf.constant(record)))
    if isinstance(found, np.ndarray):
        np.testing.assert_array_equal(tf.function(item)(tf.constant(record)), found)
    return found


def decode_sequence(lists, features, handler):
    lists = {
        name: tf.train.FeatureList(feature=[feature(*row) if row else tf.train.Feature() for row in rows])
        for name, rows in lists.items()
    }
    record = tf.train.SequenceExample(feature_lists=tf.train.FeatureLists(feature_list=lists))
    with graph_session() as session:
        made = decoder.TFSequenceExampleDecoder({}, features, {"item": handler})
        return session.run(made.decode(tf.constant(record.SerializeToString()))[0])


def test_a_tensor_has_the_shape_it_is_given_or_that_of_other_features():
    record, features = example(a=[1, 2, 3, 4, 5, 6], h=2, w=3), {"a": INTS, "h": INTS}
    matrix = [[1, 2, 3], [4, 5, 6]]
    assert decode(record, features, decoder.Tensor("a")).tolist() == [1, 2, 3, 4, 5, 6]
    assert decode(record, features, decoder.Tensor("a", shape=(2, 3))).tolist() == matrix
    both = {"a": INTS, "h": INTS, "w": tf.io.FixedLenFeature([1], tf.int64)}
    assert decode(record, both, decoder.Tensor("a", shape_keys=["h", "w"])).tolist() == matrix
    fixed = {"a": tf.io.FixedLenFeature([3, 2], tf.int64)}
    assert decode(record, fixed, decoder.Tensor("a")).tolist() == [[1, 2], [3, 4], [5, 6]]
    with pytest.raises(ValueError, match="Cannot specify both shape_keys and shape parameters"):
        decoder.Tensor("a", shape_keys="h", shape=[2])


def test_a_sparse_tensor_is_made_of_indices_and_values():
    # Expected: TF 1.15.5
    record = example(indices=[1, 3], values=[5.0, 6.0], s=5)
    features = {"indices": INTS, "values": FLOATS, "s": INTS}
    dense = decode(record, features, decoder.SparseTensor(shape=[4], densify=True))
    assert dense.tolist() == [0, 5, 0, 6]
    sparse = decode(record, features, decoder.SparseTensor())
    assert sparse.indices.tolist() == [[1], [3]] and sparse.dense_shape.tolist() == [2]
    by_key = decoder.SparseTensor(shape_key="s", densify=True, default_value=-1)
    assert decode(record, features, by_key).tolist() == [-1, 5, -1, 6, -1]


@pytest.mark.parametrize("prefix", ["", "box/"])
def test_boxes_are_rows_of_four_sides(prefix):
    sides = {"ymin": [0.1, 0.2], "xmin": [0.3, 0.4], "ymax": [0.5, 0.6], "xmax": [0.7, 0.8]}
    record = example(**{(prefix + side).replace("/", "__"): values for side, values in sides.items()})
    found = decode(record, {prefix + side: FLOATS for side in sides}, decoder.BoundingBox(prefix=prefix))
    np.testing.assert_array_equal(found, np.float32([[0.1, 0.3, 0.5, 0.7], [0.2, 0.4, 0.6, 0.8]]))
    with pytest.raises(
        ValueError, match=r"BoundingBox expects 4 keys but got 2: a, b; .* of ymin, xmin, ymax"
    ):
        decoder.BoundingBox(["a", "b"])


def test_a_backup_steps_in_where_there_is_no_value():
    features = {"a": INTS, "b": INTS}
    handler = decoder.BackupHandler(decoder.Tensor("a"), decoder.Tensor("b"))
    assert decode(example(a=[1, 2], b=[3]), features, handler).tolist() == [1, 2]
    assert decode(example(b=[3]), features, handler).tolist() == [3]
    with pytest.raises(ValueError, match=r"Backup handler is of type .*str.* instead of ItemHandler"):
        decoder.BackupHandler(decoder.Tensor("a"), "b")
    with pytest.raises(ValueError, match="Primary handler is of type"):
        decoder.BackupHandler(1, decoder.Tensor("a"))


def test_a_lookup_turns_names_into_numbers():
    with graph_session() as session:
        pairs = tf.lookup.KeyValueTensorInitializer(["dog", "cat"], tf.constant([3, 4], tf.int64))
        handler = decoder.LookupTensor("name", tf.lookup.StaticHashTable(pairs, -1))
        made = decoder.TFExampleDecoder({"name": STRINGS}, {"number": handler})
        (numbers,) = made.decode(tf.constant(example(name=["cat", "cow", "dog"])))
        session.run(v1.tables_initializer())
        assert session.run(numbers).tolist() == [4, -1, 3]


def test_a_callback_gets_its_features_by_name():
    handler = decoder.ItemHandlerCallback(["a", "b"], lambda found: found["a"] * 10 + found["b"])
    assert handler.keys == ["a", "b"]
    fixed = tf.io.FixedLenFeature([], tf.int64)
    assert decode(example(a=4, b=2), {"a": fixed, "b": fixed}, handler) == 42


@pytest.mark.parametrize("kind", ["jpeg", "JPEG", "png", "PNG", ""])
@pytest.mark.parametrize("channels", [1, 3])
def test_an_image_is_decoded_by_its_bytes(kind, channels):
    encode = tf.io.encode_png if kind.lower() == "png" else tf.io.encode_jpeg
    contents = encode(picture(channels=channels)).numpy()
    found = decode(
        example(image__encoded=contents, image__format=kind), IMAGE, decoder.Image(channels=channels)
    )
    expected = tf.io.decode_image(contents, channels=channels)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, expected)


def test_jpeg_values_equal_those_of_tf_1_15():
    # Expected: TF 1.15.5, of a JPEG written by it at quality 90; both use the same decoder.
    contents = tf.io.encode_jpeg(picture(), quality=90).numpy()
    record = example(image__encoded=contents)
    assert decode(record, IMAGE, decoder.Image()).sum() == 7836
    gray = decode(record, IMAGE, decoder.Image(channels=1, dtype=tf.float32))
    assert gray.dtype == np.float32 and gray.sum() == 2611
    fast = decode(record, IMAGE, decoder.Image(dct_method="INTEGER_FAST"))
    assert fast.shape == (6, 7, 3)


@pytest.mark.parametrize("kind", ["raw", "RAW"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_raw_numbers_need_a_shape(kind, dtype):
    pixels = picture().astype(dtype)
    record = example(image__encoded=pixels.tobytes(), image__format=kind)
    handler = decoder.Image(shape=(6, 7, 3), dtype=tf.as_dtype(dtype))
    np.testing.assert_array_equal(decode(record, IMAGE, handler), pixels)


def test_several_images_of_one_record_are_a_batch():
    pictures = [picture(), 250 - picture()]
    contents = [tf.io.encode_png(one).numpy() for one in pictures]
    features = {**IMAGE, "image/encoded": tf.io.FixedLenFeature((2,), tf.string)}
    record = example(image__encoded=contents, image__format="png")
    np.testing.assert_array_equal(decode(record, features, decoder.Image(repeated=True)), pictures)


def test_bytes_in_no_known_format_fail_when_run():
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Unknown image file format. One of JPEG.*PNG"):
        decode(example(image__encoded="hello, this is text"), IMAGE, decoder.Image())


def test_an_image_of_a_photograph_has_an_unknown_size_and_known_channels(shared):
    path = sorted((shared / "voc" / "VOCdevkit" / "VOC2012" / "JPEGImages").glob("*.jpg"))[0]
    expected = tf.io.decode_jpeg(path.read_bytes()).numpy()
    with graph_session() as session:
        made = decoder.TFExampleDecoder(IMAGE, {"image": decoder.Image()})
        (image,) = made.decode(tf.constant(example(image__encoded=path.read_bytes())))
        assert image.shape.as_list() == [None, None, 3]
        np.testing.assert_array_equal(session.run(image), expected)


def test_what_is_asked_for_must_be_declared():
    fixed = tf.io.FixedLenFeature([], tf.int64)
    made = decoder.TFExampleDecoder(
        {"a": fixed}, {"a": decoder.Tensor("a"), "b": decoder.Tensor("b", shape_keys=["h", "w"])}
    )
    assert made.list_items() == ["a", "b"]
    with graph_session():
        with pytest.raises(ValueError, match=r"Item \[x\], \[y\] are invalid. Valid entries include: a, b"):
            made.decode(tf.constant(""), ["x", "a", "y"])
        with pytest.raises(ValueError, match=r"not declared: item 'b' needs b, h, w. Declared are a"):
            made.decode(tf.constant(""))
        assert len(made.decode(tf.constant(""), ["a"])) == 1


# Sequences. Expected values are those of tf-slim 1.1.0's own tests, or follow from them.

YX = {"y": [[1.0, 2.0], [3.0]], "x": [[4.0, 5.0], [6.0]]}


def test_points_over_time_are_padded():
    features = {"p/y": FLOATS, "p/x": FLOATS}
    lists = {f"p/{name}": rows for name, rows in YX.items()}
    found = decode_sequence(lists, features, decoder.KeypointsSequence(prefix="p/"))
    assert found.tolist() == [[[1, 4], [2, 5]], [[3, 6], [-1, -1]]]
    sparse = decode_sequence(YX, {"y": FLOATS, "x": FLOATS}, decoder.KeypointsSequence(return_dense=False))
    assert sparse.dense_shape.tolist() == [2, 2, 2] and sparse.values.tolist() == [1, 4, 2, 5, 3, 6]


def test_boxes_over_time_are_padded():
    lists = {side: [[float(i)], []] for i, side in enumerate(("ymin", "xmin", "ymax", "xmax"))}
    features = dict.fromkeys(lists, FLOATS)
    found = decode_sequence(lists, features, decoder.BoundingBoxSequence(default_value=-2.0))
    assert found.tolist() == [[[0, 1, 2, 3]], [[-2, -2, -2, -2]]]
    with pytest.raises(ValueError, match="BoundingBoxSequence expects 4 keys but got 1"):
        decoder.BoundingBoxSequence(["a"])


def test_boxes_are_counted_at_each_moment():
    features = {"y": FLOATS, "x": FLOATS}
    assert decode_sequence(YX, features, decoder.NumBoxesSequence(["y", "x"])).tolist() == [2, 1]
    empty = {"y": [[], []], "x": [[], []]}
    assert decode_sequence(empty, features, decoder.NumBoxesSequence("y")).tolist() == [0, 0]
    odd = {**YX, "x": [[4.0], [6.0]]}
    assert decode_sequence(
        odd, features, decoder.NumBoxesSequence(["y", "x"], check_consistency=False)
    ).tolist() == [2, 1]
    with pytest.raises(tf.errors.InvalidArgumentError, match="equally many boxes"):
        decode_sequence(odd, features, decoder.NumBoxesSequence(["y", "x"]))
    with pytest.raises(ValueError, match="keys must not be empty"):
        decoder.NumBoxesSequence()
    dense = {"y": tf.io.FixedLenSequenceFeature([2], tf.float32)}
    with pytest.raises(ValueError, match=r"tensor must be of type tf.SparseTensor. Feature 'y' is"):
        decode_sequence({"y": [[1.0, 2.0]]}, dense, decoder.NumBoxesSequence("y"))


def test_the_context_of_a_sequence_can_be_an_item():
    record = tf.train.SequenceExample(context=tf.train.Features(feature={"n": feature(7)}))
    fixed = {"n": tf.io.FixedLenFeature([1], tf.int64)}
    with graph_session() as session:
        made = decoder.TFSequenceExampleDecoder(fixed, {}, {"n": decoder.Tensor("n", shape=[])})
        assert list(made.list_items()) == ["n"]
        assert session.run(made.decode(tf.constant(record.SerializeToString()), ["n"])) == [7]
    with pytest.raises(ValueError, match=r"Context and sequence keys are not unique(.|\n)*In both: n"):
        decoder.TFSequenceExampleDecoder(fixed, {"n": FLOATS}, {})
