"""Kernels rounded to 8 bits for what they are multiplied with, not each number to its nearest.

A kernel's error matters as far as the pixels it meets let it: of all ways to round a kernel the one is looked
for that changes least of what the layer makes of the calibration images, one weight after the other, with the
covariance of what it reads (what Nagel et al. 2020, arXiv:2004.10568, equation 10, make small). What is left
in the mean over all images is taken out of the layer's shift; then that of the rounded maps, from the first
layer to the last (Nagel et al. 2019, arXiv:1906.04721, section 4.2).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.model.int8.layers import DEPTHWISE, Graph, Layer, Run
from slimzoo.model.int8.network import replay_of, values_of

MOST = 127  # of a weight of 8 bits
_SWEEPS = 4
_DAMPING = 0.05  # of the mean variance: what few images do not show is not trusted
_LARGEST = 1.5e9  # multiplications of a sweep; kernels that want more stay as they are
_PART = 4  # images at a time, whose patches are in memory
_ROWS = 1 << 24  # numbers of the patches of a part that are looked at
_WORK = 4e12  # multiply-adds of correcting shifts
_SHIFT_IMAGES = 96
Moments = tuple[np.ndarray, np.ndarray]  # covariance [..., K, K] and mean [..., K] of what a kernel meets


def rounded(model: Any, images: Iterable[np.ndarray]) -> dict[str, np.ndarray] | None:
    """Returns values of `model` for 8 bits, still float32; None where its graph is not known.

    Args:
      images: batches float32 [N, H, W, C].
    """
    replay = replay_of(model)
    if replay is None:
        return None
    graph, values = Graph(replay), values_of(model)
    layers = [layer for layer in graph.layers if _work(layer, values[layer.kernel].shape) <= _LARGEST]
    kept = dict(values)
    for layer, moments in zip(layers, _moments(graph, layers, values, images), strict=True):
        kernel, change = _rounded(layer, kept[layer.kernel], moments)
        kept[layer.kernel] = kernel
        kept[layer.shift] = (kept[layer.shift] + layer.sign * change).astype(np.float32)
    multiply_adds = sum(operation.multiply_adds or 0 for operation in model.discovery.operations)
    return _shifted(graph, values, kept, _some(images, _SHIFT_IMAGES), multiply_adds)


def nearest(kernel: np.ndarray, depthwise: bool) -> np.ndarray:
    """Returns a kernel [..., n] as 8 bits have it, with a scale for each channel that it makes."""
    columns = kernel.reshape(-1, _columns(kernel.shape, depthwise))
    return (np.round(columns / _scale(columns)) * _scale(columns)).reshape(kernel.shape).astype(np.float32)


def descend(kernel: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Returns `kernel` [K, n] on the grid of its 8 bits, where (kernel - result) does least.

    Args:
      covariance: of what it is multiplied with: [K, K], or [n, K, K], one for each column.
    """
    scale = _scale(kernel)
    exact = (kernel / scale).astype(np.float64)
    found = np.round(exact)
    fixed = np.zeros(exact.shape, bool)
    fixed[np.abs(exact).argmax(0), np.arange(exact.shape[1])] = True  # the largest says what the scale is
    each = covariance.ndim == 3
    variances = np.diagonal(covariance, axis1=-2, axis2=-1)  # [K] or [n, K]
    damping = _DAMPING * variances.mean(-1) + np.finfo(np.float32).tiny
    error = exact - found
    pull = np.einsum("nij,jn->ni", covariance, error) if each else (covariance @ error).T  # [n, K]
    for _ in range(_SWEEPS):
        before = found.copy()
        for i in range(len(exact)):
            step = (pull[:, i] + damping * error[i]) / (variances[..., i] + damping)
            moved = np.clip(np.round(found[i] + step), -MOST, MOST)
            (changed,) = np.nonzero((moved != found[i]) & ~fixed[i])  # few: only what they pull is added up
            by = (found[i] - moved)[changed, None]
            pull[changed] += by * (covariance[changed, i] if each else covariance[i])
            found[i, changed] = moved[changed]
            error[i] = exact[i] - found[i]
        if (found == before).all():
            break
    return (found * scale).astype(np.float32)


def _scale(columns: np.ndarray) -> np.ndarray:
    return np.maximum(np.abs(columns).max(0), 1e-12) / MOST


def _columns(shape: tuple[int, ...], depthwise: bool) -> int:
    return shape[-1] * shape[-2] if depthwise else shape[-1]


def _work(layer: Layer, shape: tuple[int, ...]) -> float:
    rows, columns = np.prod(shape[:-1]), shape[-1]
    return float(rows * columns if layer.operation == DEPTHWISE else rows * rows * columns)


def _rounded(layer: Layer, kernel: np.ndarray, moments: Moments) -> tuple[np.ndarray, np.ndarray]:
    """Returns the kernel rounded, and what that takes off each channel of the layer in the mean."""
    covariance, mean = moments
    depthwise = layer.operation == DEPTHWISE
    columns = kernel.reshape(-1, _columns(kernel.shape, depthwise))
    if depthwise:
        covariance, mean = (np.repeat(part, kernel.shape[-1], axis=0) for part in moments)
    found = descend(columns, covariance)
    lost = columns - found
    change = np.einsum("kn,nk->n", lost, mean) if depthwise else mean @ lost
    return found.reshape(kernel.shape), change


