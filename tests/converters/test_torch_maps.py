"""timm, torchvision, transformers: their networks under slim's names, against what they themselves compute.

What they call their tensors, and the logits of drawn weights, were recorded by tools/record_torch_names.py;
where they are installed, the same is computed anew.
"""

import functools
import gzip
import importlib
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import slimzoo
from slimzoo.converters import write_safetensors
from slimzoo.converters.name_maps import fitting, get_name_map
from slimzoo.converters.source import Source, Tensor, tensors_of
from slimzoo.parity import process
from slimzoo.tracing.parts import network_shapes
from tools import record_torch_names as recorder

NAMES = {
    name: {tensor: tuple(shape) for tensor, shape in tensors.items()}
    for name, tensors in json.loads(gzip.decompress(recorder.NAMES.read_bytes())).items()
}
LOGITS = json.loads(recorder.LOGITS.read_text(encoding="utf-8"))
LIBRARIES = ("timm", "torchvision", "transformers")
QUICK = {  # of each kind of map one that takes seconds; the others are slow
    *("timm/mobilenet_v3_small", "timm/mobilenet_v3_small_minimalistic", "torchvision/inception_v1"),
    *("torchvision/resnet_v1_50", "transformers/resnet_v1_50", "timm/inception_v3"),
    *("transformers/mobilenet_v1_025", "transformers/mobilenet_v2_035"),
}
EVERY = [pytest.param(original, id=str(original)) for original in recorder.ORIGINALS]
WEIGHTY = [
    pytest.param(original, id=str(original), marks=[] if str(original) in QUICK else [pytest.mark.slow])
    for original in recorder.ORIGINALS
]
TOLERANCE = 2e-5  # of the logits' range: float32 sums in another order; of all maps 5.3e-6 was the most


def map_of(original):
    return get_name_map(original.library, original.network)


@functools.cache
def shapes_of(network):
    return network_shapes(network, recorder.CLASSES)


def without_memory(shapes):
    """Returns a source whose tensors have shapes, and no values to read."""
    tensors = {name: Tensor(shape, np.dtype(np.float32), lambda: None) for name, shape in shapes.items()}
    return Source("memory", Path("weights.pth"), tensors)


def in_memory(arrays):
    return Source("memory", Path("weights.pth"), tensors_of(arrays))


def present(name, name_map):
    return not any(name.startswith(f"{scope}/") for scope in name_map.absent)


def model_of(original, arrays, shape):
    """Returns slimzoo's network as the map builds it, with the library's `arrays`."""
    name_map = map_of(original)
    values = dict(name_map.apply(in_memory(arrays)))
    return slimzoo.Model(
        original.network, recorder.CLASSES, shape, initial_values=values, **name_map.arguments
    )


def our_logits(original, arrays, images=None):
    """Returns what slimzoo's network, as the map builds it, computes with the library's `arrays`."""
    images = recorder.drawn_images(original.pixels) if images is None else images
    model = model_of(original, arrays, images.shape[1:])
    return np.asarray(model(images))


def assert_same_logits(ours, theirs):
    theirs = np.asarray(theirs)
    assert np.ptp(theirs[0] - theirs[1]) > 0.02 * np.ptp(theirs), "the images make no difference: drawn badly"
    assert np.abs(ours - theirs).max() <= TOLERANCE * np.ptp(theirs)


# With nothing installed.


def test_every_map_has_a_recorded_original_and_every_original_a_map():
    modules = {
        library: importlib.import_module(f"slimzoo.converters.name_maps.{library}") for library in LIBRARIES
    }
    maps = {f"{library}/{network}" for library, module in modules.items() for network in module.NETWORKS}
    assert maps == {str(original) for original in recorder.ORIGINALS} == set(NAMES) == set(LOGITS)


