"""What PyTorch pickles: the names in it that are known, and tensors described but not read.

PyTorch is not needed, and its own reader would have to be trusted with the file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Set
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from slimzoo.converters.averages import is_average, plain_names
from slimzoo.converters.formats.pickles import Pairs, Refused, key_text, leaves
from slimzoo.converters.leftovers import AVERAGE
from slimzoo.errors import shown

_MAX_RANK = 32
_MAX_REPEATED = 1 << 20  # elements of a tensor that repeats the values of a smaller storage
_KINDS = {  # torch's name of a storage: of the type, as in torch.float32
    "Double": "float64",
    "Float": "float32",
    "Half": "float16",
    "BFloat16": "bfloat16",
    "Long": "int64",
    "Int": "int32",
    "Short": "int16",
    "Char": "int8",
    "Byte": "uint8",
    "Bool": "bool",
    "ComplexFloat": "complex64",
    "ComplexDouble": "complex128",
}
_MORE_TYPES = ("uint16", "uint32", "uint64")  # have no storage of their own


@dataclass(frozen=True, eq=False)
class Kind:
    """A type of values; `name` is NumPy's, or bfloat16."""

    name: str

    @property
    def stored(self) -> np.dtype:
        """How the values stand in the file."""
        return np.dtype("uint16" if self.name == "bfloat16" else self.name).newbyteorder("<")


_BYTES = Kind("uint8")


@dataclass(frozen=True, eq=False)
class Storage:
    """A row of values that tensors share.

    Attributes:
      size: in elements.
      offset: of its first element in the storage `key`, where it is a part of that one.
    """

    key: str
    kind: Kind
    size: int
    offset: int = 0


@dataclass(frozen=True, eq=False)
class Described:
    """A tensor: a view of a storage. offset and strides are in elements of `kind`."""

    storage: Storage
    kind: Kind
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def set_state(self, state: object) -> None:
        """Attributes that someone hung on a tensor say nothing of its values."""

    @property
    def extent(self) -> int:
        """From its first element to behind its last, in elements."""
        if 0 in self.shape:
            return 0
        return 1 + sum((size - 1) * stride for size, stride in zip(self.shape, self.strides, strict=True))

    @property
    def contiguous(self) -> bool:
        """Whether its values stand one after another, in C order."""
        steps = [math.prod(self.shape[axis + 1 :]) for axis in range(len(self.shape))]
        pairs = zip(self.shape, self.strides, steps, strict=True)
        return 0 in self.shape or all(size == 1 or stride == step for size, stride, step in pairs)


def _dictionary(arguments: tuple) -> Pairs:
    if not arguments:
        return Pairs()
    (items,) = arguments  # Python 2 gives [[key, value], ...]
    return Pairs([(key, value) for key, value in items])


def _tensor(arguments: tuple) -> Described | Refused:
    storage, offset, shape, strides = arguments[:4]
    if isinstance(storage, Refused):
        return storage
    return _described(storage, storage.kind, offset, shape, strides)


def _tensor_of_type(arguments: tuple) -> Described:
    storage, offset, shape, strides, _, _, kind = arguments[:7]
    if storage.kind is not _BYTES or not isinstance(kind, Kind):
        raise ValueError("a tensor of a type that is none")
    return _described(storage, kind, offset, shape, strides)


