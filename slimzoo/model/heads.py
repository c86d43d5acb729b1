"""Another last layer for a live Model: the body keeps its values, the head is new."""

from collections.abc import Iterable
from typing import Any

from slimzoo.names import Scopes, scopes_without, top_scopes
from slimzoo.tracing.discovery import Discovery
from slimzoo.tracing.layers import layer_scope
from slimzoo.tracing.parts import Parts, discover_parts, resolve


def with_new_head(model: Any, num_classes: int, labels: Iterable[str] | None) -> Any:
    """Returns a Model of `num_classes` with the body of `model`: see Model.new_head()."""
    old: Parts = model.parts
    parts, found = _discovered(old, num_classes)
    head = _head(model, parts, found)
    current = model.variables_by_name
    kept = {name: current[name].value for name in found.variables if name in current and name not in head}
    made = type(model)(
        parts.network.name if parts.network else parts.function,
        num_classes,
        parts.input_shape,
        parts.arg_scope,
        labels=labels,
        preprocessing=model.preprocessing,
        data_format=parts.data_format,
        seed=model.seed,
        initial_values=kept,
        discovery=found,
        dtype=model.dtype_policy,
        name=model.name,
        **parts.arguments,
    )
    names = made.variables_by_name
    frozen = model.frozen if model.trainable else top_scopes(names)
    made.set_frozen(scopes_without(frozen, head, names))
    made.take_after(model, kept)
    return made


def _discovered(old: Parts, num_classes: int) -> tuple[Parts, Discovery]:
    """Returns the parts of a Model like the `old` one but for its classes, and what it is made of.

    Raises: SlimzooError: its function takes no number of classes, or not this one.
    """
    parts = parts_with(old, num_classes)
    return parts, discover_parts(parts)


def parts_with(old: Parts, num_classes: int) -> Parts:
    """Returns the `old` parts but for the number of classes.

    Raises: SlimzooError: its function takes no number of classes, or not this one.
    """
    scope = old.arg_scope
    if scope is None and old.network is None and old.scope:
        scope = old.scope  # that was in force when the Model was made
    network = old.network.name if old.network else old.function
    return resolve(network, num_classes, old.input_shape, scope, old.data_format, old.arguments)


def _head(model: Any, parts: Parts, found: Discovery) -> set[str]:
    """Returns the variables that are of the head: as the network's row says, or whose shape heeds classes."""
    if parts.network:
        return set(Scopes(parts.network.heads).of([*found.variables, *model.variables_by_name]))
    shapes = {name: spec.shape for name, spec in found.variables.items()}
    before = model.variable_shapes()
    if parts.num_classes == model.num_classes:
        before = {n: s.shape for n, s in _discovered(parts, model.num_classes + 1)[1].variables.items()}
    changed = {layer_scope(name) for name in {*shapes, *before} if shapes.get(name) != before.get(name)}
    return {name for name in {*shapes, *before} if layer_scope(name) in changed}
