"""The cells of NASNet and PNASNet: five sums of two operations each, joined along the channels."""

import re
from collections.abc import Callable, Sequence
from itertools import chain
from typing import ClassVar, NamedTuple, TypeAlias

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets import common
from slimzoo.nets.common import Scope
from slimzoo.slim.hosting import HOST
from slimzoo.slim.unit import unit

INVALID = "null"  # no data_format yet: the arg_scope of a network sets it
AXES = {"NHWC": 3, "NCHW": 1}  # of the channels
Step: TypeAlias = tf.Tensor | int | None  # of training; None: the global step
BOUND = 6.0  # of activations that are kept small for quantized inference
OPERATION = re.compile(
    r"none|(?P<kind>separable|avg_pool|max_pool)_(?P<size>\d+)x(?P=size)(?:_(?P<layers>[1-9]\d*))?"
)


def calc_reduction_layers(num_cells: int, num_reduction_layers: int) -> list[int]:
    """Returns the numbers of the cells before which the map halves, evenly spread over `num_cells`."""
    parts = num_reduction_layers + 1
    return [int(part / parts * num_cells) for part in range(1, parts)]


@slim.add_arg_scope
def get_channel_index(data_format: str = INVALID) -> int:
    """Returns the axis of the channels. Raises: ValueError: data_format is neither NHWC nor NCHW."""
    if data_format not in AXES:
        raise ValueError(
            f"Not a valid data_format: {data_format!r}; give NHWC or NCHW, here or by an arg_scope"
        )
    return AXES[data_format]


@slim.add_arg_scope
def get_channel_dim(shape: tf.TensorShape, data_format: str = INVALID) -> int:
    """Returns the number of channels of a shape of rank 4."""
    sizes = tf.TensorShape(shape).as_list()
    if len(sizes) != 4:
        raise ValueError(f"a cell takes maps of rank 4; this has shape {sizes}")
    return sizes[get_channel_index(data_format=data_format)]


@slim.add_arg_scope
def global_avg_pool(x: tf.Tensor, data_format: str = INVALID) -> tf.Tensor:
    """Returns the mean of each channel of `x`, [N, C]."""
    return tf.reduce_mean(x, _map_axes(get_channel_index(data_format=data_format)))


@slim.add_arg_scope
def factorized_reduction(
    net: tf.Tensor, output_filters: int, stride: int, data_format: str = INVALID
) -> tf.Tensor:
    """Returns `net` with `output_filters` channels, its map divided by `stride`.

    Half of the channels see every other pixel, and the other half those one further to the right and below.
    """
    axis = get_channel_index(data_format=data_format)
    if stride == 1:
        return slim.batch_norm(slim.conv2d(net, output_filters, 1, scope="path_conv"), scope="path_bn")
    half, paths = output_filters // 2, []
    paddings, start = [(0, 0)] * 4, [slice(None)] * 4
    for side in _map_axes(axis):
        paddings[side], start[side] = (0, 1), slice(1, None)
    moved = tf.pad(net, paddings)[tuple(start)]
    for path, filters, scope in ((net, half, "path1_conv"), (moved, output_filters - half, "path2_conv")):
        path = tf.nn.avg_pool2d(path, 1, stride, "VALID", data_format=data_format)
        paths.append(slim.conv2d(path, filters, 1, scope=scope))
    return slim.batch_norm(tf.concat(paths, axis), scope="final_path_bn")


def _map_axes(channel_axis: int) -> tuple[int, int]:
    return (1, 2) if channel_axis == 3 else (2, 3)


@slim.add_arg_scope
def drop_path(net: tf.Tensor, keep_prob: float | tf.Tensor, is_training: bool = True) -> tf.Tensor:
    """Sets whole samples of `net` to 0 with probability 1 - keep_prob and divides the others by keep_prob."""
    return net * _masks(net, keep_prob, 1)[0] if is_training else net


def _masks(net: tf.Tensor, keep_prob: float | tf.Tensor, count: int) -> list[tf.Tensor]:
    """Returns `count` tensors [N, 1, 1, 1], each 1 / keep_prob with probability keep_prob, else 0."""
    host, rows = HOST.get(), tf.shape(net)[0] if net.shape[0] is None else net.shape[0]
    shape = (count, rows, 1, 1, 1)
    if host is None:
        noise = tf.random.uniform(shape)
    else:
        noise = tf.random.stateless_uniform(shape, seed=host.random_seed())
    return tf.unstack(tf.cast(tf.floor(keep_prob + noise) * (1.0 / keep_prob), net.dtype))


@slim.add_arg_scope
def pool(net: tf.Tensor, kind: str, size: int, stride: int, zero_padded: Sequence[str] = ()) -> tf.Tensor:
    """Returns a pooling of a cell, padded as SAME does.

    Args:
      kind: "avg_pool" or "max_pool".
      zero_padded: kinds whose padding is zeros that count, where the map halves.
    """
    padding = "SAME"
    if stride > 1 and kind in zero_padded:
        net, padding = common.pad_as_same(net, size, stride), "VALID"
    function = slim.avg_pool2d if kind == "avg_pool" else slim.max_pool2d
    return function(net, size, stride=stride, padding=padding)


