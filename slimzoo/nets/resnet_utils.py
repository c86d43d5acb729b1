"""What ResNet v1 and v2 share: blocks of units. He et al. 2015, arXiv:1512.03385, table 1."""

import contextlib
import itertools
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets import common
from slimzoo.nets.common import Depth, EndPoints, Layer, NetworkFn, NetworkOutput, Reuse, Scope
from slimzoo.registry import Network, register

UNITS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3), 200: (3, 24, 36, 3)}  # in each block
WIDTHS = (64, 128, 256, 512)  # of the bottleneck in each block; its outputs have 4 times as many channels
STRIDES = (2, 2, 2, 1)  # of each block
ROOT_STRIDE = 4  # of the convolution and the pooling before the blocks


class Block(NamedTuple):
    """Units one after the other: unit_fn(net, rate=..., **arguments) for each of `args`."""

    scope: str
    unit_fn: Layer
    args: list[dict[str, Any]]  # of a bottleneck: depth, depth_bottleneck, stride


def bottleneck_block(unit_fn: Layer, scope: str, base_depth: int, num_units: int, stride: int) -> Block:
    """Returns a Block of bottlenecks, `base_depth` wide, of which the last one strides."""
    unit = {"depth": base_depth * 4, "depth_bottleneck": base_depth}
    return Block(scope, unit_fn, [{**unit, "stride": 1}] * (num_units - 1) + [{**unit, "stride": stride}])


def blocks_of(
    depth: int, make_block: Callable[..., Block], width: Depth = lambda base_depth: base_depth
) -> list[Block]:
    """Returns the four blocks of the ResNet with `depth` layers."""
    rows = enumerate(zip(WIDTHS, UNITS[depth], STRIDES, strict=True), start=1)
    return [
        make_block(f"block{i}", width(base_depth), *units_stride) for i, (base_depth, *units_stride) in rows
    ]


def striding_first(blocks: Sequence[Block]) -> list[Block]:
    """Returns `blocks` with the stride of each one's last unit in the next one's first: torchvision's way.

    What the last block's last unit strides by is left out.
    """
    strides = [1, *(block.args[-1].get("stride", 1) for block in blocks[:-1])]
    return [
        block._replace(args=[{**unit, "stride": 1 if i else stride} for i, unit in enumerate(block.args)])
        for block, stride in zip(blocks, strides, strict=True)
    ]


def subsample(inputs: tf.Tensor, factor: int, scope: Scope = None) -> tf.Tensor:
    """Returns every `factor`-th row and column of `inputs` [N, H, W, C], beginning with the first."""
    return inputs if factor == 1 else slim.max_pool2d(inputs, [1, 1], stride=factor, scope=scope)


def conv2d_same(
    inputs: tf.Tensor, num_outputs: int, kernel_size: int, stride: int, rate: int = 1, scope: Scope = None
) -> tf.Tensor:
    """Returns what a convolution of stride 1 gives at every `stride`-th row and column.

    SAME with a stride centres its kernel elsewhere where the height or width is even.

    Args:
      inputs: [N, H, W, C].
      kernel_size: an int.
    """
    padding = "SAME" if stride == 1 else "VALID"
    if stride != 1:
        inputs = common.pad_for_kernel(inputs, (kernel_size, kernel_size), rate)
    return slim.conv2d(
        inputs, num_outputs, kernel_size, stride=stride, rate=rate, padding=padding, scope=scope
    )


@slim.add_arg_scope
def stack_blocks_dense(
    net: tf.Tensor,
    blocks: Sequence[Block],
    output_stride: int | None = None,
    store_non_strided_activations: bool = False,
    outputs_collections: str | None = None,
) -> tf.Tensor:
    """Stacks `blocks`; dilated convolutions keep the map at 1/output_stride of `net`.

    Args:
      net: [N, H, W, C].
      output_stride: a product of the units' strides from the first one on, or None: all of them.
      store_non_strided_activations: the last unit of a block strides after the end point of the block.

    Raises: ValueError: the units do not reach `output_stride`.
    """
    check_output_stride(output_stride, blocks)
    strides = itertools.chain.from_iterable(
        _block_strides(block, store_non_strided_activations) for block in blocks
    )
    steps = common.strides_and_rates(strides, output_stride)
    for block in blocks:
        with tf.compat.v1.variable_scope(block.scope, "block", [net]) as sc:
            for i, unit in enumerate(block.args, start=1):
                stride, rate = next(steps)
                with tf.compat.v1.variable_scope(f"unit_{i}", values=[net]):
                    changed = {} if stride == unit.get("stride", 1) else {"stride": stride}
                    net = block.unit_fn(net, rate=rate, **unit | changed)
            net = slim.utils.collect_named_outputs(outputs_collections, sc.name, net)
            if store_non_strided_activations:
                stride, _ = next(steps)
                net = subsample(net, stride)
    return net


def _block_strides(block: Block, after_the_block: bool) -> list[int]:
    """Returns the stride of each unit, the last one's after them all if `after_the_block`."""
    strides = [unit.get("stride", 1) for unit in block.args]
    return [*strides[:-1], 1, strides[-1]] if after_the_block else strides


def check_output_stride(output_stride: int | None, blocks: Sequence[Block], before: int = 1) -> None:
    """Raises ValueError if `blocks`, which follow a stride of `before`, do not reach `output_stride`."""
    strides = [unit.get("stride", 1) for block in blocks for unit in block.args]
    reached = sorted(set(itertools.accumulate(strides, operator.mul, initial=before)))
    if output_stride is not None and output_stride not in reached:
        multiple = f"The output_stride needs to be a multiple of {before}. " if before > 1 else ""
        raise ValueError(
            f"{multiple}The target output_stride cannot be reached: it is {output_stride!r}, and these "
            f"blocks reach {', '.join(map(str, reached))}, or None for {reached[-1]}"
        )


