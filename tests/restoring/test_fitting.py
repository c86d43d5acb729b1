"""From an open file of weights to the values of a model's variables."""

import numpy as np
import pytest

from slimzoo import converters
from slimzoo.errors import SlimzooError
from slimzoo.restoring import fitting as restoring
from slimzoo.tracing.parts import network_shapes


def source_of(tmp_path, network):
    values = {name: np.zeros(shape, np.float32) for name, shape in network_shapes(network, 7).items()}
    converters.write_safetensors(tmp_path / "w.safetensors", values)
    return converters.read(tmp_path / "w.safetensors")


def test_weights_of_another_network_say_of_which(tmp_path):
    source = source_of(tmp_path, "mobilenet_v1_025")
    with pytest.raises(SlimzooError, match=r"Likely: the file is of mobilenet_v1_025, with 7 classes"):
        restoring.fit(source, network_shapes("mobilenet_v1_050", 7))


def test_weights_without_a_part_say_what_is_missing_and_what_they_are(tmp_path):
    source = source_of(tmp_path, "lenet")
    shapes = network_shapes("lenet", 7) | {"LeNet/extra/weights": (2, 2)}
    with pytest.raises(SlimzooError, match="missing in the file: LeNet/extra/weights") as caught:
        restoring.fit(source, shapes)
    assert "Likely: the file is of lenet" in str(caught.value)  # true: the network asked for is another one


def test_an_empty_pattern_is_refused(tmp_path):
    source = source_of(tmp_path, "lenet")
    with pytest.raises(SlimzooError, match="matches nothing"):
        restoring.fit(source, network_shapes("lenet", 7), exclude=[""])