class Operation(NamedTuple):
    """An operation of a cell, as its name says it."""

    name: str
    kind: str | None  # "separable", "avg_pool", "max_pool"; None for "none"
    size: int = 0  # of its window
    layers: int = 1  # one after the other


def _operation(name: str) -> Operation:
    found = OPERATION.fullmatch(name)
    if found is None:
        raise ValueError(
            f"Unimplemented operation {name!r}; there are none, avg_pool_3x3, max_pool_3x3 and "
            "separable_5x5_2 (two of them), with square windows of any size"
        )
    if name == "none":
        return Operation(name, None)
    return Operation(name, found["kind"], int(found["size"]), int(found["layers"] or 1))


class NasNetABaseCell:
    """A cell: called on a map, it returns another, in a variable scope of its own.

    Args:
      num_conv_filters: of a cell whose filter_scaling is 1.
      operations: names, two for each sum.
      used_hiddenstates: for each state whether it is left out of the output. States 0 and 1 are the map and
        the one before it, brought to one size; each sum makes another.
      hiddenstate_indices: the states that the operations take.
      drop_path_keep_prob: of the last cell after the last step; 1 keeps every path.
      total_num_cells, total_training_steps: by which the probability falls to that.
      use_bounded_activation: keeps activations in [0, 6] and what is added up in [-6, 6].
    Raises: ValueError: an operation that there is not.
    """

    def __init__(
        self,
        num_conv_filters: int,
        operations: Sequence[str],
        used_hiddenstates: Sequence[int],
        hiddenstate_indices: Sequence[int],
        drop_path_keep_prob: float,
        total_num_cells: int,
        total_training_steps: int,
        use_bounded_activation: bool = False,
    ) -> None:
        steps = list(zip(hiddenstate_indices, map(_operation, operations), strict=True))
        self._sums = list(zip(steps[::2], steps[1::2], strict=True))
        self._used = used_hiddenstates
        self._num_conv_filters = num_conv_filters
        self._drop_path_keep_prob = drop_path_keep_prob
        self._total_num_cells = total_num_cells
        self._total_training_steps = total_training_steps
        self._bounded = use_bounded_activation
        self._activate = tf.nn.relu6 if use_bounded_activation else tf.nn.relu

    @unit
    def __call__(
        self,
        net: tf.Tensor,
        scope: Scope = None,
        filter_scaling: float = 1,
        stride: int = 1,
        prev_layer: tf.Tensor | None = None,
        cell_num: int = -1,
        current_step: Step = None,
    ) -> tf.Tensor:
        """Returns the output of the cell.

        Args:
          net: float [N, H, W, C] of known size.
          filter_scaling: factor on num_conv_filters.
          prev_layer: the map before `net`, of the same size or twice that; None: there is none.
          cell_num: which of total_num_cells this is, from 0; needed where paths are dropped.
          current_step: None: the global step, or in a Model how often it has been trained.
        """
        filters = int(self._num_conv_filters * filter_scaling)
        masks = self._drawn_masks(cell_num, current_step)
        with tf.compat.v1.variable_scope(scope):
            states = self._begin(net, prev_layer, filters)
            for i, operations in enumerate(self._sums):
                values = []
                for side, (state, operation) in zip(("left", "right"), operations, strict=True):
                    strides = stride if state < 2 else 1  # later states have the new size
                    with tf.compat.v1.variable_scope(f"comb_iter_{i}/{side}"):
                        value = self._apply(states[state], operation, strides, filters)
                        values.append(value * masks(value).pop() if masks and operation.kind else value)
                with tf.name_scope(f"comb_iter_{i}/combine"):
                    value = values[0] + values[1]
                    states.append(tf.nn.relu6(value) if self._bounded else value)
            with tf.compat.v1.variable_scope("cell_output"):
                return self._join(states)

    def _drawn_masks(self, cell_num: int, current_step: Step) -> Callable[[tf.Tensor], list] | None:
        """Returns the function that draws the masks of all paths when it is first called, None for none."""
        training = slim.current_arg_scope().get(slim.arg_scope_func_key(drop_path), {})
        if self._drop_path_keep_prob >= 1 or not training.get("is_training", True):
            return None
        count = sum(operation.kind is not None for _, operation in chain.from_iterable(self._sums))
        drawn: list[list] = []

        def masks(net: tf.Tensor) -> list[tf.Tensor]:
            if not drawn:
                drawn.append(_masks(net, self._keep_prob(cell_num, current_step), count))
            return drawn[0]

        return masks

    def _begin(self, net: tf.Tensor, before: tf.Tensor | None, filters: int) -> list[tf.Tensor]:
        """Returns states 0 and 1."""
        before = net if before is None else self._fit_before(before, net, filters)
        net = slim.conv2d(self._activate(net), filters, 1, scope="1x1")
        return [slim.batch_norm(net, scope="beginning_bn"), before]

    def _fit_before(self, before: tf.Tensor, net: tf.Tensor, filters: int) -> tf.Tensor:
        """Returns the map before `net` in the size of `net`, with `filters` channels."""
        if before.shape[2] != net.shape[2]:
            return factorized_reduction(self._activate(before), filters, stride=2)
        if get_channel_dim(before.shape) == filters:
            return before
        before = slim.conv2d(self._activate(before), filters, 1, scope="prev_1x1")
        return slim.batch_norm(before, scope="prev_bn")

    def _apply(self, net: tf.Tensor, operation: Operation, stride: int, filters: int) -> tf.Tensor:
        if operation.kind == "separable":
            return self._clipped(self._separable(net, operation, stride, filters))
        net, channels = tf.nn.relu6(net) if self._bounded else net, get_channel_dim(net.shape)
        if operation.kind:
            net, stride = pool(net, operation.kind, operation.size, stride), 1
        elif stride == 1 and channels == filters:
            return net
        elif not self._bounded:
            net = tf.nn.relu(net)
        if not operation.kind or channels != filters:
            net = slim.conv2d(net, filters, 1, stride=stride, scope="1x1")
            net = slim.batch_norm(net, scope="bn_1")
        return self._clipped(net)

    def _separable(self, net: tf.Tensor, operation: Operation, stride: int, filters: int) -> tf.Tensor:
        for layer in range(1, operation.layers + 1):
            name = f"{operation.size}x{operation.size}_{layer}"
            net = slim.separable_conv2d(
                self._activate(net), filters, operation.size, stride=stride, scope=f"separable_{name}"
            )
            net, stride = slim.batch_norm(net, scope=f"bn_sep_{name}"), 1
        return net

    def _clipped(self, net: tf.Tensor) -> tf.Tensor:
        return tf.clip_by_value(net, -BOUND, BOUND) if self._bounded else net

    def _keep_prob(self, cell_num: int, current_step: Step) -> tf.Tensor:
        """Returns the probability to keep a path: it falls with the depth of the cell and with the steps."""
        if cell_num == -1:
            raise ValueError("a cell that drops paths needs to know cell_num: which of all cells it is")
        kept_at_last = 1 - (cell_num + 1) / self._total_num_cells * (1 - self._drop_path_keep_prob)
        step = _step() if current_step is None else current_step
        progress = tf.minimum(1.0, tf.cast(step, tf.float32) / self._total_training_steps)
        return 1 - progress * (1 - kept_at_last)

    def _join(self, states: list[tf.Tensor]) -> tf.Tensor:
        """Returns the states that no sum has used, one after the other, those of another size made alike."""
        size, filters = states[-1].shape[2], get_channel_dim(states[-1].shape)
        joined = []
        for i, (state, is_used) in enumerate(zip(states, self._used, strict=True)):
            if is_used:
                continue
            stride = 1 if state.shape[2] == size else 2
            if stride == 2 or get_channel_dim(state.shape) != filters:
                with tf.compat.v1.variable_scope(f"reduction_{i}"):
                    state = factorized_reduction(state, filters, stride)
            joined.append(state)
        return tf.concat(joined, get_channel_index())


