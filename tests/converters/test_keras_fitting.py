"""A network of Keras's among other layers: where it is found, and what its head is made of."""

import numpy as np
import pytest

from slimzoo.converters.name_maps import fitting, get_name_map
from slimzoo.converters.name_maps.keras import NETWORKS
from slimzoo.converters.name_maps.keras_fitting import layers_in
from slimzoo.converters.name_maps.transforms import FLAT_AS_7X7, IO, IO_AS_1X1
from tests.converters.keras_twins import source

RANKS = {"kernel": 4, "depthwise_kernel": 4, "pointwise_kernel": 4}
WIDTH = 8  # channels of every layer that the head does not say otherwise of


def arrays_of(network, top=False):
    """Returns theirs of `network`, of the right ranks and agreeing in their channels."""
    name_map = get_name_map("keras", network)
    names = name_map.names if top else name_map.without_top().names
    ranks = {name: RANKS.get(name.rpartition("/")[2], 1) for name in names}
    arrays = {name: np.zeros((1,) * (rank - 1) + (WIDTH,), np.float32) for name, rank in ranks.items()}
    depthwise = [name for name in arrays if name.endswith("/depthwise_kernel")]
    return arrays | {name: np.zeros((3, 3, WIDTH, 1), np.float32) for name in depthwise}


def width_of(network):
    """Returns how many channels the first layer of the head takes of arrays_of(network)."""
    first = get_name_map("keras", network).inputs[0]
    return WIDTH if isinstance(first, str) else first


def dense(name, *shape):
    """Returns the arrays of a dense layer, without memory of their own."""
    zeros = {"kernel": shape, "bias": shape[-1:]}
    return {f"{name}/{key}": np.broadcast_to(np.float32(0), size) for key, size in zeros.items()}


NORMALIZATION = {"norm/mean": np.zeros(3, np.float32), "norm/variance": np.ones(3, np.float32)}
ONE_LAYER = [name for name in NETWORKS if len(get_name_map("keras", name).inputs) == 1]


@pytest.mark.parametrize("network", ONE_LAYER)
@pytest.mark.parametrize("inside", ["", "sequential/mobilenet/"])
def test_every_network_is_found_between_a_normalization_and_a_head_of_one_layer(network, inside):
    base = {f"{inside}{name}": array for name, array in arrays_of(network).items()}
    file = source(NORMALIZATION | base | dense("own", width_of(network), 5))
    name_map = fitting(file, network)
    assert len(name_map.rows) == len(get_name_map("keras", network).rows)
    assert {name for row in name_map.rows for name in row.theirs} == {*file} - {*NORMALIZATION}
    assert name_map.absent == get_name_map("keras", network).absent
    kernel = name_map.rows[-2]
    assert kernel.theirs == ("own/kernel",) and kernel.how in (IO, IO_AS_1X1)
    assert kernel.ours == get_name_map("keras", network).top[0].ours


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("head", [(6, 5), (None, 6, 5, 5), (1,)], ids=["wrong", "more", "one"])
def test_a_head_that_is_not_the_networks_is_left_out_by_every_network(network, head):
    sizes = [width_of(network) if size is None else size for size in head]
    layers = [dense(f"dense_{i}", 3 + sizes[0], size) for i, size in enumerate(sizes)]
    arrays = arrays_of(network)
    for layer in layers:
        arrays |= layer
    name_map = fitting(source(arrays), network)
    assert name_map.absent == get_name_map("keras", network).without_top().absent
    (line,) = name_map.said
    assert "left out is dense_0" in line and f": {network} ends in " in line


def test_all_three_last_layers_of_vgg_may_have_other_names_and_other_sizes_are_another_head():
    arrays = arrays_of("vgg_16")
    own = dense("a", 25088, 4096) | dense("b", 4096, 4096) | dense("c", 4096, 5)
    found = fitting(source(arrays | own), "vgg_16")
    assert [row.theirs[0] for row in found.rows[-6::2]] == ["a/kernel", "b/kernel", "c/kernel"]
    assert [row.how for row in found.rows[-6::2]] == [FLAT_AS_7X7, IO_AS_1X1, IO_AS_1X1]
    small = arrays | dense("a", 512, 6) | dense("b", 6, 6) | dense("c", 6, 5)
    assert fitting(source(small), "vgg_16").absent == tuple(f"vgg_16/fc{i}" for i in (6, 7, 8))


