"""prepare(): what is to be written is known, and refused, before an array is read."""

from pathlib import Path

import numpy as np
import pytest

from slimzoo import converters
from slimzoo.converters.name_maps import get_name_map
from slimzoo.converters.plan import prepare
from slimzoo.converters.source import Source, Tensor
from slimzoo.errors import SlimzooError
from slimzoo.tracing.parts import network_shapes

NETWORK = "mobilenet_v1_025"


def unread():
    pytest.fail("a tensor was read")


def source(shapes, **metadata):
    """Weights that fail the test when they are read."""
    tensors = {name: Tensor(shape, np.dtype("<f4"), unread) for name, shape in shapes.items()}
    return Source("memory", Path("some/weights"), tensors, metadata=metadata)


def test_the_same_variables_are_there_under_slims_names_and_under_the_destinations():
    shapes = network_shapes(NETWORK, 1001)
    prepared = prepare(source(shapes), NETWORK, to="keras", background="drop")
    assert prepared.variables.shapes == network_shapes(NETWORK, 1000)
    assert prepared.written.shapes == get_name_map("keras", NETWORK).to_theirs(prepared.variables).shapes
    assert (prepared.network, prepared.library) == (NETWORK, "keras")
    assert prepared.metadata["num_classes"] == "1000" and prepared.metadata["label_offset"] == "0"


def test_the_library_is_the_destinations_else_the_sources_else_none():
    theirs = prepare(source(network_shapes(NETWORK)), NETWORK, to="keras").written
    assert [prepare(theirs, NETWORK, to=to).library for to in ("transformers", "")] == [
        "transformers",
        "keras",
    ]
    assert prepare(source(network_shapes(NETWORK)), NETWORK).library == ""


def test_what_is_noted_of_the_file_that_was_read_is_not_noted_of_the_one_that_is_written():
    read = source({"a/w": (2,)}, license="MIT", names="keras", source_sha256="of its source")
    assert prepare(read, metadata={"source": "given"}).metadata == {
        "license": "MIT",
        "source": "given",
        "source_format": "memory",
    }


def test_weights_of_another_network_are_refused_with_their_shapes():
    shapes = {"other/w": (2, 3)}
    with pytest.raises(converters.Unfit, match="do not fit") as error:
        prepare(source(shapes), NETWORK)
    assert error.value.shapes == shapes
    with pytest.raises(SlimzooError, match="say network="):
        prepare(source(shapes), to="keras")


def test_every_public_name_of_the_converters_is_there():
    assert [name for name in converters.__all__ if not hasattr(converters, name)] == []
    assert set(converters.__all__) <= set(dir(converters))