@pytest.mark.parametrize("original", EVERY)
def test_a_map_is_total_both_ways_in_names_and_shapes(original):
    name_map, theirs, wanted = map_of(original), NAMES[str(original)], shapes_of(original.network)
    ours = name_map.apply(without_memory(theirs))
    assert ours.shapes == {name: shape for name, shape in wanted.items() if present(name, name_map)}
    back = name_map.to_theirs(without_memory(wanted))
    assert back.shapes == {name: theirs[name] for name in back}
    left = theirs.keys() - back.keys()
    assert all(name.endswith("num_batches_tracked") or name.startswith("aux") for name in left)


@pytest.mark.parametrize("original", EVERY)
def test_a_file_of_theirs_is_known_by_its_names(original):
    found = fitting(NAMES[str(original)], original.network)
    assert found.library == original.library or found.rows == map_of(original).rows  # ResNets of timm


@pytest.mark.parametrize("original", WEIGHTY)
def test_slims_weights_are_the_same_bits_after_a_journey_there_and_back(original):
    name_map = map_of(original)
    shapes = {n: s for n, s in shapes_of(original.network).items() if present(n, name_map)}
    tensors = {
        name: Tensor(shape, np.dtype(np.float32), functools.partial(numbered, i, shape))
        for i, (name, shape) in enumerate(shapes.items())
    }
    ours = Source("memory", Path("weights.safetensors"), tensors)
    back = name_map.apply(name_map.to_theirs(ours))
    assert back.keys() == ours.keys()
    for name in ours:
        np.testing.assert_array_equal(back[name], ours[name], err_msg=name)


def numbered(i, shape):
    """Returns values that no two places of a tensor, and hardly two tensors, share."""
    return (np.arange(np.prod(shape), dtype=np.float32) + i / 7).reshape(shape)


@pytest.mark.parametrize("original", WEIGHTY)
def test_the_logits_are_those_recorded_of_the_original(original):
    arrays = recorder.drawn_weights(original, NAMES[str(original)])
    assert_same_logits(our_logits(original, arrays), LOGITS[str(original)])


# Where the libraries are installed, in a process of their own.


def skip_without(library):
    for name in ("torch", library):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed: pip install 'slimzoo[test-torch]'")


def their_logits(original, arrays):
    """Returns what the library computes of the drawn images; it refuses tensors that are not its own.

    Where it does, it may have renamed them: run tools/record_torch_names.py.
    """
    skip_without(original.library)
    images = recorder.drawn_images(original.pixels)
    return process.compute(original.library, original.network, recorder.CLASSES, arrays, images).logits


@pytest.mark.parametrize("original", WEIGHTY)
def test_the_logits_are_those_of_the_library_itself(original):
    arrays = recorder.drawn_weights(original, NAMES[str(original)])
    theirs = their_logits(original, arrays)
    assert_same_logits(our_logits(original, arrays), theirs)


@pytest.mark.parametrize("original", WEIGHTY)
def test_the_library_computes_the_same_with_a_file_that_was_written_for_it(original, tmp_path):
    name_map = map_of(original)
    ours = name_map.apply(in_memory(recorder.drawn_weights(original, NAMES[str(original)])))
    write_safetensors(tmp_path / "theirs.safetensors", name_map.to_theirs(ours))
    again = their_logits(original, load_file(tmp_path / "theirs.safetensors"))
    assert_same_logits(again, LOGITS[str(original)])


@pytest.mark.slow
def test_the_auxiliary_head_of_inception_v3_is_torchvisions(tmp_path):
    skip_without("torchvision")
    original = next(o for o in recorder.ORIGINALS if str(o) == "torchvision/inception_v3")
    process.run("tests.converters.torch_child:auxiliary_logits", tmp_path, "torchvision")
    arrays, images = recorder.drawn_weights(original, NAMES[str(original)]), recorder.drawn_images(299)
    end_points = model_of(original, arrays, (299, 299, 3)).end_points(images)
    assert_same_logits(np.asarray(end_points["AuxLogits"]), np.load(tmp_path / "logits.npy"))