@pytest.mark.parametrize(
    ("network", "deeper"),
    [
        ("vgg_16", "vgg_19"),
        ("resnet_v1_50", "resnet_v1_101"),
        ("resnet_v1_101", "resnet_v1_152"),
        ("resnet_v2_50", "resnet_v2_101"),
        ("mobilenet_v3_small_minimalistic", "mobilenet_v3_small"),
    ],
)
def test_a_deeper_network_of_equal_names_is_not_taken_for_a_smaller_one(network, deeper):
    file = arrays_of(deeper) | dense("own", width_of(deeper), 5)
    assert fitting(source(file), deeper) and fitting(source(file), network) is None


@pytest.mark.parametrize("first", [0, 1, 9, 94])
@pytest.mark.parametrize("shuffled", [False, True])
def test_numbers_in_names_count_from_where_they_begin_whatever_the_order_of_the_file(first, shuffled):
    def moved(name):
        layer, _, key = name.rpartition("/")
        stem, number = (layer, 0) if layer in STEMS else layer.rsplit("_", 1)
        return f"{stem}{f'_{int(number) + first}' * bool(int(number) + first)}/{key}"

    arrays = arrays_of("inception_v3")
    file = {moved(name): array for name, array in arrays.items()} | dense("dense", 2048, 5)
    names = sorted(file) if shuffled else list(file)
    name_map = fitting(source({name: file[name] for name in names}), "inception_v3")
    pairs = zip(get_name_map("keras", "inception_v3").without_top().rows, name_map.rows, strict=False)
    assert all(tuple(map(moved, table.theirs)) == found.theirs for table, found in pairs)


STEMS = ("conv2d", "batch_normalization")


def test_a_convolution_before_numbered_ones_does_not_shift_them():
    """A gray image made three channels: Keras calls that layer conv2d, the network's first conv2d_1."""
    arrays = arrays_of("inception_v3")
    shifted = {name: array for name, array in arrays.items() if not name.startswith("conv2d")}
    for name, array in arrays.items():
        if name.startswith("conv2d"):
            number = int(name.partition("/")[0].partition("_")[2] or 0)
            shifted[f"conv2d_{number + 1}/kernel"] = array
    file = {"conv2d/kernel": np.zeros((1, 1, 1, 3), np.float32)} | shifted
    name_map = fitting(source(file), "inception_v3")
    assert name_map.rows[0].theirs == ("conv2d_1/kernel",) and "conv2d [1, 1, 1, 3]" in name_map.said[0]


def test_two_networks_in_one_file_are_not_mixed():
    arrays = arrays_of("mobilenet_v1_025")
    file = {f"{tower}/{name}": array for tower in "ab" for name, array in arrays.items()}
    name_map = fitting(source(file), "mobilenet_v1_025")
    assert name_map is None or {name[0] for row in name_map.rows for name in row.theirs} == {"a"}


def test_counters_and_random_states_are_no_layers_and_a_depthwise_kernel_shows_by_its_shape():
    file = {
        "random_flip/state": np.zeros(3, np.int64),
        "metrics/total": np.float32(0),
        "a/kernel": np.zeros((3, 3, 8, 1), np.float32),
        "b/kernel": np.zeros((1, 1, 8, 1), np.float32),
        "norm/mean": np.zeros(3, np.float32),
        "norm/variance": np.zeros(3, np.float32),
        "norm/count": np.int64(0),
    }
    kinds = [(layer.name, layer.kind) for layer in layers_in(source(file))]
    assert kinds == [("a", "depthwise"), ("b", "conv"), ("norm", "normalization")]
