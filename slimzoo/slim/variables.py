"""Variables by name: making them, finding them, filling them from checkpoints and arrays."""

import contextlib
import functools
import logging
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import tensorflow as tf

from slimzoo.slim import hints
from slimzoo.slim.arg_scope import add_arg_scope
from slimzoo.slim.hosting import HOST
from slimzoo.slim.reuse import explained_reuse
from slimzoo.slim.types import Collections, Getter, Regularizer, Scope, Shape, VariableCollections
from slimzoo.slim.utils import whole_sizes

KEYS = tf.compat.v1.GraphKeys
log = logging.getLogger("slimzoo")

assert_global_step = tf.compat.v1.train.assert_global_step
create_global_step = tf.compat.v1.train.create_global_step
get_global_step = tf.compat.v1.train.get_global_step
get_or_create_global_step = tf.compat.v1.train.get_or_create_global_step


def assert_or_get_global_step(
    graph: tf.Graph | None = None, global_step_tensor: tf.Variable | None = None
) -> tf.Variable | None:
    """Returns `global_step_tensor` after checking it, or that of the graph if it is None."""
    if global_step_tensor is None:
        return get_global_step(graph)
    assert_global_step(global_step_tensor)
    return global_step_tensor


def local_variable(
    initial_value: Any, validate_shape: bool = True, name: str | None = None, use_resource: bool | None = None
) -> tf.Variable:
    """Returns a new variable of the collection "local_variables", which checkpoints leave out."""
    return _untrained_variable(KEYS.LOCAL_VARIABLES, initial_value, validate_shape, name, use_resource)


def global_variable(
    initial_value: Any, validate_shape: bool = True, name: str | None = None, use_resource: bool | None = None
) -> tf.Variable:
    """Returns a new variable of the collection "variables", not trained."""
    return _untrained_variable(KEYS.GLOBAL_VARIABLES, initial_value, validate_shape, name, use_resource)


@add_arg_scope
def variable(
    name: str,
    shape: Shape | None = None,
    dtype: tf.DType | None = None,
    initializer: Any = None,
    regularizer: Regularizer | None = None,
    trainable: bool = True,
    collections: Collections | None = None,
    caching_device: Any = None,
    device: Any = None,
    partitioner: Callable[..., Any] | None = None,
    custom_getter: Getter | None = None,
    use_resource: bool | None = None,
    synchronization: tf.VariableSynchronization = tf.VariableSynchronization.AUTO,
    aggregation: tf.VariableAggregation = tf.VariableAggregation.NONE,
) -> tf.Variable:
    """Returns the variable `name` of the current variable scope, made if it is not there.

    Args:
      regularizer: tensor -> scalar or None; a new variable's penalty goes to "regularization_losses".
      collections: where a new variable is listed; None: "variables".
      device: a device string or function for the variable.
      custom_getter: called in place of tf.compat.v1.get_variable, with its arguments.

    Raises: ValueError: with reuse=True there is no such variable, or one of another shape.
    """
    getter = tf.compat.v1.get_variable
    if custom_getter is not None:
        getter = functools.partial(custom_getter, reuse=tf.compat.v1.get_variable_scope().reuse)
    if HOST.get() is None and regularizer is not None and not isinstance(regularizer, OnePenalty):
        regularizer = OnePenalty(regularizer)
    with explained_reuse(), tf.compat.v1.device(device) if device else contextlib.nullcontext():
        return getter(
            name,
            shape=whole_sizes(shape),
            dtype=dtype,
            initializer=initializer,
            regularizer=regularizer,
            trainable=trainable,
            collections=as_list(collections, (KEYS.GLOBAL_VARIABLES,)),
            caching_device=caching_device,
            partitioner=partitioner,
            use_resource=use_resource,
            synchronization=synchronization,
            aggregation=aggregation,
        )


