"""What all layers share: their scopes, their variables, checks of what they are given."""

import contextlib
import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import tensorflow as tf

from slimzoo.slim.arg_scope import add_arg_scope
from slimzoo.slim.hosting import HOST, require_graph
from slimzoo.slim.types import (
    Activation,
    Getter,
    Initializer,
    Normalizer,
    Regularizer,
    Reuse,
    Scope,
    Size,
    TensorLike,
    VariableCollections,
)
from slimzoo.slim.unit import LAYER, is_layer
from slimzoo.slim.utils import n_positive_integers
from slimzoo.slim.variables import OnePenalty, add_to_collections, model_variable

MODEL_VARIABLES = tf.compat.v1.GraphKeys.MODEL_VARIABLES
CHANNELS_LAST = {1: "NWC", 2: "NHWC", 3: "NDHWC"}  # by the number of spatial dimensions
CHANNELS_FIRST = {1: "NCW", 2: "NCHW", 3: "NCDHW"}
RENAMED = {"kernel": "weights", "bias": "biases"}  # if a normalizer or an activation asks for them in a layer
PASSED_ON = (  # by a custom getter, besides name, shape, dtype, initializer and regularizer
    "trainable",
    "collections",
    "caching_device",
    "partitioner",
    "use_resource",
    "synchronization",
    "aggregation",
)


@contextlib.contextmanager
def layer_scope(
    op_name: str,
    scope: Scope | None,
    default_name: str,
    inputs: TensorLike,
    reuse: Reuse | None = None,
    getter: Getter | None = None,
) -> Iterator[tuple[tf.compat.v1.VariableScope, tf.Tensor]]:
    """Enters the variable scope of a layer; yields it and `inputs` as a tensor."""
    require_graph(op_name, inputs)
    if reuse and scope is None:
        raise ValueError(
            f"reuse=True cannot be used without a name_or_scope: give {op_name} the scope of the layer whose "
            f"variables it shares, scope={default_name!r} for instance"
        )
    variables = tf.compat.v1.variable_scope(scope, default_name, [inputs], reuse=reuse, custom_getter=getter)
    with variables as entered:
        yield entered, tf.convert_to_tensor(inputs)


def model_getter(renamed: Mapping[str, str] | None = None) -> Getter:
    """Returns a custom getter that makes whatever is asked for a model variable, some under another name."""

    def get(
        getter: Getter,
        name: str,
        shape: Any = None,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Regularizer | None = None,
        **settings: Any,
    ) -> tf.Variable:
        scope, slash, last = name.rpartition("/")
        if MODEL_VARIABLES in (settings.get("collections") or ()):  # the layer's own, which is one already
            made = {"shape": shape, "dtype": dtype, "initializer": initializer, "regularizer": regularizer}
            return getter(f"{scope}{slash}{(renamed or {}).get(last, last)}", **made, **settings)
        kept = {key: value for key, value in settings.items() if key in PASSED_ON}
        return model_variable(
            f"{scope}{slash}{(renamed or {}).get(last, last)}",
            shape=shape,
            dtype=dtype,
            initializer=initializer,
            regularizer=regularizer,
            custom_getter=getter,
            **kept,
        )

    return get


@contextlib.contextmanager
def op_scope(
    op_name: str, scope: str | None, default_name: str, inputs: TensorLike
) -> Iterator[tuple[str, tf.Tensor]]:
    """Enters the name scope of a layer without variables; yields its name and `inputs` as a tensor."""
    require_graph(op_name, inputs)
    with tf.compat.v1.name_scope(scope, default_name, [inputs]) as name:
        yield name, tf.convert_to_tensor(inputs)


def own_ops(scope: tf.compat.v1.VariableScope) -> contextlib.AbstractContextManager[str]:
    """Returns the name scope of the ops of a layer itself, not of its normalizer or activation."""
    return tf.compat.v1.name_scope(scope.original_name_scope)


def name_update_ops() -> None:
    """Makes the graph's collection of update ops exist, empty or not, as each layer of tf.layers did."""
    if HOST.get() is None:
        tf.compat.v1.get_collection_ref(tf.compat.v1.GraphKeys.UPDATE_OPS)


def layer_variable(
    scope: tf.compat.v1.VariableScope,
    name: str,
    old_name: str,
    *,
    regularizer: Regularizer | None = None,
    collections: VariableCollections | None = None,
    listed_as: str | None = None,
    **settings: Any,
) -> tf.Variable:
    """Returns the model variable `name` of a layer.

    Args:
      old_name: the name in the regularization loss, "<layer>/kernel/Regularizer/...".
      collections: the variables_collections of the layer; a dict is read at `listed_as`.
    """
    if regularizer is not None and HOST.get() is None:
        regularizer = OnePenalty(regularizer, f"{scope.original_name_scope}{old_name}/Regularizer")
    variable = model_variable(name, regularizer=regularizer, **settings)
    add_to_collections(variable, collections, listed_as or name)
    return variable


