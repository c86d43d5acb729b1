"""Small functions of tf.contrib.framework: conditions that may be known, shapes, names, Python in a graph."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1


def smart_cond(
    pred: Any,
    true_fn: Callable[[], Any] | None = None,
    false_fn: Callable[[], Any] | None = None,
    name: str | None = None,
) -> Any:
    """Returns true_fn() or false_fn(): at once if `pred` is known, else by tf.cond.

    Raises: TypeError: `pred` is no tensor, bool, 0 or 1, or a function is none.
    """
    for which, function in (("true_fn", true_fn), ("false_fn", false_fn)):
        if not callable(function):
            raise TypeError(f"`{which}` must be callable, not {function!r}")
    known = _known(pred)
    if known is None:
        return v1.cond(pred, true_fn, false_fn, name=name)
    chosen: Any = true_fn if known else false_fn
    return chosen()


def _known(pred: Any) -> bool | None:
    if tf.is_tensor(pred):
        value = tf.get_static_value(pred)
        return None if value is None else bool(value)
    if not isinstance(pred, (bool, np.bool_)) and pred not in (0, 1):
        raise TypeError(f"`pred` must be a Tensor, or a Python bool, or 1 or 0. Found instead: {type(pred)}")
    return bool(pred)


def smart_case(
    pred_fn_pairs: Mapping[Any, Callable[[], Any]] | Iterable[tuple[Any, Callable[[], Any]]],
    default: Callable[[], Any] | None = None,
    exclusive: bool = False,
    name: str = "smart_case",
) -> Any:
    """Returns what the function of the first true predicate returns; those that are known make no tf.cond."""
    pairs = list(pred_fn_pairs.items() if isinstance(pred_fn_pairs, Mapping) else pred_fn_pairs)
    open_pairs: list[tuple[tf.Tensor, Callable[[], Any]]] = []
    for pred, function in pairs:
        known = _known(pred)
        if known and not open_pairs and not exclusive:
            return function()
        if known is None or known:
            open_pairs.append((tf.convert_to_tensor(pred), function))
    if not open_pairs and default is not None:
        return default()
    return v1.case(open_pairs, default, exclusive, name=name)


def py_func(
    func: Callable[..., Any],
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    output_types: Any = None,
    output_shapes: Any = None,
    stateful: bool = True,
    name: str | None = None,
) -> Any:
    """Returns tensors of what `func` makes of arrays, in the structure of `output_types`.

    Args:
      args, kwargs: structures of tensors.
      output_types, output_shapes: structures, or functions of `args` and `kwargs` that return them.
    """
    kwargs = kwargs or {}
    if not isinstance(args, (list, tuple)) or not isinstance(kwargs, dict):
        raise TypeError(
            f"py_func: args must be a list or a tuple and kwargs a dict, not {args!r} and {kwargs!r}"
        )
    types = output_types(*args, **kwargs) if callable(output_types) else output_types
    shapes = output_shapes(*args, **kwargs) if callable(output_shapes) else output_shapes
    given = (list(args), kwargs)

    def run(*arrays: np.ndarray) -> list[Any]:
        arguments, named = tf.nest.pack_sequence_as(given, arrays)
        return tf.nest.flatten(func(*arguments, **named))

    outputs = v1.py_func(run, tf.nest.flatten(given), tf.nest.flatten(types), stateful, name)
    outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    if shapes is not None:
        wanted = [shapes] if len(outputs) == 1 and not _holds_shapes(shapes) else _flat_shapes(shapes)
        for output, shape in zip(outputs, wanted, strict=True):
            output.set_shape(shape)
    return tf.nest.pack_sequence_as(types, outputs)


def _holds_shapes(shapes: Any) -> bool:
    return isinstance(shapes, (list, tuple)) and any(_is_shape(shape) for shape in shapes)


def _is_shape(shape: Any) -> bool:
    return isinstance(shape, (list, tuple, dict, tf.TensorShape))


def _flat_shapes(shapes: Any) -> list[Any]:
    """Returns the shapes in a structure of them: a list of sizes is one."""
    if isinstance(shapes, dict):
        return [flat for key in sorted(shapes) for flat in _flat_shapes(shapes[key])]
    if _holds_shapes(shapes):
        return [flat for shape in shapes for flat in _flat_shapes(shape)]
    return [shapes]


def get_placeholders(graph: tf.Graph) -> list[tf.Tensor]:
    """Returns the placeholders of a graph. Raises: TypeError: it is none."""
    if not isinstance(graph, tf.Graph):
        raise TypeError(f"Input graph needs to be a Graph: {graph!r}")
    return [op.outputs[0] for op in graph.get_operations() if op.type == "Placeholder"]


def assert_scalar_int(tensor: Any, name: str | None = None) -> tf.Tensor:
    """Returns `tensor`. Raises: ValueError: it is no scalar of integers."""
    tensor = tf.convert_to_tensor(tensor)
    if not tensor.dtype.base_dtype.is_integer:
        raise ValueError(f"Expected integer type for {tensor.name}, received type: {tensor.dtype}.")
    return v1.assert_scalar(tensor, name=name or "assert_scalar_int")


def reduce_sum_n(tensors: Sequence[tf.Tensor], name: str | None = None) -> tf.Tensor:
    """Returns the sum of all values of all tensors. Raises: ValueError: there is none."""
    if not tensors:
        raise ValueError("No tensors provided.")
    with v1.name_scope(name, "reduce_sum_n", tensors) as scope:
        sums = [tf.reduce_sum(tensor, name=f"{tensor.op.name}/sum") for tensor in tensors]
        return sums[0] if len(sums) == 1 else tf.add_n(sums, name=scope)


def remove_squeezable_dimensions(
    predictions: Any, labels: Any, name: str | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns both without the last dimension of the one that has one more, of size 1."""
    with v1.name_scope(name, "remove_squeezable_dimensions", [predictions, labels]):
        predictions, labels = tf.convert_to_tensor(predictions), tf.convert_to_tensor(labels)
        return _squeezed(predictions, labels), _squeezed(labels, predictions)


