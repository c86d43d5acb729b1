"""`class` as it was: `__metaclass__`, and methods that are called something else today."""

import builtins
from collections.abc import Callable
from typing import Any

_METHODS = {  # then: now
    "__nonzero__": "__bool__",
    "__div__": "__truediv__",
    "__rdiv__": "__rtruediv__",
    "__idiv__": "__itruediv__",
    "__long__": "__int__",
    "__unicode__": "__str__",
    "next": "__next__",
}
_ORDER: dict[str, Callable[[int], bool]] = {
    "__lt__": lambda found: found < 0,
    "__le__": lambda found: found <= 0,
    "__gt__": lambda found: found > 0,
    "__ge__": lambda found: found >= 0,
    "__eq__": lambda found: found == 0,
    "__ne__": lambda found: found != 0,
}


def build(function: Callable[..., Any], name: str, *bases: Any, **keywords: Any) -> Any:
    """Does what `class` does, and gives the class what Python 2 would have called under another name."""
    made = builtins.__build_class__(function, name, *bases, **keywords)
    made = _with_metaclass(made)
    if not isinstance(made, type):
        return made
    own = vars(made)
    for then, now in _METHODS.items():
        if then in own and now not in own:
            setattr(made, now, own[then])
    if "__cmp__" in own:
        _add_order(made)
    elif "__eq__" in own:
        _add_equality(made)
    if "__getslice__" in own:
        _add_slices(made)
    return made


def _with_metaclass(made: Any) -> Any:
    metaclass = vars(made).get("__metaclass__") if isinstance(made, type) else None
    if metaclass is None or (isinstance(metaclass, type) and isinstance(made, metaclass)):
        return made
    names = {key: value for key, value in vars(made).items() if key not in ("__dict__", "__weakref__")}
    for slot in names.get("__slots__", ()):
        names.pop(slot, None)
    bases = tuple(base for base in made.__bases__ if base is not object) or (object,)
    return metaclass(made.__name__, bases, names)


def _add_order(made: type) -> None:
    own = vars(made)
    keeps_hash = "__hash__" not in own or own["__hash__"] is None
    for name, says in _ORDER.items():
        if name not in own:
            setattr(made, name, _by_cmp(says))
    if keeps_hash:
        setattr(made, "__hash__", object.__hash__)  # noqa: B010


def _by_cmp(says: Callable[[int], bool]) -> Callable[[Any, Any], bool]:
    return lambda self, other: says(self.__cmp__(other))


def _add_equality(made: type) -> None:
    """An __eq__ alone left the hash, and != , as they were."""
    own = vars(made)
    if own.get("__hash__") is None:
        setattr(made, "__hash__", object.__hash__)  # noqa: B010
    if "__ne__" not in own:
        setattr(made, "__ne__", object.__ne__ if own["__eq__"] is None else _is_another)  # noqa: B010


def _is_another(self: Any, other: Any) -> bool:
    return self is not other


def _add_slices(made: Any) -> None:
    item, part = getattr(made, "__getitem__", None), made.__getslice__

    def get(self: Any, key: Any) -> Any:
        if isinstance(key, slice) and key.step is None:
            ends = (0 if key.start is None else key.start, _END if key.stop is None else key.stop)
            low, high = (end + len(self) if end < 0 else end for end in ends)
            return part(self, low, high)
        if item is None:
            raise TypeError(f"{made.__name__!r} object has no __getitem__")
        return item(self, key)

    made.__getitem__ = get


_END = 2**63 - 1  # sys.maxint