def _moments(
    graph: Graph, layers: list[Layer], values: Mapping[str, np.ndarray], images: Iterable[np.ndarray]
) -> list[Moments]:
    shapes = [values[layer.kernel].shape for layer in layers]

    def sums(read: list[tf.Tensor]) -> list[tuple[tf.Tensor, ...]]:
        return [_sums(*three) for three in zip(layers, shapes, read, strict=True)]

    run = graph.runner([layer.reads for layer in layers], then=sums)
    totals: list[list[Any]] = [[np.float64(0)] * 3 for _ in layers]
    for part in _parts(images):
        for total, terms in zip(totals, run(values, part), strict=True):
            total[:] = [so_far + term.numpy() for so_far, term in zip(total, terms, strict=True)]
    return [_centred(*terms) for terms in totals]


def _sums(layer: Layer, shape: tuple[int, ...], tensor: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Returns sums over positions, of products of what a kernel of `shape` meets and of it; their number."""
    rows = _patches(layer, shape, tensor)
    size = rows.shape[-1]
    rows = rows[:: 1 + tf.size(rows) // _ROWS]
    count = tf.cast(tf.shape(rows)[0], tf.float32)
    if layer.operation == DEPTHWISE:
        rows = tf.transpose(tf.reshape(rows, [-1, size // shape[2], shape[2]]), [2, 0, 1])  # [C, N, K]
    return tf.matmul(rows, rows, transpose_a=True), tf.reduce_sum(rows, -2), count


def _patches(layer: Layer, shape: tuple[int, ...], tensor: tf.Tensor) -> tf.Tensor:
    """Returns float32 [positions, K], what a kernel meets at each position, in the order of its weights."""
    if layer.operation == "MatMul":
        return tf.reshape(tensor, [-1, int(np.prod(shape[:-1]))])
    height, width = shape[:2]
    down, right = layer.strides[1:3]
    if height == width == 1:
        met = tensor[:, ::down, ::right]
    else:
        sizes, steps = [1, height, width, 1], [1, down, right, 1]
        met = tf.image.extract_patches(tensor, sizes, steps, [1, 1, 1, 1], layer.padding)
    return tf.reshape(met, [-1, met.shape[-1]])


def _centred(products: np.ndarray, sums: np.ndarray, count: np.ndarray) -> Moments:
    mean = sums / count
    return products / count - mean[..., :, None] * mean[..., None, :], mean


def _shifted(
    graph: Graph,
    before: Mapping[str, np.ndarray],
    values: dict[str, np.ndarray],
    images: list[np.ndarray],
    multiply_adds: float,
) -> dict[str, np.ndarray]:
    """Returns `values` whose layers make in the mean what they did `before`, with maps that are rounded.

    Of a network that takes long only every so many layers are changed, the last always.
    """
    layers = [layer for layer in graph.layers if layer.offset]
    passes = int(np.clip(_WORK // max(multiply_adds * sum(map(len, images)), 1), 1, max(len(layers), 1)))
    chosen = layers[:: -max(len(layers) // passes, 1)][::-1]
    tensors = [layer.gives for layer in chosen]
    wanted = _means(graph.runner(tensors), before, images)
    run = graph.runner(tensors, graph.with_maps_of_8_bits(_ranges(graph, before, images)))
    found = dict(values)
    for layer in graph.layers:
        found[layer.kernel] = nearest(found[layer.kernel], layer.operation == DEPTHWISE)
    for i, layer in enumerate(chosen):
        missing = wanted[i] - _means(run, found, images)[i]
        found[layer.offset or ""] = (found[layer.offset or ""] + missing).astype(np.float32)
    return found


def _means(run: Run, values: Mapping[str, np.ndarray], images: list[np.ndarray]) -> list[np.ndarray]:
    """Returns the mean of each channel of each tensor."""
    found = [[_channel_means(tensor.numpy()) for tensor in run(values, batch)] for batch in images]
    sizes = [len(batch) for batch in images]
    return [np.average(means, axis=0, weights=sizes) for means in zip(*found, strict=True)]


def _channel_means(array: np.ndarray) -> np.ndarray:
    return array.mean(tuple(range(array.ndim - 1)), dtype=np.float64)


def _ranges(
    graph: Graph, values: Mapping[str, np.ndarray], images: list[np.ndarray]
) -> dict[str, tuple[float, float]]:
    """Returns the smallest and the largest number of each map that is stored, 0 between them."""
    run = graph.runner([f"{name}:0" for name in graph.stored])
    found = [
        [(float(t.numpy().min()), float(t.numpy().max())) for t in run(values, batch)] for batch in images
    ]
    spans = [(min(0.0, *(a for a, _ in s)), max(1e-6, *(b for _, b in s))) for s in zip(*found, strict=True)]
    return dict(zip(graph.stored, spans, strict=True))


def _parts(images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    for batch in images:
        yield from (batch[i : i + _PART] for i in range(0, len(batch), _PART))


def _some(images: Iterable[np.ndarray], count: int) -> list[np.ndarray]:
    """Returns the first batches, of about `count` images."""
    kept: list[np.ndarray] = []
    for batch in images:
        if sum(map(len, kept)) >= count:
            break
        kept.append(batch)
    return kept
