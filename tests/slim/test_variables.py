"""Variables by name: collections, finding, restoring from checkpoints and arrays."""

import logging

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import slim
from tests.slim.support import graph_session, names, v1


def some_variables():
    """Makes A/a, A/b, B/a (model), A/local and a global step; returns the model variables."""
    with v1.variable_scope("A"):
        made = [slim.model_variable("a", [2, 3]), slim.model_variable("b", [3], trainable=False)]
        slim.local_variable(0.0, name="local")
    with v1.variable_scope("B"):
        made.append(slim.model_variable("a", [2]))
    slim.get_or_create_global_step()
    return made


def test_variables_are_listed_where_they_belong():
    with graph_session():
        some_variables()
        assert names("model_variables") == ["A/a", "A/b", "B/a"]
        assert names("variables") == ["A/a", "A/b", "B/a", "global_step"]
        assert names("trainable_variables") == ["A/a", "B/a"]
        assert [v.op.name for v in slim.get_local_variables()] == ["A/local"]


def test_variables_are_found_by_scope_suffix_and_name():
    def found(variables):
        return [variable.op.name for variable in variables]

    with graph_session():
        some_variables()
        assert found(slim.get_variables("A")) == ["A/a", "A/b"]
        assert found(slim.get_variables_by_suffix("a")) == ["A/a", "B/a"]
        assert found(slim.get_variables_by_name("a", scope="B")) == ["B/a"]
        assert found(slim.get_model_variables(suffix="b")) == ["A/b"]
        assert found(slim.get_trainable_variables("A")) == ["A/a"]
        with v1.variable_scope("B") as scope:
            assert found(slim.get_variables(scope)) == ["B/a"]
        kept = slim.filter_variables(slim.get_variables(), ["A", "global"], ["b:"])
        assert found(kept) == ["A/a", "global_step"]
        assert slim.filter_variables(slim.get_variables(), ["a"], reg_search=False) == []


def test_a_unique_variable_is_found_by_its_full_name_only():
    with graph_session():
        variables = some_variables()
        assert slim.get_unique_variable("A/a") is variables[0]
        with pytest.raises(ValueError, match="Couldn't find variable C/a"):
            slim.get_unique_variable("C/a")
        with pytest.raises(ValueError, match=r"does not uniquely identify.*A/a, A/b"):
            slim.get_unique_variable("A")


def test_variables_to_restore_by_scopes():
    with graph_session():
        some_variables()
        kept = slim.get_variables_to_restore(include=["A", "B"], exclude=["A/b"])
        assert [variable.op.name for variable in kept] == ["A/a", "B/a"]
        assert len(slim.get_variables_to_restore()) == 4
        with pytest.raises(TypeError, match="exclude is provided but is not a list"):
            slim.get_variables_to_restore(exclude="A")


def test_scopes_that_match_nothing_are_warned_of_with_the_nearest(caplog):
    with graph_session():
        with v1.variable_scope("vgg_16/fc8"):
            slim.model_variable("weights", [1])
        assert len(slim.get_variables_to_restore(exclude=["fc8"])) == 1  # as TensorFlow 1.15: all
        assert len(slim.get_variables_to_restore(exclude=["vgg_16/fc8"])) == 0
        assert slim.get_variables_to_restore(include=["vgg16"]) == []
    assert [record.getMessage() for record in caplog.records] == [
        "exclude=['fc8'] matches no variable, so it leaves none out; names are matched from their start. "
        "Nearest: vgg_16/fc8",
        "include=['vgg16'] matches no variable, so it adds none; names are matched from their start. "
        "Nearest: vgg_16, vgg_16/fc8",
    ]


def test_a_model_variable_is_added_once():
    with graph_session():
        variable = slim.variable("w", [1])
        for _ in range(2):
            slim.add_model_variable(variable)
        assert names("model_variables") == ["w"]


def test_settings_of_variables_reach_those_of_the_layers():
    with graph_session():
        with slim.arg_scope([slim.model_variable], device="/cpu:0"):
            slim.fully_connected(tf.zeros([1, 2]), 3)
        assert {variable.device for variable in slim.get_variables()} == {"/device:CPU:0"}


def test_a_custom_getter_of_a_variable_stands_for_get_variable():
    with graph_session(), v1.variable_scope("s"):

        def getter(name, reuse=None, **kwargs):
            return v1.get_variable(f"{name}_mine", **kwargs)

        assert slim.variable("w", [1], custom_getter=getter).op.name == "s/w_mine"