def _described(storage: Storage, kind: Kind, offset: int, shape: tuple, strides: tuple) -> Described:
    if not isinstance(storage, Storage):
        raise ValueError("a tensor without a storage")
    numbers = (offset, *shape, *strides)
    if len(shape) != len(strides) or len(shape) > _MAX_RANK or not all(map(_is_size, numbers)):
        raise ValueError(f"a tensor of shape {shown(shape)}, strides {shown(strides)} at {shown(offset)}")
    found = Described(storage, kind, offset, tuple(shape), tuple(strides))
    room = storage.size * storage.kind.stored.itemsize
    if (offset + found.extent) * kind.stored.itemsize > room:
        raise ValueError(f"a tensor of shape {shape} at {offset} in a storage of {room} bytes")
    elements = math.prod(shape)
    if elements > max(room // kind.stored.itemsize, _MAX_REPEATED):
        raise ValueError(f"a tensor of shape {shape} repeats the values of {room} bytes")
    return found


def _is_size(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 48


def _first(arguments: tuple) -> object:
    return arguments[0]


def _text(arguments: tuple) -> str:
    return ":".join(map(shown, arguments))[:64]


def storage(identity: object) -> Storage | Refused:
    """Returns what a persistent id stands for: a storage, or a class of a model that was saved whole.

    Raises: ValueError: it is neither.
    """
    if isinstance(identity, tuple) and identity[:1] == ("module",) and isinstance(identity[1], Refused):
        return identity[1]
    if not isinstance(identity, tuple) or len(identity) < 5 or identity[0] != "storage":
        raise ValueError("its pickle refers to something that is no storage (a whole model was saved?)")
    _, kind, key, _, size, *view = identity
    if isinstance(kind, Refused):  # of quantized values
        return kind
    if not (isinstance(kind, _StorageType) and isinstance(key, str) and _is_size(size)):
        raise ValueError("a storage is not described as PyTorch does it")
    if view and view[0] is not None:
        _, offset, part = view[0]
        if not (_is_size(offset) and _is_size(part) and offset + part <= size):
            raise ValueError("a part of a storage lies outside it")
        return Storage(key, kind.kind, part, offset)
    return Storage(key, kind.kind, size)


@dataclass(frozen=True, eq=False)
class _StorageType:
    kind: Kind


_TYPES = {name: Kind(name) for name in (*_KINDS.values(), *_MORE_TYPES)} | {"uint8": _BYTES}
KNOWN: dict[str, object] = {
    "collections.OrderedDict": _dictionary,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_of_type,
    "torch._utils._rebuild_parameter": _first,
    "torch._utils._rebuild_parameter_with_state": _first,
    "torch.Size": _first,
    "torch.device": _text,
    "torch.storage.UntypedStorage": _StorageType(_BYTES),
    **{f"torch.{name}": kind for name, kind in _TYPES.items()},
    **{
        f"{module}.{name}Storage": _StorageType(_TYPES[kind])
        for module in ("torch", "torch.cuda")
        for name, kind in _KINDS.items()
    },
}


@dataclass(eq=False)
class StateDict:
    """The tensors of a file by name, and what was passed over."""

    tensors: dict[str, Described] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)  # names of what is no tensor
    wrapper: str = ""  # the key it was found under
    others: list[str] = field(default_factory=list)  # keys beside that one
    averages: list[str] = field(default_factory=list)  # of these, the ones of its moving averages


_WRAPPERS = (  # the likeliest first
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "network",
    "net",
    "module",
    "params",
    "weights",
)
_TRAINING = re.compile(
    r"(?i).*(optim|sched|scaler|criterion|rng|hyper|callback).*|args?|config|cfg|loss|loops"
)
_MAX_DEPTH = 4
_MAX_OTHERS = 10_000  # keys beside those
_MAX_AVERAGES = 4  # keys that may be of them, and are looked into


def state_dict(root: object) -> StateDict:
    """Finds the state dict in what was saved, and unwraps it; moving averages get slim's name for them.

    Raises: ValueError: there is none.
    """
    found = StateDict()
    if isinstance(root, list | tuple):  # as [model.state_dict(), epoch]
        root = Pairs([(str(place), value) for place, value in enumerate(root)])
    path: list[str] = []
    averages: dict[str, object] = {}
    holders = _holders(root)
    for _ in range(_MAX_DEPTH):
        inner = None if _is_state_dict(root, holders) else _wrapped(root, holders)
        if inner is None:
            break
        beside = {".".join([*path, key]): value for key, value in _beside(root, inner[0])}
        found.others += beside
        averages |= {key: value for key, value in beside.items() if is_average(key.rpartition(".")[2])}
        path.append(inner[0])
        root = inner[1]
    found.wrapper = ".".join(path)
    for name, value in leaves(root, ".", _inside).items():
        if isinstance(value, Described):
            found.tensors[name] = value
        else:
            found.skipped.append(name)
    if not found.tensors:
        raise ValueError("it holds no tensors by name, that is, no state dict")
    for key, value in islice(averages.items(), _MAX_AVERAGES):
        _add_averages(found, key, value)
    return found


def _beside(root: object, taken: str) -> list[tuple[str, object]]:
    """Returns what `root` holds beside the key `taken`. Raises ValueError: it is absurdly much."""
    if len(_items(root)) > _MAX_OTHERS:
        raise ValueError(f"it holds more than {_MAX_OTHERS:,} values beside its tensors")
    return [(key_text(key), value) for key, value in _items(root) if key != taken]


def _add_averages(found: StateDict, key: str, value: object) -> None:
    """Adds what is called `key` to `found`, if it holds moving averages of its tensors and none is there."""
    inside = {name: v for name, v in leaves(value, ".", _inside).items() if isinstance(v, Described)}
    there = {f"{key}.{name}": tensor for name, tensor in inside.items()}
    shapes = {name: tensor.shape for name, tensor in {**found.tensors, **there}.items()}
    plain = plain_names(shapes)
    if plain and not found.averages:
        found.averages.append(key)
        found.others.remove(key)
        found.tensors |= {f"{plain[name]}/{AVERAGE}": there[name] for name in plain}


def _items(value: object) -> list[tuple[object, object]]:
    return value.items if isinstance(value, Pairs) else []


def _inside(value: object) -> list[tuple[object, object]] | None:
    return value.items if isinstance(value, Pairs) else None


def _is_state_dict(root: object, holders: Set[int]) -> bool:
    """Whether `root` itself holds the weights, and not only a best_acc1 or rng beside them."""
    beside = any(id(value) in holders for _, value in _items(root))
    return _has_kernels(root) or (id(root) in holders and not beside)


def _has_kernels(value: object) -> bool:
    return any(isinstance(inner, Described) and len(inner.shape) > 1 for _, inner in _items(value))


def _holders(root: object) -> set[int]:
    """Returns id() of each dict in `root` that holds a tensor at any depth; each is looked at once."""
    around: dict[int, list[int]] = {}  # {a dict: those that it stands in}
    holding: list[int] = []
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        outer = waiting.pop()
        if id(outer) in seen:
            continue
        seen.add(id(outer))
        for _, value in _items(outer):
            if isinstance(value, Described):
                holding.append(id(outer))
            elif isinstance(value, Pairs):
                around.setdefault(id(value), []).append(id(outer))
                waiting.append(value)
    found: set[int] = set()
    while holding:
        inner = holding.pop()
        if inner not in found:
            found.add(inner)
            holding += around.get(inner, ())
    return found


def _wrapped(root: object, holders: Set[int]) -> tuple[str, object] | None:
    """Returns the key and the value of what in `root` looks most like a state dict."""
    inside = {key: value for key, value in _items(root) if isinstance(key, str) and id(value) in holders}
    for names in (_WRAPPERS, [name for name in inside if not _TRAINING.fullmatch(name)]):
        there = [name for name in names if name in inside]
        plain = [name for name in there if not is_average(name)] or there
        if plain and (names is _WRAPPERS or len(plain) == 1):
            return plain[0], inside[plain[0]]
    return None
