"""A Model to and from a Keras config: its network function by the name that it is registered under."""

import inspect
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import keras

from slimzoo.errors import SlimzooError
from slimzoo.registry import row_of
from slimzoo.tracing.parts import Parts

_LIVE: dict[str, Callable] = {}  # functions of this process that nobody registered, by a token in the config


def check_labels(labels: Iterable[str] | None, num_classes: int | None) -> tuple[str, ...] | None:
    """Returns `labels` as a tuple; raises SlimzooError if their number is not that of the classes."""
    labels = None if labels is None else tuple(labels)
    if labels is not None and num_classes and len(labels) != num_classes:
        raise SlimzooError(
            f"there are {len(labels)} labels and {num_classes} classes; they must be as many. First labels: "
            f"{', '.join(labels[:3])}. (1001 ImageNet classes have 'background' before the 1000.)"
        )
    return labels


def to_config(parts: Parts) -> dict[str, Any]:
    """Returns what from_config needs to make the same Model again."""
    arg_scope = parts.arg_scope
    if arg_scope is None and parts.network is None and parts.scope:
        arg_scope = parts.scope  # the scope that was in force when the Model was made
    return {
        "network_fn": parts.network.name if parts.network else _function_config(parts.function),
        "num_classes": parts.num_classes,
        "input_shape": list(parts.input_shape),
        "arg_scope": None if arg_scope is None else _function_config(arg_scope),
        "data_format": parts.data_format,
        "network_arguments": {
            key: _function_config(value) if callable(value) else value
            for key, value in parts.arguments.items()
        },
    }


def _function_config(thing: Any) -> dict[str, str]:
    registered = keras.saving.get_registered_name(thing) if inspect.isfunction(thing) else None
    if registered and keras.saving.get_registered_object(registered) is thing:
        return {"registered": registered}
    token = next((t for t, live in _LIVE.items() if live is thing), None) or uuid.uuid4().hex
    _LIVE[token] = thing
    return {"unregistered": _describe(thing), "token": token}


def _describe(thing: Any) -> str:
    if isinstance(thing, dict):
        return "an arg_scope"
    return f"{getattr(thing, '__module__', '?')}.{getattr(thing, '__qualname__', type(thing).__name__)}"


def from_config(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None) -> dict[str, Any]:
    """Returns the arguments of Model that `config` stands for; SlimzooError on a function nobody knows."""
    config = dict(config)
    config |= {
        key: _function(value, custom_objects) for key, value in config.pop("network_arguments", {}).items()
    }
    if isinstance(config["network_fn"], str):
        row_of("this model", config["network_fn"])
    config["network_fn"] = _function(config["network_fn"], custom_objects)
    config["arg_scope"] = _function(config.get("arg_scope"), custom_objects)
    return config


def _function(value: Any, custom_objects: Mapping[str, Any] | None) -> Any:
    if not isinstance(value, dict) or not ({"registered", "unregistered"} & value.keys()):
        return value
    if "registered" in value:
        name = value["registered"]
        short = name.partition(">")[2] or name
        found = keras.saving.get_registered_object(name, custom_objects)
    else:
        name = value["unregistered"]
        short = name.rpartition(".")[2]
        found = _LIVE.get(value["token"])
    found = found or keras.saving.get_registered_object(short, custom_objects)
    if found is None:
        raise SlimzooError(
            f"this model was made from {name}, which is not known here. {_how_to_register(short)}"
        )
    return found


def check_registered(parts: Parts) -> None:
    """Raises SlimzooError if a .keras file of these parts could not be opened by another program."""
    config = to_config(parts)
    values = [config["network_fn"], config["arg_scope"], *config["network_arguments"].values()]
    problems = [v["unregistered"] for v in values if isinstance(v, dict) and "unregistered" in v]
    if problems:
        short = problems[0].rpartition(".")[2]
        raise SlimzooError(
            f"a .keras file names its functions, and nobody could find {', '.join(problems)} by name again. "
            f"{_how_to_register(short)} Weights alone can be saved without: model.save_weights(...)."
        )


def _how_to_register(name: str) -> str:
    name = name if name.isidentifier() else "my_network"
    return (
        f"Register it where it is defined, in the program that saves and in the one that loads:\n"
        f'    @keras.saving.register_keras_serializable("my_package")\n'
        f"    def {name}(images, ...):\n"
        "An arg_scope goes in as the function that returns it, registered likewise."
    )