@add_arg_scope
def model_variable(
    name: str,
    shape: Shape | None = None,
    dtype: tf.DType = tf.float32,
    initializer: Any = None,
    regularizer: Regularizer | None = None,
    trainable: bool = True,
    collections: Collections | None = None,
    caching_device: Any = None,
    device: Any = None,
    partitioner: Callable[..., Any] | None = None,
    custom_getter: Getter | None = None,
    use_resource: bool | None = None,
    synchronization: tf.VariableSynchronization = tf.VariableSynchronization.AUTO,
    aggregation: tf.VariableAggregation = tf.VariableAggregation.NONE,
) -> tf.Variable:
    """Returns a `variable` that belongs to the model: also listed in "model_variables"."""
    return variable(
        name,
        shape=shape,
        dtype=dtype,
        initializer=initializer,
        regularizer=regularizer,
        trainable=trainable,
        collections=[*as_list(collections), KEYS.GLOBAL_VARIABLES, KEYS.MODEL_VARIABLES],
        caching_device=caching_device,
        device=device,
        partitioner=partitioner,
        custom_getter=custom_getter,
        use_resource=use_resource,
        synchronization=synchronization,
        aggregation=aggregation,
    )


class OnePenalty:
    """A regularizer that makes one op for a variable, however often TensorFlow asks for it.

    Args:
      scope: the full name scope of the op; None: `<variable>/Regularizer`.
    """

    def __init__(self, regularizer: Regularizer, scope: str | None = None):
        self.regularizer, self.scope = taking_tensors(regularizer), scope
        self._known: dict[str, Any] = {}

    def __call__(self, weights: Any) -> Any:
        if not isinstance(weights, tf.Variable) or weights.graph is not tf.compat.v1.get_default_graph():
            return self.regularizer(weights)
        if weights.name not in self._known:
            with tf.compat.v1.name_scope(f"{self.scope or weights.op.name + '/Regularizer'}/"):
                self._known[weights.name] = self.regularizer(weights)
        return self._known[weights.name]


def taking_tensors(regularizer: Any) -> Any:
    """Returns `regularizer` as a function of variables: one of Keras takes tensors alone."""
    keras = sys.modules.get("keras")
    if keras is None or not isinstance(regularizer, keras.Regularizer):
        return regularizer
    return lambda weights: regularizer(tf.convert_to_tensor(weights))


def add_model_variable(var: tf.Variable) -> None:
    """Lists `var` among the model variables, once."""
    _add_once(KEYS.MODEL_VARIABLES, var)


def add_to_collections(var: Any, collections: VariableCollections | None, name: str) -> None:
    """Adds `var`, or all its parts, to `collections`: a list, or a dict with a list for `name`."""
    if isinstance(collections, dict):
        collections = collections.get(name)
    parts = [var] if isinstance(var, tf.Variable) or tf.is_tensor(var) else _parts(var)
    for collection in as_list(collections):
        for part in parts:
            _add_once(collection, part)


def get_variables(
    scope: Scope | None = None, suffix: str | None = None, collection: str = KEYS.GLOBAL_VARIABLES
) -> list[tf.Variable]:
    """Returns the variables of a collection whose name starts with `scope` and ends with `suffix`.

    Args:
      scope: a variable scope, or the regular expression of the start of the name.
      suffix: the regular expression of the end of the name.
    """
    if isinstance(scope, tf.compat.v1.VariableScope):
        scope = scope.name
    if suffix is not None:
        suffix = suffix if ":" in suffix else suffix + ":"
        scope = f"{scope or ''}.*{suffix}"
    return tf.compat.v1.get_collection(collection, scope)


def get_model_variables(scope: Scope | None = None, suffix: str | None = None) -> list[tf.Variable]:
    """Returns the model variables, filtered as by `get_variables`."""
    return get_variables(scope, suffix, KEYS.MODEL_VARIABLES)


def get_local_variables(scope: Scope | None = None, suffix: str | None = None) -> list[tf.Variable]:
    """Returns the local variables, filtered as by `get_variables`."""
    return get_variables(scope, suffix, KEYS.LOCAL_VARIABLES)


def get_trainable_variables(scope: Scope | None = None, suffix: str | None = None) -> list[tf.Variable]:
    """Returns the trainable variables, filtered as by `get_variables`."""
    return get_variables(scope, suffix, KEYS.TRAINABLE_VARIABLES)


def get_variables_by_suffix(suffix: str, scope: Scope | None = None) -> list[tf.Variable]:
    """Returns the variables whose name ends with `suffix`."""
    return get_variables(scope=scope, suffix=suffix)


def get_variables_by_name(given_name: str, scope: Scope | None = None) -> list[tf.Variable]:
    """Returns the variables whose name without scopes is `given_name`."""
    return get_variables(scope=scope, suffix=f"/{given_name}:|^{given_name}:")


