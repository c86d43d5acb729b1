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
    """Returns the function called `name` in slim, "losses.log_loss" too, or None."""
    value = slim
    for part in name.split("."):
        value = getattr(value, part, None)
    return value


def is_default(parameter, written):
    """Whether the default of a parameter is what the facts write after "="."""
    if written in KINDS:
        return type(parameter.default) is KINDS[written]
    return parameter.default == PLAIN[written] if written in PLAIN else repr(parameter.default) == written


def test_every_implemented_name_has_its_old_signature(shared):
    facts = json.loads((shared / "facts" / "slim_api.json").read_text())
    implemented = {name: parameters for name, parameters in facts.items() if find(name) is not None}
    assert len(implemented) > 90  # all of issue 2
    wrong = []
    for name, written in implemented.items():
        parameters = list(inspect.signature(find(name)).parameters.values())
        expected = [entry.partition("=") for entry in written]
        found = [str(p).split(":")[0].split("=")[0] for p in parameters]
        if found != [parameter for parameter, _, _ in expected]:
            wrong.append(f"{name}: {found} instead of {written}")
            continue
        for parameter, (_, has_default, default) in zip(parameters, expected, strict=True):
            if bool(has_default) != (parameter.default is not parameter.empty) or (
                has_default and not is_default(parameter, default)
            ):
                wrong.append(f"{name}: {parameter} instead of {parameter.name}={default}")
    assert not wrong


def test_the_layers_are_also_in_slim_layers():
    names = [name for name, value in vars(slim.layers).items() if callable(value)]
    assert "conv2d" in names
    for name in names:
        assert getattr(slim.layers, name) is getattr(slim, name)


@pytest.mark.parametrize("name", sorted(TENSORFLOWS_OWN))
def test_the_global_step_is_tensorflows_own(name):
    assert getattr(slim, name) is getattr(tf.compat.v1.train, name)
