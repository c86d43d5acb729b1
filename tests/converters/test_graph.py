"""The order of a graph's layers does not hang on how a file lists its operations."""

import numpy as np
import pytest

from slimzoo.converters.folded_values import Affine, variables_of
from slimzoo.converters.graph import Constant, Graph, Layer, Op, Step, layers_of
from slimzoo.converters.source import Tensor


def held(array):
    array = np.asarray(array, np.float32)
    return Constant(array.shape, Tensor(array.shape, array.dtype, lambda: array))


def named(shape, *names):
    return Constant(shape, names=names)


CONSTANTS = {name: held(np.ones((size, size, 2, 2))) for name, size in (("k1", 1), ("k3", 3), ("k5", 5))}
VECTORS = {"b": held([1, 2]), "s": held([2, 3]), "one": held(1.0)}


def kernels(ops, outputs=("out",)):
    """The sizes of the kernels, in order."""
    return [layer.kernel.shape[0] for layer in layers_of(Graph(ops, outputs, CONSTANTS | VECTORS))]


def test_branches_come_in_the_order_in_which_they_are_joined():
    stem = Op("conv", ("images", "k5"), ("stem",))
    left, right = Op("conv", ("stem", "k1"), ("left",)), Op("conv", ("stem", "k3"), ("right",))
    joined = Op("", ("left", "right"), ("out",))
    assert kernels([stem, left, right, joined]) == kernels([stem, right, left, joined]) == [5, 1, 3]


def test_the_two_sides_of_a_sum_may_be_swapped():
    branches = [Op("conv", ("images", "k1"), ("left",)), Op("conv", ("images", "k3"), ("right",))]
    orders = [
        kernels([*branches, Op("add", inputs, ("out",))]) for inputs in (("left", "right"), ("right", "left"))
    ]
    assert orders[0] == orders[1]


def test_what_is_done_to_channels_at_once_is_of_the_layer():
    ops = [
        Op("conv", ("images", "k1", "b"), ("x",)),
        Op("same", ("x",), ("y",)),
        Op("mul", ("y", "s"), ("z",)),
        Op("add", ("z", "b"), ("out",)),
    ]
    (layer,) = layers_of(Graph(ops, ("out",), CONSTANTS | VECTORS))
    assert [step.kind for step in layer.steps] == ["bias", "mul", "add"]
    scale, offset = Affine(layer.steps, 2).load()
    np.testing.assert_array_equal([scale, offset], [[2, 3], [1 * 2 + 1, 2 * 3 + 2]])


@pytest.mark.parametrize(
    "ops, then",
    [
        ([Op("same", ("x",), ("y",)), Op("relu6", ("y",), ("out",))], "relu6"),
        ([Op("add", ("x", "b"), ("out",), activation="tanh")], "tanh"),
        ([Op("add", ("x", "images"), ("y",)), Op("relu", ("y",), ("out",))], ""),
        ([Op("relu", ("x",), ("y",)), Op("mul", ("x", "y"), ("out",))], ""),
        ([Op("relu", ("x",), (y,)) for y in "yz"] + [Op("add", ("y", "z"), ("out",))], "relu"),
    ],
)
def test_the_function_after_a_layer_is_told_if_it_is_of_that_layer_alone(ops, then):
    graph = Graph([Op("conv", ("images", "k1"), ("x",)), *ops], ("out",), CONSTANTS | VECTORS)
    assert [layer.then for layer in layers_of(graph)] == [then]


@pytest.mark.parametrize("between", [{"activation": "relu"}, {}])
def test_what_is_not_linear_ends_a_layer(between):
    ops = [Op("conv", ("images", "k1"), ("x",), **between)]
    if not between:
        ops.append(Op("", ("x",), ("y",)))
    ops += [Op("mul", (ops[-1].outputs[0], "s"), ("z",)), Op("add", ("z", "b"), ("out",))]
    first, second = layers_of(Graph(ops, ("out",), CONSTANTS | VECTORS))
    assert not first.steps and second.kernel is None and [s.kind for s in second.steps] == ["mul", "add"]


def test_a_value_that_others_use_too_is_not_normalised_alone():
    ops = [
        Op("conv", ("images", "k1"), ("x",)),
        Op("mul", ("x", "s"), ("y",)),
        Op("add", ("x", "y"), ("out",)),
    ]
    first, second = layers_of(Graph(ops, ("out",), CONSTANTS | VECTORS))
    assert not first.steps and second.kernel is None


def test_a_graph_in_a_circle_ends():
    ops = [Op("add", ("b2", "x"), ("a2",)), Op("conv", ("a2", "k1"), ("b2",)), Op("", ("b2",), ("out",))]
    assert kernels(ops) == [1]


NORM = ("gamma", "beta", "moving_mean", "moving_variance")
X = np.random.RandomState(0).randn(50, 3).astype(np.float32)


def filled(has, their, epsilon=0.001, kernel=True):
    """What a layer of ours with the batch norm `has` puts out for X, filled from `their` layer."""
    step = Step("norm", tuple(named((2,), f"n/{name}") for name in has), epsilon)
    our = Layer("dense" if kernel else "norm", named((3, 2), "weights") if kernel else None, (step,))
    values = {name: tensor.load() for name, tensor in variables_of("x.tflite", their, our).items()}
    assert values.keys() == {f"n/{name}" for name in has} | ({"weights"} if kernel else set())
    assert all(value.dtype == np.float32 for value in values.values())
    x = X @ values["weights"] if kernel else X[:, :2]
    x = (x - values["n/moving_mean"]) / np.sqrt(values["n/moving_variance"] + np.float32(epsilon))
    return x * values.get("n/gamma", 1) + values.get("n/beta", 0)


@pytest.mark.parametrize("epsilon", [1e-3, 1e-5])
@pytest.mark.parametrize("has", [NORM, NORM[1:], (NORM[0], *NORM[2:]), NORM[2:]])
@pytest.mark.parametrize("scaled", [False, True])
def test_every_batch_norm_passes_on_what_was_folded(has, epsilon, scaled):
    kernel = np.random.RandomState(1).randn(3, 2)
    steps = (Step("mul", (held([2, -3]),)),) if scaled else ()
    their = Layer("dense", held(kernel), (*steps, Step("bias", (held([1, -2]),))))
    expected = X @ kernel * ([2, -3] if scaled else 1) + [1, -2]
    # float32: the numbers are of the order of 10
    np.testing.assert_allclose(filled(has, their, epsilon), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("has", [NORM, NORM[1:]])
def test_a_batch_norm_alone_scales_and_shifts(has):
    their = Layer("norm", None, (Step("mul", (held([2, 3]),)), Step("sub", (held([1, -2]),))))
    # float32, and a variance of which the square root is taken
    np.testing.assert_allclose(
        filled(has, their, kernel=False), X[:, :2] * [2, 3] - [1, -2], rtol=1e-4, atol=1e-5
    )