def get_unique_variable(var_op_name: str) -> tf.Variable:
    """Returns the variable of this full name; ValueError if there is none."""
    candidates = get_variables(scope=var_op_name)
    if not candidates:
        raise ValueError(f"Couldn't find variable {var_op_name}; get_variables() lists all")
    for candidate in candidates:
        if candidate.op.name == var_op_name:
            return candidate
    names = ", ".join(candidate.op.name for candidate in candidates)
    raise ValueError(f"Variable {var_op_name} does not uniquely identify a variable: it may mean {names}")


def get_variable_full_name(var: tf.Variable) -> str:
    """Returns the name of `var` in a checkpoint: of the whole variable if `var` is a part of one."""
    part = part_of(var)
    return part.full_name if part else var.op.name


def get_variables_to_restore(
    include: Sequence[Scope] | None = None, exclude: Sequence[Scope] | None = None
) -> list[tf.Variable]:
    """Returns the variables whose names start with one of `include` (None: all) and with none of `exclude`.

    A scope that no variable starts with is warned of.

    Raises: TypeError: one of them is not a list or tuple of scopes.
    """
    for name, scopes in (("include", include), ("exclude", exclude)):
        if scopes is not None and not isinstance(scopes, (list, tuple)):
            raise TypeError(
                f"{name} is provided but is not a list or a tuple: {scopes!r}; write [{scopes!r}]"
            )
        _warn_of_nothing(name, scopes or ())
    included = get_variables() if include is None else [v for scope in include for v in get_variables(scope)]
    excluded = {id(v) for scope in exclude or () for v in get_variables(scope)}
    return [v for v in included if id(v) not in excluded]


def filter_variables(
    var_list: Iterable[tf.Variable],
    include_patterns: Iterable[str] | None = None,
    exclude_patterns: Iterable[str] | None = None,
    reg_search: bool = True,
) -> list[tf.Variable]:
    """Returns the variables whose names match one of `include_patterns` and none of `exclude_patterns`.

    Args:
      include_patterns: regular expressions; None includes all.
      exclude_patterns: regular expressions; None excludes none.
      reg_search: a pattern may match anywhere in the name; False: only at its start.
    """
    find = re.search if reg_search else re.match

    def matches(var: tf.Variable, patterns: Iterable[str]) -> bool:
        return any(find(pattern, var.name) for pattern in patterns)

    return [
        var
        for var in var_list
        if (include_patterns is None or matches(var, include_patterns))
        and not matches(var, exclude_patterns or ())
    ]


def as_list(collections: Collections | None, default: Iterable[str] = ()) -> list[str]:
    """Returns collection keys, of which one may stand alone, as a list without doubles."""
    if collections is None:
        return list(default)
    if isinstance(collections, str):
        return [collections]
    return list(dict.fromkeys(collections))


def part_of(var: Any) -> Any:
    """Returns where `var` lies in a partitioned variable (full_name, full_shape, var_offset, var_shape), or
    None; a variable made outside of a graph is no part of one.
    """
    if not isinstance(var, tf.Variable) or tf.executing_eagerly() or var.initializer is None:
        return None
    part = var.to_proto().save_slice_info_def
    return part if part.full_name else None


def _warn_of_nothing(argument: str, scopes: Iterable[Scope]) -> None:
    for scope in scopes:
        if not get_variables(scope):
            known = hints.scopes(var.op.name for var in get_variables())
            log.warning(
                "%s=[%r] matches no variable, so it %s; names are matched from their start. Nearest: %s",
                argument,
                getattr(scope, "name", scope),
                "adds none" if argument == "include" else "leaves none out",
                hints.nearest(getattr(scope, "name", scope), known),
            )


def _parts(var: Any) -> list[Any]:
    return list(var) if isinstance(var, Iterable) else [var]


def _add_once(collection: str, var: Any) -> None:
    if not any(var is known for known in tf.compat.v1.get_collection(collection)):
        tf.compat.v1.add_to_collection(collection, var)


def _untrained_variable(
    collection: str, initial_value: Any, validate_shape: bool, name: str | None, use_resource: bool | None
) -> tf.Variable:
    return tf.compat.v1.Variable(
        initial_value,
        trainable=False,
        collections=[collection],
        validate_shape=validate_shape,
        name=name,
        use_resource=use_resource,
    )
