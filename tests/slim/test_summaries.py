"""Summaries under the names of their tensors; the tags are those TensorFlow 1.15 writes."""

import tensorflow as tf

from slimzoo import slim
from tests.slim.support import graph_session, names, v1


def tags(session):
    """Returns {tag: kind} of all summaries of the graph, as they are written."""
    written = v1.Summary.FromString(session.run(v1.summary.merge_all()))
    return {value.tag: value.WhichOneof("value") for value in written.value}


def test_tags_are_op_names_with_prefix():
    with graph_session() as session:
        x = tf.constant([[0.0, 1.0, 0.0]], name="x")
        image = tf.zeros([1, 2, 2, 1], name="image")
        scalar = tf.constant(2.0, name="scalar")
        slim.summaries.add_histogram_summary(x)
        slim.summaries.add_image_summary(image, prefix="p")
        slim.summaries.add_scalar_summary(scalar, "n", "p")
        slim.summaries.add_zero_fraction_summary(x, prefix="q")
        assert tags(session) == {
            "x_1": "histo",
            "p/image/image/0": "image",
            "p/n": "simple_value",
            "q/x/Fraction_of_Zero_Values": "simple_value",
        }


def test_several_tensors_make_as_many_summaries():
    with graph_session() as session:
        scalars = [tf.constant(1.0, name="a"), tf.constant(0.0, name="b")]
        images = [tf.zeros([1, 2, 2, 3], name="i")]
        assert len(slim.summaries.add_histogram_summaries(scalars, "h")) == 2
        assert len(slim.summaries.add_scalar_summaries(scalars, "s")) == 2
        assert len(slim.summaries.add_zero_fraction_summaries(scalars)) == 2
        assert len(slim.summaries.add_image_summaries(images, "i")) == 1
        assert set(tags(session)) == {
            "h/a",
            "h/b",
            "s/a",
            "s/b",
            "a/Fraction_of_Zero_Values",
            "b/Fraction_of_Zero_Values",
            "i/i/image/0",
        }


def test_a_printed_summary_is_listed_once_and_prints(capfd):
    with graph_session() as session:
        slim.summaries.add_scalar_summary(tf.constant(41.5, name="loss"), print_summary=True)
        slim.summaries.add_zero_fraction_summary(tf.constant([0.0]), "z", print_summary=True)
        assert names("summaries") == ["Print", "Print_1"]
        assert set(tags(session)) == {"loss_1", "z/Fraction_of_Zero_Values"}
    assert "loss[41.5]" in capfd.readouterr().err