@contextlib.contextmanager
def network_scope(
    scope: Scope,
    default_name: str,
    inputs: tf.Tensor,
    reuse: Reuse,
    unit_fn: Layer,
    is_training: bool | None,
    batch_norm_epsilon: float | None = None,
) -> Iterator[tuple[tf.compat.v1.VariableScope, str]]:
    """Enters the scopes of a ResNet; yields that of its variables and the collection of its end points."""
    with contextlib.ExitStack() as entered:
        sc = entered.enter_context(tf.compat.v1.variable_scope(scope, default_name, [inputs], reuse=reuse))
        collection = sc.original_name_scope + "_end_points"
        ops = [slim.conv2d, unit_fn, stack_blocks_dense]
        entered.enter_context(slim.arg_scope(ops, outputs_collections=collection))
        if is_training is not None:
            entered.enter_context(slim.arg_scope([slim.batch_norm], is_training=is_training))
        if batch_norm_epsilon is not None:
            entered.enter_context(_with_epsilon(batch_norm_epsilon))
        yield sc, collection


@contextlib.contextmanager
def _with_epsilon(epsilon: float) -> Iterator[None]:
    """Gives `epsilon` to the batch norms of convolutions, and to those that stand alone."""
    settings = slim.current_arg_scope().get(slim.arg_scope_func_key(slim.conv2d), {})
    normalizer = {**(settings.get("normalizer_params") or {}), "epsilon": epsilon}
    with (
        slim.arg_scope([slim.conv2d], normalizer_params=normalizer),
        slim.arg_scope([slim.batch_norm], epsilon=epsilon),
    ):
        yield


def features(
    net: tf.Tensor,
    root: Layer | None,
    blocks: Sequence[Block],
    output_stride: int | None,
    store_non_strided_activations: bool = False,
    symmetric_pooling: bool = False,
) -> tf.Tensor:
    """Returns what `blocks` make of `net`, which `root`, if any, and a pooling halve before."""
    before = 1 if root is None else ROOT_STRIDE
    check_output_stride(output_stride, blocks, before)
    if root is not None:
        net = root(net)
        padding = {"padding": "VALID"} if symmetric_pooling else {}  # else as the arg_scope says
        if symmetric_pooling:
            net = common.pad_for_kernel(net, [3, 3])
        net = slim.max_pool2d(net, [3, 3], stride=2, **padding, scope="pool1")
        output_stride = output_stride and output_stride // before
    return stack_blocks_dense(net, blocks, output_stride, store_non_strided_activations)


def classify(
    net: tf.Tensor,
    end_points: EndPoints,
    scope_name: str,
    num_classes: int | None,
    global_pool: bool,
    spatial_squeeze: bool,
) -> NetworkOutput:
    """Returns the logits from the last map, or what comes before them without classes; and `end_points`."""
    if global_pool:
        net = tf.reduce_mean(net, common.spatial_axes(), keepdims=True, name="pool5")
        end_points["global_pool"] = net
    if num_classes:
        net = slim.conv2d(net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="logits")
        end_points[scope_name + "/logits"] = net
        if spatial_squeeze:
            net = end_points[scope_name + "/spatial_squeeze"] = common.squeeze(net, "SpatialSqueeze")
        end_points["predictions"] = common.softmax(net, scope="predictions")
    return net, end_points


def resnet_arg_scope(
    weight_decay: float = 0.0001,
    batch_norm_decay: float = 0.997,
    batch_norm_epsilon: float = 1e-5,
    batch_norm_scale: bool = True,
    activation_fn: Layer | None = tf.nn.relu,
    use_batch_norm: bool = True,
    batch_norm_updates_collections: str | None = tf.compat.v1.GraphKeys.UPDATE_OPS,
) -> dict:
    """Returns the scope ResNet was published with: ReLU, batch norm, L2 on the weights, SAME max pooling."""
    batch_norm = {
        "decay": batch_norm_decay,
        "epsilon": batch_norm_epsilon,
        "scale": batch_norm_scale,
        "updates_collections": batch_norm_updates_collections,
    }
    with (
        slim.arg_scope(
            [slim.conv2d],
            weights_regularizer=slim.l2_regularizer(weight_decay),
            weights_initializer=slim.variance_scaling_initializer(),
            activation_fn=activation_fn,
            normalizer_fn=slim.batch_norm if use_batch_norm else None,
            normalizer_params=batch_norm,
        ),
        slim.arg_scope([slim.batch_norm], **batch_norm),
        slim.arg_scope([slim.max_pool2d], padding="SAME") as scope,
    ):
        return scope


def register_variant(name: str, network: Any, num_classes: int) -> NetworkFn:
    """Registers `network` as published: for ImageNet, in images of 224 x 224 pixels."""
    network.__name__ = network.__qualname__ = name
    network.default_image_size = 224
    register(
        Network(
            name=name,
            build=network,
            arg_scope=resnet_arg_scope,
            image_size=224,
            num_classes=num_classes,
            channels=3,
            heads=(f"{name}/logits",),
            transfer_heads=(f"{name}/logits",),
            preprocessing="vgg",  # the factory's; v2's published weights were trained with "inception"
            auxiliary=(),
        )
    )
    return network
