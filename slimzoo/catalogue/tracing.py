"""What a network is made of, found out by tracing it: half a second, or several for the largest."""

import functools
import math
from typing import Any

from slimzoo import facts
from slimzoo.names import in_scopes
from slimzoo.registry import get_network
from slimzoo.tracing.layers import layer_rows, layer_scope
from slimzoo.tracing.parts import discover_parts, network_shapes, resolve

ROW = (  # of registry.Row, as slimzoo.facts keeps it
    *("image_size", "channels", "num_classes", "heads", "transfer_heads", "preprocessing", "auxiliary"),
    *("recipe", "task", "scope", "grid"),
)


@functools.cache
def traced(name: str) -> dict[str, Any]:
    """Returns what slimzoo.facts.parts() returns but for what depends() finds, of any network."""
    found = discover_parts(resolve(name), keep_graph=False)
    shapes = {spec.name: spec.shape for spec in found.variables.values()}
    layers = {}
    for row in layer_rows(found, dict.fromkeys(shapes, ""), ()):
        inside = {n: list(shape) for n, shape in shapes.items() if layer_scope(n) == row.scope}
        output = row.output_shape and list(row.output_shape[1:])
        layers[row.scope] = [output, row.multiply_adds, {_below(row.scope, n): s for n, s in inside.items()}]
    return {
        "layers": layers,
        "end_points": {key: list(shape) for key, shape in found.mode(False).end_points.items()},
    }


def depends(name: str) -> dict[str, list[str]]:
    """Returns the scopes of layers that are not there, or of another shape, for another number of classes."""
    published, known = facts.variables(parts := traced(name)), get_network(name).num_classes
    kept, more = network_shapes(name, 0), network_shapes(name, known + 1)
    gone, grown = (
        {layer_scope(variable) for variable in published if other.get(variable) != published[variable]}
        for other in (kept, more)
    )
    return {
        "headless": [scope for scope in parts["layers"] if scope in gone],
        "of_classes": [scope for scope in parts["layers"] if scope in grown],
    }


def counted(name: str) -> dict[str, Any]:
    """Returns the row of slimzoo.facts.rows() of any registered network."""
    network, parts = get_network(name), traced(name)
    shapes, aside = facts.variables(parts), network.auxiliary or ()
    written = {field: getattr(network, field) for field in ROW}
    return {
        **{field: list(value) if isinstance(value, tuple) else value for field, value in written.items()},
        "parameters": sum(math.prod(shape) for name, shape in shapes.items() if not in_scopes(name, aside)),
        "multiply_adds": sum(work or 0 for _, work, _ in parts["layers"].values()),
    }


def _below(scope: str, variable: str) -> str:
    """Returns the name of `variable` in its `scope`; "" where it has no scope but its own."""
    return variable.removeprefix(scope).removeprefix("/")
