"""What a Model is made from: checked and resolved; what it is made of: discovered."""

import inspect
import numbers
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import tensorflow as tf

from slimzoo import slim
from slimzoo.errors import SlimzooError, listing
from slimzoo.registry import Network, get_network
from slimzoo.tracing.discovery import Discovery, discover

DATA_FORMATS = ("NHWC", "NCHW")
OF_KERAS = {  # arguments of keras.applications: what does here what they do there
    "include_top": "num_classes=0 leaves the last layer out; feature_model(end_point) gives a map, and "
    "features_only=True in slimzoo.load() the map at each reduction",
    "pooling": "num_classes=0 pools as the network does; a feature_model(end_point) goes into "
    "keras.layers.GlobalAveragePooling2D()",
    "classes": "num_classes=N",
    "classifier_activation": "logits come out; keras.layers.Softmax() or decode_predictions() takes them",
    "input_tensor": "call the model on it, model(input_tensor)",
    "weights": "slimzoo.load(name, pretrained=True), or weights=FILE there",
}


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

    def run(self, images: tf.Tensor, is_training: bool) -> Any:
        """Calls the function with what it takes under its own arg_scope, in whatever thread or scope."""
        if self.data_format == "NCHW":
            images = tf.transpose(images, (0, 3, 1, 2))
        given = _passed_on(self.function, self.num_classes, is_training)
        with slim.arg_scope(self.scope):
            return self.function(images, **given, **self.arguments)


def resolve(
    network_fn: str | Callable,
    num_classes: int | None = None,
    input_shape: Iterable[int | None] | None = None,
    arg_scope: dict | Callable | None = None,
    data_format: str = "NHWC",
    arguments: Mapping[str, Any] = MappingProxyType({}),
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
    problems += _unknown_arguments(
        function, arguments, num_classes if network is None else None, network is not None
    )
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
        arguments=dict(arguments),
    )


def discover_parts(parts: Parts, keep_graph: bool | None = None) -> Discovery:
    """Returns what the network function is made of; its graph is kept to be run if it is a registered one's.

    Args:
      keep_graph: False: the graph is not needed.
    """
    kept = parts.network is not None if keep_graph is None else keep_graph
    return discover(parts.run, parts.input_shape, tf.float32, parts.modes, keep_graph=kept)


def network_shapes(
    network_name: str,
    num_classes: int | None = None,
    arguments: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, tuple[int, ...]]:
    """Returns {variable name: shape} of a registered network, without making a variable."""
    found = discover_parts(resolve(network_name, num_classes, arguments=arguments), keep_graph=False)
    return {spec.name: spec.shape for spec in found.variables.values()}


def _is_count(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and int(value) >= 0


def _image_shape(
    given: Iterable[int | None] | None, network: Network | None
) -> tuple[tuple[int | None, ...], list[str]]:
    """Returns the shape, and what is wrong with it."""
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


def _unknown_arguments(
    function: Callable, arguments: Mapping[str, Any], num_classes: int | None, ours: bool
) -> list[str]:
    takes = inspect.signature(function).parameters
    if any(p.kind is p.VAR_KEYWORD for p in takes.values()):
        return keras_arguments(function, arguments) if ours else []
    name, allowed = getattr(function, "__name__", "the network function"), ", ".join(takes)
    reserved = (next(iter(takes), "images"), "is_training", "num_classes")
    unknown = [a for a in arguments if (a not in takes and a not in OF_KERAS) or a in reserved]
    if num_classes is not None and "num_classes" not in takes:
        unknown.append("num_classes")
    said = [f"{name} does not take {argument!r}; it takes {allowed}" for argument in unknown]
    return said + keras_arguments(function, arguments)


def keras_arguments(function: Callable, arguments: Iterable[str]) -> list[str]:
    """Returns what to say of `arguments` that keras.applications takes and `function` does not."""
    takes = inspect.signature(function).parameters
    theirs = [name for name in arguments if name in OF_KERAS and name not in takes]
    return [f"{name} is an argument of keras.applications; here: {OF_KERAS[name]}" for name in theirs]


def _entered_scope(arg_scope: dict | Callable | None, network: Network | None, data_format: str) -> dict:
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


# To and from a Keras config.
