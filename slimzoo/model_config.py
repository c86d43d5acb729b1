"""What a Model is made from: checked, resolved, and to and from a Keras config."""

import difflib
import fnmatch
import inspect
import numbers
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from slimzoo import slim
from slimzoo.discovery import discover
from slimzoo.errors import SlimzooError, listing
from slimzoo.names import in_scopes
from slimzoo.registry import Network, get_network

DATA_FORMATS = ("NHWC", "NCHW")
_LIVE: dict[str, Callable] = {}  # functions of this process that nobody registered, by a token in the config


@dataclass(frozen=True)
class Parts:
    """The resolved arguments of a Model."""

    network: Network | None
    function: Callable
    num_classes: int | None
    input_shape: tuple[int | None, ...]
    arg_scope: dict | Callable | None  # as given
    scope: dict  # as entered
    data_format: str
    arguments: dict[str, Any]

    @property
    def default_name(self) -> str:
        """The network's name, or the function's."""
        return (
            self.network.name if self.network else getattr(self.function, "__name__", "network").strip("<>")
        )

    @property
    def modes(self) -> tuple[bool, ...]:
        """Values of is_training under which the function must run to have asked for every variable."""
        return self.network.modes if self.network else (True, False)

    def run(self, images, is_training: bool):
        """Calls the function with what it takes, under its own arg_scope, whatever thread or scope this
        is.
        """
        if self.data_format == "NCHW":
            images = tf.transpose(images, (0, 3, 1, 2))
        given = _passed_on(self.function, self.num_classes, is_training)
        with slim.arg_scope(self.scope):
            return self.function(images, **given, **self.arguments)


def resolve(
    network_fn: str | Callable,
    num_classes: int | None,
    input_shape: Iterable[int | None] | None,
    arg_scope: dict | Callable | None,
    data_format: str,
    arguments: dict[str, Any],
) -> Parts:
    """Returns the Parts; raises SlimzooError with everything that does not fit."""
    network = get_network(network_fn) if isinstance(network_fn, str) else None
    function = network.build if network else network_fn
    if not callable(function):
        raise SlimzooError(
            f"network_fn is {network_fn!r}; give a function, or a name of slimzoo.list_models()"
        )
    problems = []
    if data_format not in DATA_FORMATS:
        problems.append(f"data_format is {data_format!r}; allowed are {', '.join(DATA_FORMATS)}")
    if num_classes is not None and (isinstance(num_classes, bool) or not _is_count(num_classes)):
        problems.append(f"num_classes is {num_classes!r}; it is a number of classes, or 0 for no last layer")
    if num_classes is None and network:
        num_classes = network.num_classes
    problems += _unknown_arguments(function, arguments, num_classes if network is None else None)
    shape, shape_problems = _image_shape(input_shape, network)
    problems += shape_problems
    if len(shape) == 4 and data_format == "NCHW":
        problems.append("data_format is 'NCHW' and input_shape one of videos; they are NHWC here")
    if problems:
        raise SlimzooError(listing("a Model cannot be made so:", problems))
    return Parts(
        network=network,
        function=function,
        num_classes=None if num_classes is None else int(num_classes),
        input_shape=shape,
        arg_scope=arg_scope,
        scope=_entered_scope(arg_scope, network, data_format),
        data_format=data_format,
        arguments=arguments,
    )


def network_shapes(network_name: str, num_classes: int | None = None) -> dict[str, tuple[int, ...]]:
    """Returns {variable name: shape} of a registered network, without making a variable."""
    parts = resolve(network_name, num_classes, None, None, "NHWC", {})
    found = discover(parts.run, parts.input_shape, tf.float32, parts.modes)
    return {spec.name: spec.shape for spec in found.variables.values()}


def _is_count(value) -> bool:
    return isinstance(value, numbers.Integral) and int(value) >= 0


def _image_shape(given, network: Network | None):
    if given is None and network is not None:
        return (network.image_size, network.image_size, network.channels), []
    if given is None:
        return (), ["a function of your own needs input_shape=(height, width, channels)"]
    shape = tuple(given)
    sizes = (_is_count(s) and s > 0 for s in shape if s is not None)
    videos = len(shape) == 4 and network is None  # the registered ones take images
    if not (len(shape) == 3 or videos) or shape[-1] is None or not all(sizes):
        also = "" if network else " or (frames, height, width, channels)"
        return (), [
            f"input_shape is {shape}; it is (height, width, channels){also}, channels known, no batch"
        ]
    return tuple(None if s is None else int(s) for s in shape), []


def _passed_on(function: Callable, num_classes: int | None, is_training: bool) -> dict[str, Any]:
    takes = inspect.signature(function).parameters
    anything = any(p.kind is p.VAR_KEYWORD for p in takes.values())
    passed: dict[str, Any] = {"is_training": is_training} if anything or "is_training" in takes else {}
    if num_classes is not None and (anything or "num_classes" in takes):
        passed["num_classes"] = num_classes or None  # slim's functions leave the last layer out for None
    return passed