def _step() -> tf.Tensor:
    host = HOST.get()
    return tf.compat.v1.train.get_or_create_global_step() if host is None else host.training_step()


class TableCell(NasNetABaseCell):
    """A cell whose sums stand in a table: (state, operation) left and right, and the states that it joins."""

    sums: ClassVar[tuple] = ()
    joins: ClassVar[tuple[int, ...]] = ()

    def __init__(
        self,
        num_conv_filters: int,
        drop_path_keep_prob: float,
        total_num_cells: int,
        total_training_steps: int,
        use_bounded_activation: bool = False,
    ) -> None:
        states, operations = zip(*chain.from_iterable(self.sums), strict=True)
        super().__init__(
            num_conv_filters,
            operations,
            [state not in self.joins for state in range(len(self.sums) + 2)],
            states,
            drop_path_keep_prob,
            total_num_cells,
            total_training_steps,
            use_bounded_activation,
        )


class NasNetANormalCell(TableCell):
    """The cell of NASNet-A that keeps the size: Zoph et al. 2017, arXiv:1707.07012, figure 4."""

    sums = (
        ((0, "separable_5x5_2"), (1, "separable_3x3_2")),
        ((1, "separable_5x5_2"), (1, "separable_3x3_2")),
        ((0, "avg_pool_3x3"), (1, "none")),
        ((1, "avg_pool_3x3"), (1, "avg_pool_3x3")),
        ((0, "separable_3x3_2"), (0, "none")),
    )
    joins = (1, 2, 3, 4, 5, 6)


class NasNetAReductionCell(TableCell):
    """The cell of NASNet-A that halves the size: figure 4 of the same paper."""

    sums = (
        ((0, "separable_5x5_2"), (1, "separable_7x7_2")),
        ((0, "max_pool_3x3"), (1, "separable_7x7_2")),
        ((0, "avg_pool_3x3"), (1, "separable_5x5_2")),
        ((3, "none"), (2, "avg_pool_3x3")),
        ((2, "separable_3x3_2"), (0, "max_pool_3x3")),
    )
    joins = (3, 4, 5, 6)
