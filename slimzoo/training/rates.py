"""A recipe's rates of what is left out in training, as arguments of the network function."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from slimzoo.errors import SlimzooError, listing
from slimzoo.training.recipes import Recipe

CONFIG = "config"  # of NASNet and PNASNet: an argument with settings by name
_KEPT: Mapping[str, tuple[tuple[str, ...], ...]] = {  # field: where a network has the part that is kept
    "dropout": (("dropout_keep_prob",), (CONFIG, "dense_dropout_keep_prob")),
    "drop_path": ((CONFIG, "drop_path_keep_prob"),),
}


def arguments(recipe: Recipe, build: Callable, network: str) -> dict[str, Any]:
    """Returns the network's arguments of `recipe`, those of its rates among them.

    Raises: SlimzooError: the network leaves out nothing of that kind.
    """
    found, takes, problems = dict(recipe.network_arguments), inspect.signature(build).parameters, []
    for name, places in _KEPT.items():
        if (rate := getattr(recipe, name)) is None:
            continue
        place = next((place for place in places if place[0] in takes), None)
        if place is None:
            problems.append(f"{name}={rate} cannot be: {network} has none that could be set")
        elif len(place) == 1:
            found[place[0]] = 1.0 - rate
        else:
            found[place[0]] = {**found.get(place[0], {}), place[1]: 1.0 - rate}
    if problems:
        raise SlimzooError(listing(f"{network} cannot be trained so:", problems))
    return found