def _unknown_arguments(function: Callable, arguments: dict, num_classes: int | None) -> list[str]:
    takes = inspect.signature(function).parameters
    if any(p.kind is p.VAR_KEYWORD for p in takes.values()):
        return []
    name, allowed = getattr(function, "__name__", "the network function"), ", ".join(takes)
    unknown = [a for a in arguments if a not in takes or a in ("is_training", "num_classes")]
    if num_classes is not None and "num_classes" not in takes:
        unknown.append("num_classes")
    return [f"{name} does not take {argument!r}; it takes {allowed}" for argument in unknown]


def _entered_scope(arg_scope, network: Network | None, data_format: str) -> dict:
    if arg_scope is None:
        arg_scope = network.arg_scope if network else slim.current_arg_scope()
    scope = arg_scope() if callable(arg_scope) else arg_scope
    if data_format == "NHWC":
        return scope
    ops = [op for op in _scopable_ops() if "data_format" in inspect.signature(op).parameters]
    with slim.arg_scope(scope), slim.arg_scope(ops, data_format=data_format) as with_format:
        return with_format


def _scopable_ops() -> list[Callable]:
    found = (getattr(slim, name) for name in dir(slim))
    return [op for op in found if inspect.isfunction(op) and slim.has_arg_scope(op)]


def check_names(kind: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Raises SlimzooError with the nearest ones if some of `names` are not in `known`."""
    known = list(known)
    problems = [
        f"no {kind} {name!r}; nearest: "
        f"{', '.join(difflib.get_close_matches(name, known, n=3, cutoff=0.4)) or 'none is near'}"
        for name in names
        if name not in known
    ]
    if problems:
        problems.append(f"there are: {', '.join(known) or 'none'}")
        raise SlimzooError(listing(f"unknown {kind}s:", problems))


def expand_scopes(patterns: Iterable[str], variable_names: Iterable[str]) -> set[str]:
    """Returns the scopes that `patterns` (scopes, variables, shell patterns) stand for.

    Raises: SlimzooError: one holds no variable; the nearest scopes are named.
    """
    names = list(variable_names)
    scopes = sorted(
        {n.rsplit("/", depth)[0] for n in names for depth in range(n.count("/") + 1)} | set(names)
    )
    found, problems = set(), []
    for pattern in patterns:
        hits = {s for s in scopes if s == pattern.rstrip("/") or fnmatch.fnmatchcase(s, pattern)}
        if not any(in_scopes(name, hits) for name in names):
            near = [s for s in scopes if s.endswith(f"/{pattern}")]
            near = near or difflib.get_close_matches(pattern, scopes, n=3, cutoff=0.3)
            problems.append(f"{pattern!r} matches no variable; did you mean {', '.join(near) or scopes[0]}?")
        found |= hits
    if problems:
        raise SlimzooError(listing("scopes that match nothing:", problems))
    return found


def scopes_without(scopes: Iterable[str], gone: Iterable[str], variable_names: Iterable[str]) -> set[str]:
    """Returns the largest scopes that hold the variables of `scopes` and none of those of `gone`."""
    scopes, names = tuple(scopes), list(variable_names)
    kept = [name for name in names if in_scopes(name, scopes) and not in_scopes(name, gone)]
    lost = [name for name in names if name not in set(kept)]
    found = set()
    for name in kept:
        above = ("/".join(name.split("/")[:depth]) for depth in range(1, name.count("/") + 2))
        inside = (scope for scope in above if in_scopes(scope, scopes))
        found.add(next(scope for scope in inside if not any(in_scopes(other, [scope]) for other in lost)))
    return found


def check_labels(labels: Iterable[str] | None, num_classes: int | None) -> tuple[str, ...] | None:
    """Returns `labels` as a tuple; raises SlimzooError if their number is not that of the classes."""
    labels = None if labels is None else tuple(labels)
    if labels is not None and num_classes and len(labels) != num_classes:
        raise SlimzooError(
            f"there are {len(labels)} labels and {num_classes} classes; they must be as many. First labels: "
            f"{', '.join(labels[:3])}. (1001 ImageNet classes have 'background' before the 1000.)"
        )
    return labels


# To and from a Keras config.


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


def _function_config(thing) -> dict[str, str]:
    registered = keras.saving.get_registered_name(thing) if inspect.isfunction(thing) else None
    if registered and keras.saving.get_registered_object(registered) is thing:
        return {"registered": registered}
    token = next((t for t, live in _LIVE.items() if live is thing), None) or uuid.uuid4().hex
    _LIVE[token] = thing
    return {"unregistered": _describe(thing), "token": token}


def _describe(thing) -> str:
    if isinstance(thing, dict):
        return "an arg_scope"
    return f"{getattr(thing, '__module__', '?')}.{getattr(thing, '__qualname__', type(thing).__name__)}"


def from_config(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None) -> dict[str, Any]:
    """Returns the arguments of Model that `config` stands for; SlimzooError on a function nobody knows."""
    config = dict(config)
    config |= {
        key: _function(value, custom_objects) for key, value in config.pop("network_arguments", {}).items()
    }
    config["network_fn"] = _function(config["network_fn"], custom_objects)
    config["arg_scope"] = _function(config.get("arg_scope"), custom_objects)
    return config


def _function(value, custom_objects):
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