def _squeezed(tensor: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """Returns `tensor` without its last dimension, if that is one more than `other` has."""
    if tensor.shape.rank is not None and other.shape.rank is not None:
        return tf.squeeze(tensor, [-1]) if tensor.shape.rank == other.shape.rank + 1 else tensor
    if tensor.shape.rank is not None and tensor.shape[-1:] not in ([1], [None]):
        return tensor
    is_longer = tf.equal(tf.rank(tensor), tf.rank(other) + 1)
    return v1.cond(is_longer, lambda: tf.squeeze(tensor, [-1]), lambda: tensor)


def with_shape(expected_shape: Any, tensor: tf.Tensor) -> tf.Tensor:
    """Returns `tensor`, checked to have a shape: now where both are known, else when the graph runs.

    Args:
      expected_shape: a TensorShape, a list, or an int32 tensor; for [], one value of shape [1] is reshaped.
    Raises: ValueError: `tensor` is sparse or of another shape, or the shape is no list of int32.
    """
    if isinstance(tensor, tf.SparseTensor):
        raise ValueError("SparseTensor not supported.")
    if tf.is_tensor(expected_shape) and tf.get_static_value(expected_shape) is None:
        if expected_shape.dtype.base_dtype != tf.int32:
            raise ValueError(
                f"Invalid dtype {expected_shape.dtype} for the shape of {tensor.name}; int32 is taken"
            )
        return tf.ensure_shape(_checked(expected_shape, tensor), tensor.shape)
    wanted = _static_shape(expected_shape, tensor)
    if wanted.rank == 0 and (not tensor.shape.is_fully_defined() or tensor.shape.as_list() == [1]):
        return tf.reshape(tensor, [])
    if not tensor.shape.is_compatible_with(wanted):
        raise ValueError(f"Invalid shape for tensor {tensor.name}, expected {wanted}, got {tensor.shape}.")
    if tensor.shape.is_fully_defined():
        return tensor
    if wanted.rank is None:
        return tensor
    sizes = [-1 if size is None else size for size in wanted.as_list()]
    checked = _checked(tf.constant(sizes, tf.int32), tensor)
    checked.set_shape(wanted)
    return checked


def _static_shape(given: Any, tensor: tf.Tensor) -> tf.TensorShape:
    if isinstance(given, tf.TensorShape):
        return given
    values = np.asarray(tf.get_static_value(given) if tf.is_tensor(given) else given)
    if values.ndim != 1 or (values.size and values.dtype.kind != "i"):
        raise ValueError(
            f"Invalid shape {given!r} expected of tensor {tensor.name}; a list of int32 is taken"
        )
    return tf.TensorShape([None if size < 0 else int(size) for size in values])


def _checked(shape: tf.Tensor, tensor: tf.Tensor) -> tf.Tensor:
    actual = tf.shape(tensor)
    is_rank = tf.equal(tf.size(shape), tf.rank(tensor))
    is_equal = tf.logical_or(tf.equal(shape, -1), tf.equal(shape, actual))
    message = [f"Wrong shape for {tensor.name} [expected] [actual].", shape, actual]
    with tf.control_dependencies([v1.Assert(is_rank, message)]):
        right = tf.reduce_all(is_equal)
    with tf.control_dependencies([v1.Assert(right, message)]):
        return tf.identity(tensor)


def with_same_shape(expected_tensor: tf.Tensor, tensor: tf.Tensor) -> tf.Tensor:
    """Returns `tensor`, checked to have the shape of `expected_tensor`."""
    is_known = expected_tensor.shape.is_fully_defined()
    return with_shape(expected_tensor.shape.as_list() if is_known else tf.shape(expected_tensor), tensor)


def prepend_name_scope(name: Any, import_scope: str | None) -> Any:
    """Returns "scope/name"; "^name" and "loc:@name" keep what they start with."""
    if not import_scope:
        return name
    scope = import_scope.removesuffix("/")
    return re.sub(r"(\^|loc:@|^)(.*)", rf"\1{scope}/\2", tf.compat.as_str_any(name), count=1)


def strip_name_scope(name: Any, export_scope: str | None) -> Any:
    """Returns a name of `prepend_name_scope` as it was before; any other as it is."""
    if not export_scope:
        return name
    scope = re.escape(export_scope.removesuffix("/"))
    return re.sub(rf"(\^|loc:@|^){scope}/+(.*)", r"\1\2", tf.compat.as_str_any(name), count=1)


def print_op(
    input_: Any,
    data: Iterable[Any] | None = None,
    message: str | None = None,
    first_n: int | None = None,
    summarize: int = 20,
    name: str | None = None,
) -> tf.Tensor:
    """Returns `input_`; a run that needs it prints it, and `data`, with names and shapes."""
    shown = [part for tensor in (input_, *(data or ())) for part in (f"Name: {tensor.name}", tensor)]
    return v1.Print(input_, shown, message, first_n, summarize, name)
