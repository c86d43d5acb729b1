"""Every public name has the parameters, order and defaults of TensorFlow 1.15 (facts/slim_api.json)."""

import inspect
import json

import pytest
import tensorflow as tf

from slimzoo import slim

KINDS = {  # how the facts write defaults that are objects
    "<xavier_initializer()>": type(slim.xavier_initializer()),
    "<zeros_initializer()>": type(tf.compat.v1.zeros_initializer()),
}
PLAIN = {
    "<tf.nn.relu>": tf.nn.relu,
    "tf.float32": tf.float32,
    "<VariableSynchronization.AUTO: 0>": tf.VariableSynchronization.AUTO,
    "<VariableAggregation.NONE: 0>": tf.VariableAggregation.NONE,
}
TENSORFLOWS_OWN = {"assert_global_step", "create_global_step", "get_global_step", "get_or_create_global_step"}


def find(name):
    """Returns the function or class called `name` in slim, "losses.log_loss" too, or None."""
    value = slim
    for part in name.split("."):
        value = getattr(value, part, None)
    return value


def is_default(parameter, written):
    """Whether the default of a parameter is what the facts write after "="."""
    default = parameter.default
    if written in KINDS:
        return type(default) is KINDS[written]
    if callable(default) and written not in PLAIN:
        return default.__name__ == written.rpartition(".")[2]  # "learning.train_step"
    return default == PLAIN[written] if written in PLAIN else repr(default) == written


def differences(name, written):
    """Yields what differs between the parameters of `name` and those the facts write."""
    value = find(name)
    parameters = list(
        inspect.signature(value.__init__ if inspect.isclass(value) else value).parameters.values()
    )
    expected = [entry.partition("=") for entry in written]
    found = [str(p).split(":")[0].split("=")[0] for p in parameters]
    if found != [parameter for parameter, _, _ in expected]:
        yield f"{name}: {found} instead of {written}"
        return
    for parameter, (_, has_default, default) in zip(parameters, expected, strict=True):
        if bool(has_default) != (parameter.default is not parameter.empty) or (
            has_default and not is_default(parameter, default)
        ):
            yield f"{name}: {parameter} instead of {parameter.name}={default}"


@pytest.fixture(scope="module")
def facts(shared):
    """Every public name of tf.contrib.slim 1.15 with its parameters."""
    return json.loads((shared / "facts" / "slim_api.json").read_text())


def test_every_name_of_the_facts_is_there(facts):
    assert len(facts) == 233
    assert [name for name in facts if find(name) is None] == []


def test_every_name_has_its_old_signature(facts):
    assert [each for name in facts for each in differences(name, facts[name])] == []


def test_the_layers_are_also_in_slim_layers():
    names = [name for name, value in vars(slim.layers).items() if callable(value) and name[0] != "_"]
    assert "conv2d" in names
    for name in names:
        assert getattr(slim.layers, name) is getattr(slim, name)


@pytest.mark.parametrize("name", sorted(TENSORFLOWS_OWN))
def test_the_global_step_is_tensorflows_own(name):
    assert getattr(slim, name) is getattr(tf.compat.v1.train, name)
