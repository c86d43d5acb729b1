"""Checkpoints that are not there or do not fit: the words, and the errors that old code catches."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import slim
from slimzoo.slim.training import checkpoints
from tests.slim.support import graph_session, v1


@pytest.fixture
def checkpoint(tmp_path):
    """A checkpoint of step 7 with a [2, 3] and b [3], both ones."""
    with graph_session() as session:
        made = [
            v1.get_variable(f"net/{name}", shape, initializer=v1.ones_initializer())
            for name, shape in (("a", [2, 3]), ("b", [3]))
        ]
        session.run(v1.global_variables_initializer())
        return v1.train.Saver(made).save(session, str(tmp_path / "model.ckpt"), global_step=7)


def test_a_missing_checkpoint_is_both_errors_of_tensorflow_1(checkpoint, tmp_path):
    for kind in (ValueError, tf.errors.NotFoundError):
        with pytest.raises(kind, match=r"model\.ckpt-8; the newest one in that directory is .*model\.ckpt-7"):
            checkpoints.find(tmp_path / "model.ckpt-8")
    with pytest.raises(ValueError, match=r"not a valid checkpoint.*that directory holds none"):
        checkpoints.find(str(tmp_path / "elsewhere" / "model.ckpt"))
    with pytest.raises(ValueError, match=r"None; tf\.train\.latest_checkpoint"):
        checkpoints.find(None)


def test_a_directory_stands_for_its_newest_checkpoint_and_a_file_for_none(checkpoint, tmp_path):
    assert checkpoints.find(tmp_path) == checkpoint
    with pytest.raises(tf.errors.DataLossError, match=r"one file of a checkpoint; pass .*model\.ckpt-7$"):
        checkpoints.find(f"{checkpoint}.index")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ValueError, match="that directory holds none"):
        checkpoints.find(empty)


def test_all_that_does_not_fit_is_listed_and_nothing_is_assigned(checkpoint):
    with graph_session() as session:
        variables = [
            v1.get_variable("net/a", [2, 4]),
            v1.get_variable("net/b", [3], tf.float64),
            v1.get_variable("net/c", [1]),
            v1.get_variable("b", [3], initializer=v1.zeros_initializer()),
        ]
        session.run(v1.global_variables_initializer())
        with pytest.raises(tf.errors.NotFoundError) as error:
            slim.assign_from_checkpoint_fn(checkpoint, variables)(session)
        assert session.run(variables[3]).tolist() == [0, 0, 0]
    lines = str(error.value).splitlines()
    assert lines[0] == f"{checkpoint} does not fit the variables:"
    assert [line.strip() for line in lines[1:5]] == [
        "Key net/c not found in checkpoint; nearest: net/b, net/a",
        "Key b not found in checkpoint; nearest: net/b",
        "net/a: Assign requires shapes of both tensors to match: the variable has [2, 4], "
        "the checkpoint [2, 3]",
        "net/b: expected dtype float64 does not equal original dtype float32",
    ]


def test_another_shape_alone_is_an_invalid_argument_unless_it_may_be_reshaped(checkpoint):
    with graph_session() as session:
        flat = v1.get_variable("net/a", [6])
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"has \[6\], the checkpoint \[2, 3\]"):
            slim.assign_from_checkpoint_fn(checkpoint, [flat])(session)
        slim.assign_from_checkpoint_fn(checkpoint, [flat], reshape_variables=True)(session)
        assert session.run(flat).tolist() == [1] * 6
        longer = v1.get_variable("longer", [7])
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"has \[7\]"):
            slim.assign_from_checkpoint_fn(checkpoint, {"net/a": longer}, reshape_variables=True)(session)


def test_parts_of_a_variable_are_compared_as_a_whole(checkpoint):
    with graph_session() as session:
        with v1.variable_scope("net"):
            parts = v1.get_variable("a", [2, 3], partitioner=v1.fixed_size_partitioner(2))
        slim.assign_from_checkpoint_fn(checkpoint, list(parts))(session)
        slim.assign_from_checkpoint_fn(checkpoint, {"net/a": parts})(session)
        assert session.run(list(parts))[1].tolist() == [[1, 1, 1]]
        with v1.variable_scope("other"):
            wrong = v1.get_variable("a", [4, 3], partitioner=v1.fixed_size_partitioner(2))
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"has \[4, 3\]"):
            slim.assign_from_checkpoint_fn(checkpoint, {"net/a": wrong})(session)
        with pytest.raises(ValueError, match=r"shape \(2, 3\), the variable \(4, 3\)"):
            slim.assign_from_checkpoint(checkpoint, {"net/a": list(wrong)})


def test_a_checkpoint_of_objects_is_restored_by_the_names_of_its_variables(tmp_path):
    with tf.Graph().as_default(), v1.Session() as session:
        variable = v1.get_variable("v", [2], initializer=v1.ones_initializer(), use_resource=True)
        session.run(variable.initializer)
        path = v1.train.Checkpoint(thing=variable).write(str(tmp_path / "objects"), session=session)
    with graph_session() as session:
        restored = v1.get_variable("v", [2], initializer=v1.zeros_initializer())
        slim.assign_from_checkpoint_fn(path, [restored])(session)
        np.testing.assert_array_equal(session.run(restored), [1, 1])


@pytest.mark.parametrize("part", ["index", "data-00000-of-00001"])
def test_a_damaged_checkpoint_is_named_and_not_taken_for_a_clean_end(checkpoint, part):
    path = Path(f"{checkpoint}.{part}")
    path.write_bytes(path.read_bytes()[:10])
    with graph_session() as session:
        saver = checkpoints.CheckingSaver([v1.get_variable("net/a", [2, 3])])
        with pytest.raises(tf.errors.DataLossError, match=r"checkpoint .*model\.ckpt-7 is damaged: "):
            saver.restore(session, checkpoint)
