"""What Keras calls the variables of its layers, in the order in which it stores them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from slimzoo.errors import shown

_MAX_NAME = 1_000  # characters of a name; paths hold those of every layer around ...
_MAX_PATH = 2_000  # ... and are no longer than this; there may be as many as the configuration has layers
_MAX_DEPTH = 10  # of models in models
KERNEL_AND_BIAS = ("kernel", "bias")
VARIABLES = {  # class of the layer, as paths in a file spell it: its variables
    "batch_normalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "separable_conv2d": ("depthwise_kernel", "pointwise_kernel", "bias"),
    "depthwise_conv2d": ("depthwise_kernel", "bias"),
    "conv2d": KERNEL_AND_BIAS,
    "dense": KERNEL_AND_BIAS,
    "conv1d": KERNEL_AND_BIAS,
    "conv3d": KERNEL_AND_BIAS,
    "conv2d_transpose": KERNEL_AND_BIAS,
    "layer_normalization": ("gamma", "beta"),
    "embedding": ("embeddings",),
    "normalization": ("mean", "variance", "count"),
}
_BY_COUNT = {  # fewer than all: a batch norm without scale; Keras's Inception networks have no other
    ("batch_normalization", 3): ("beta", "moving_mean", "moving_variance"),
    ("batch_normalization", 2): ("moving_mean", "moving_variance"),
}
_CHANGES_NOTHING = re.compile(r"InputLayer|ZeroPadding2D|.*Dropout.*|Gaussian.*|Random.*|Identity")  # in use
_TELLING = ("scale", "offset", "mean", "variance", "function", "height", "width", "activation")  # settings
_OF_LOGITS = re.compile(r"Softmax|Reshape|Flatten|(Global)?AveragePooling2D|ActivityRegularization")
WITHOUT_WEIGHTS = {  # class, as paths in a file spell it: where without_weights() tells of it, and how
    "rescaling": ("keras_layers", "Rescaling"),
    "global_max_pooling2d": ("keras_head", "GlobalMaxPooling2D"),
}
Layer = tuple[str, Mapping[str, Any]]  # class and settings
_OLD = {
    "W": "kernel",
    "b": "bias",
    "running_mean": "moving_mean",
    "running_std": "moving_variance",
}  # Keras 1
_KNOWN = "|".join({*_OLD, *(name for names in VARIABLES.values() for name in names)})


def variables(layer_class: str, count: int) -> tuple[str, ...] | None:
    """Returns the names of the `count` variables of a layer, or None where its class is not known."""
    names = _BY_COUNT.get((layer_class, count)) or VARIABLES.get(layer_class, ())[:count]
    return names if len(names) == count else None


def variable(layer: str, weight: str, layer_class: str = "") -> str:
    """Returns the plain name of the variable that an `.h5` file calls `weight`.

    "block1_conv1_W_1:0" of the layer block1_conv1 is a kernel, and so is "conv1/kernel:0" of any; that of a
    DepthwiseConv2D is a depthwise kernel, as all Keras but 3 calls it.
    """
    name = weight.rpartition("/")[2].partition(":")[0].removeprefix(f"{layer}_")
    if known := re.fullmatch(rf"({_KNOWN})(_\d+)?", name):
        name = _OLD.get(known[1], known[1])
    return "depthwise_kernel" if (layer_class, name) == ("depthwise_conv2d", "kernel") else name


def snake_case(class_name: str) -> str:
    """Returns the class of a layer as paths in a file spell it: "DepthwiseConv2D" is depthwise_conv2d."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=.)(?=[A-Z][a-z])", "_", class_name).lower()


def numbered(classes: Iterable[str]) -> Iterator[str]:
    """Yields what Keras calls layers of these classes in a container: conv2d, conv2d_1, dense, conv2d_2."""
    used: dict[str, int] = {}
    for name in classes:
        used[name] = used.get(name, -1) + 1
        yield f"{name}_{used[name]}" if used[name] else name


def layers_of(config: Any, path: str = "") -> Iterator[tuple[str, str, str]]:
    """Yields path, name and class of every layer in a model's configuration, which is read as plain data.

    Raises: ValueError, TypeError, KeyError: it is no such configuration, or has models in models without end.
    """
    if len(path) > _MAX_PATH or path.count("/") > _MAX_DEPTH * 2:
        raise ValueError(f"models in models, {path.count('/') // 2} deep: {shown(path)}")
    rows = _rows(config)
    classes = [snake_case(_name(row["class_name"])) for row in rows]
    for row, layer_class, place in zip(rows, classes, numbered(classes), strict=True):
        where = f"{path}layers/{place}"
        yield where, _name(row["config"]["name"]), layer_class
        yield from layers_of(row, f"{where}/")