def layer_biases(
    scope: tf.compat.v1.VariableScope,
    size: int,
    normalizer_fn: Normalizer | None,
    initializer: Initializer | None,
    regularizer: Regularizer | None,
    old_name: str = "bias",
    **settings: Any,
) -> tf.Variable | None:
    """Returns the variable "biases" of a layer, or None if it has a normalizer or no initializer for them."""
    if normalizer_fn or initializer is None:
        return None
    settings |= {"shape": [size], "initializer": initializer, "regularizer": regularizer}
    return layer_variable(scope, "biases", old_name, **settings)


def check_data_format(data_format: str | None, allowed: Collection[str | None]) -> None:
    """Raises ValueError if `data_format` is none of `allowed`."""
    if data_format not in allowed:
        names = " or ".join(str(name) for name in allowed)
        raise ValueError(f"data_format has to be either {names}, not {data_format!r}")


def check_padding(padding: str) -> str:
    """Returns "SAME" or "VALID" from any spelling of it."""
    if not isinstance(padding, str) or padding.upper() not in ("SAME", "VALID"):
        raise ValueError(f"padding has to be 'SAME' or 'VALID', not {padding!r}")
    return padding.upper()


def channels_first(data_format: str | None) -> bool:
    """Returns whether the channels stand before the spatial dimensions."""
    return data_format is not None and data_format.startswith("NC")


def full_data_format(data_format: str | None, dims: int) -> str:
    """Returns the data format of `dims` spatial dimensions with the channels where `data_format` has them."""
    return (CHANNELS_FIRST if channels_first(data_format) else CHANNELS_LAST)[dims]


def sizes(name: str, n: int, value: Size) -> tuple[int, ...]:
    """Returns `value` (an int, a list or a TensorShape) as `n` ints; `name` is for the error."""
    try:
        return n_positive_integers(n, value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def check_rank(op_name: str, inputs: tf.Tensor, rank: int) -> None:
    """Raises ValueError if `inputs` is not of rank `rank`."""
    if inputs.shape.rank != rank:
        raise ValueError(
            f"{op_name} takes inputs of rank {rank}, got rank {inputs.shape.rank}: shape {inputs.shape}; "
            f"{rank_advice(inputs, rank)}"
        )


def rank_advice(inputs: tf.Tensor, rank: int) -> str:
    """Returns what to do with inputs that should have rank `rank`."""
    if inputs.shape.rank is None:
        return "call set_shape on the inputs first"
    if inputs.shape.rank == rank - 1:
        return "for a single sample add the batch dimension, inputs[tf.newaxis]"
    return "tf.reshape or tf.expand_dims gives another rank"


def known_channels(op_name: str, inputs: tf.Tensor, data_format: str | None) -> int:
    """Returns the number of channels of `inputs`, which must be known."""
    channels = inputs.shape.as_list()[1 if channels_first(data_format) else -1]
    if channels is None:
        raise ValueError(
            f"{op_name}: the inputs have an undefined `C` dimension; it must be known but is None: "
            f"shape {inputs.shape}, channels "
            f"{'second' if channels_first(data_format) else 'last'}; call set_shape on the inputs first"
        )
    return channels


def named(
    name: str,
    core: Callable[..., tf.Tensor],
    fixed: dict[str, Any],
    defaults: dict[str, Any] | None = None,
    doc: str | None = None,
) -> Any:
    """Returns `core` as an op of its own for arg_scope; signatures.py tells type checkers how it is called.

    Args:
      fixed: {parameter: value} that the op does not take.
      defaults: {parameter: default} that differ from those of `core`.
      doc: its docstring; None: that of `core`.
    """
    defaults = defaults or {}
    signature = inspect.signature(core)
    taken = [
        p.replace(default=defaults.get(p.name, p.default))
        for p in signature.parameters.values()
        if p.name not in fixed
    ]
    signature = signature.replace(parameters=taken)

    def op(*args: Any, **kwargs: Any) -> tf.Tensor:
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            raise TypeError(f"{name}() {error}. It takes {', '.join(signature.parameters)}") from None
        return core(**defaults | given, **fixed)

    vars(op)["__signature__"] = signature
    vars(op)[LAYER] = is_layer(core)
    op.__name__ = op.__qualname__ = name
    op.__module__, op.__doc__ = core.__module__, doc or core.__doc__
    return add_arg_scope(op)


def finish(
    outputs: tf.Tensor,
    normalizer_fn: Normalizer | None = None,
    normalizer_params: Mapping[str, Any] | None = None,
    activation_fn: Activation | None = None,
) -> tf.Tensor:
    """Returns `outputs` normalised and activated."""
    if normalizer_fn is not None:
        outputs = normalizer_fn(outputs, **(normalizer_params or {}))
    return outputs if activation_fn is None else activation_fn(outputs)
