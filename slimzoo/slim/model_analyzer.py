"""How large the ops and the variables of a graph are."""

from collections.abc import Iterable

import tensorflow as tf


def tensor_description(var: tf.Tensor | tf.Variable) -> str:
    """Returns the type and the shape of a tensor or variable: "(float32 1x8x8x1024)", "?" where unknown."""
    if var.shape.rank is None:
        return f"({var.dtype.name} of unknown rank)"
    return f"({var.dtype.name} {'x'.join('?' if size is None else str(size) for size in var.shape)})"


def analyze_ops(graph: tf.Graph, print_info: bool = False) -> int:
    """Returns the number of values in all outputs of all ops; shapes known only in part count as 0.

    Args:
      print_info: also print every op.
    """
    if print_info:
        _print_title("Operations: name -> (type shapes) [size]")
    total = 0
    for op in graph.get_operations():
        size = sum(_size(output) for output in op.outputs)
        total += size
        if print_info:
            shapes = ", ".join(tensor_description(output) for output in op.outputs if output.shape)
            print(op.name, "\t->", shapes, f"[{size}]")
    return total


def analyze_vars(variables: Iterable[tf.Variable], print_info: bool = False) -> tuple[int, int]:
    """Returns (number of values, bytes) of all `variables` together.

    Args:
      print_info: also print every variable and the totals.
    """
    if print_info:
        _print_title("Variables: name (type shape) [size]")
    total_size = total_bytes = 0
    for var in variables:
        size = _size(var)
        total_size += size
        total_bytes += size * var.dtype.size
        if print_info:
            print(var.name, tensor_description(var), f"[{size}, bytes: {size * var.dtype.size}]")
    if print_info:
        print(f"Total size of variables: {total_size}")
        print(f"Total bytes of variables: {total_bytes}")
    return total_size, total_bytes


def _size(tensor: tf.Tensor | tf.Variable) -> int:
    return tensor.shape.num_elements() or 0


def _print_title(title: str) -> None:
    print("---------")
    print(title)
    print("---------")