def _name(value: Any) -> str:
    """Returns the name of a layer or of its class. Raises ValueError: it is none, or too long for one."""
    name = str(value) if isinstance(value, str | int) else ""
    if not name or len(name) > _MAX_NAME:
        raise ValueError(f"{shown(value)} is no name of a layer of up to {_MAX_NAME} characters")
    return name


def _rows(config: Any) -> Sequence[Any]:
    """Returns the layers that a model's configuration lists."""
    inner = config.get("config", {})
    if isinstance(inner, Mapping):
        return inner.get("layers", ())
    return inner if isinstance(inner, list) else ()  # a Sequential of Keras 1


def by_class(classes: Iterable[str]) -> dict[str, str]:
    """Returns what without_weights() does, as far as the classes of layers show it, as paths spell them."""
    found: dict[str, list[str]] = {}
    for key, text in (WITHOUT_WEIGHTS[name] for name in classes if name in WITHOUT_WEIGHTS):
        found.setdefault(key, []).append(text)
    return said(found)


def guessed(shapes: Sequence[tuple[int, ...]]) -> tuple[str, ...] | None:
    """Returns the names of the variables of a layer of unknown class, by their `shapes`, or None."""
    ranks = [len(shape) for shape in shapes]
    channels = {shape[-1] for shape in shapes if shape}
    if len(channels) == 1 and ranks in ([2, 1], [4, 1]):
        return KERNEL_AND_BIAS
    if len(channels) == 1 and ranks == [1, 1, 1, 1]:
        return VARIABLES["batch_normalization"]
    return KERNEL_AND_BIAS[:1] if ranks in ([2], [4]) else None


def without_weights(config: Any) -> dict[str, str]:
    """Returns the metadata that say what a model computes, by its configuration, beside its weights' layers.

    "keras_layers" are before the first convolution, and change pixels; "keras_head" changes what the last
    layer gets, or makes.
    Raises: ValueError, TypeError, KeyError: it is no such configuration, or has models in models without end.
    """
    rows = list(_innermost(config, 0))
    first = next((i for i, (name, _) in enumerate(rows) if "Conv" in name), 0)
    front = [row for row in rows[:first] if not _CHANGES_NOTHING.fullmatch(row[0])]
    return said({"keras_layers": map(_told, front), "keras_head": map(_told, _of_head(rows))})


def said(layers: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Returns the metadata that name `layers`."""
    joined = {key: "; ".join(dict.fromkeys(texts)) for key, texts in layers.items()}
    return {key: text for key, text in joined.items() if text}


def _of_head(rows: Sequence[Layer]) -> list[Layer]:
    """Returns what is computed between the last pooling and the last layer, by its activation, and after."""
    kernels = [i for i, (name, _) in enumerate(rows) if "Conv" in name or name == "Dense"]
    pools = [i for i, (name, _) in enumerate(rows) if name.startswith("Global")]
    last = max(kernels, default=len(rows))
    start = max([i for i in pools if i < last], default=last)
    inside = [] if any(start < i < last for i in kernels) else rows[start:last]
    ends = [("Dense", {"activation": row[1].get("activation")}) for row in rows[last : last + 1]]
    return [row for row in (*inside, *ends, *rows[last + 1 :]) if not _is_of_logits(*row)]


def _is_of_logits(name: str, settings: Mapping[str, Any]) -> bool:
    """Whether logits that are what the last layer makes of averages are the same with this layer."""
    function = settings.get("activation")
    plain = name in ("Dense", "Activation") and function in (None, "linear", "softmax")
    return plain or bool(_CHANGES_NOTHING.fullmatch(name) or _OF_LOGITS.fullmatch(name))


def _innermost(config: Any, depth: int) -> Iterator[Layer]:
    """Yields class and settings of every layer that is not made of others."""
    if depth > _MAX_DEPTH:
        raise ValueError(f"models in models, {depth} deep")
    for row in _rows(config):
        if _rows(row):
            yield from _innermost(row, depth + 1)
        else:
            yield _name(row["class_name"]), row["config"]


def _told(layer: Layer) -> str:
    name, settings = layer
    told = [f"{key} {str(settings[key])[:40]}" for key in _TELLING if settings.get(key) is not None]
    return f"{name} ({', '.join(told)})" if told else name