def test_a_global_step_is_checked_or_found():
    with graph_session():
        step = slim.create_global_step()
        assert slim.assert_or_get_global_step() is step
        assert slim.assert_or_get_global_step(global_step_tensor=step) is step
        with pytest.raises(TypeError):
            slim.assert_or_get_global_step(global_step_tensor=slim.global_variable(0.5))


@pytest.fixture
def checkpoint(tmp_path):
    """A checkpoint with A/a and A/b of some_variables, written by TensorFlow."""
    with graph_session() as session:
        made = some_variables()
        session.run(v1.global_variables_initializer())
        session.run([made[0].assign(np.arange(6.0).reshape(2, 3)), made[1].assign([7.0, 8.0, 9.0])])
        return v1.train.Saver(made[:2]).save(session, str(tmp_path / "model.ckpt"))


def test_a_checkpoint_fills_variables_by_name_and_by_map(checkpoint):
    with graph_session() as session:
        made = some_variables()
        assign, feed = slim.assign_from_checkpoint(checkpoint, [made[0]])
        session.run(assign, feed)
        other = slim.variable("other", [3])
        session.run(*slim.assign_from_checkpoint(checkpoint, {"A/b": other}))
        np.testing.assert_array_equal(session.run(made[0]), np.arange(6.0).reshape(2, 3))
        np.testing.assert_array_equal(session.run(other), [7, 8, 9])


def test_parts_of_a_variable_are_cut_from_the_whole(checkpoint):
    with graph_session() as session:
        with v1.variable_scope("A"):
            parts = list(slim.variable("a", [2, 3], partitioner=v1.fixed_size_partitioner(2)))
        assert {slim.get_variable_full_name(part) for part in parts} == {"A/a"}
        session.run(*slim.assign_from_checkpoint(checkpoint, parts))
        np.testing.assert_array_equal(session.run(parts), [[[0, 1, 2]], [[3, 4, 5]]])


def test_all_that_does_not_fit_a_checkpoint_is_listed_at_once(checkpoint):
    with graph_session():
        made = some_variables()
        with pytest.raises(ValueError, match=r"missing variable \[B/a\]") as error:
            slim.assign_from_checkpoint(checkpoint, {"B/a": made[2], "A/a": made[1]})
        assert "A/a: the checkpoint has shape (2, 3), the variable (3,)" in str(error.value)


def test_missing_variables_may_be_ignored_and_are_warned_of(checkpoint, caplog):
    with graph_session() as session:
        made = some_variables()
        session.run(v1.global_variables_initializer())
        with caplog.at_level(logging.WARNING, logger="slimzoo"):
            session.run(*slim.assign_from_checkpoint(checkpoint, made, ignore_missing_vars=True))
            restore = slim.assign_from_checkpoint_fn(checkpoint, made, ignore_missing_vars=True)
            assert slim.assign_from_checkpoint_fn(checkpoint, [made[2]], ignore_missing_vars=True) is None
        restore(session)
        np.testing.assert_array_equal(session.run(made[1]), [7, 8, 9])
    assert "missing variable [B/a]" in caplog.text and "B/a missing in checkpoint" in caplog.text


def test_a_restore_function_may_reshape(checkpoint):
    with graph_session() as session:
        flat = slim.variable("flat", [6])
        slim.assign_from_checkpoint_fn(checkpoint, {"A/a": flat}, reshape_variables=True)(session)
        np.testing.assert_array_equal(session.run(flat), np.arange(6.0))
        with pytest.raises(ValueError, match="var_list cannot be empty"):
            slim.assign_from_checkpoint_fn(checkpoint, [])


def test_arrays_fill_variables_and_all_misfits_are_listed():
    with graph_session() as session:
        made = some_variables()
        slim.assign_from_values_fn({"A/a": np.ones([2, 3]), "B/a": np.array([5.0, 6.0])})(session)
        np.testing.assert_array_equal(session.run(made[2]), [5, 6])
        with pytest.raises(ValueError, match="Variable C wasn't found") as error:
            slim.assign_from_values({"C": np.zeros(1), "A": np.zeros(1), "B/a": np.zeros(3)})
    assert "A doesn't uniquely identify" in str(error.value)
    assert "B/a has shape (2,); its value has shape (3,)" in str(error.value)
