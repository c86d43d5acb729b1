"""What a translated module calls where the same words meant something else in Python 2: its `__py2__`."""

import collections.abc
import datetime
import operator
from collections.abc import Callable, Iterable
from functools import cmp_to_key
from typing import Any

import numpy as np

_VIEWS = (collections.abc.KeysView, collections.abc.ValuesView, collections.abc.ItemsView)
_WHOLE = "iub"  # kinds of numpy's dtypes
_REFUSED = "not supported between instances of"  # how Python says that two things have no order
_NEW_NAMES = {  # attributes of functions and methods
    **{f"func_{name}": f"__{name}__" for name in ("closure", "code", "defaults", "dict", "doc", "globals")},
    "func_name": "__name__",
    "im_func": "__func__",
    "im_self": "__self__",
    "next": "__next__",
    "tostring": "tobytes",
}


def divide(left: Any, right: Any) -> Any:
    """Returns left / right as Python 2 has it: of whole numbers, arrays and tensors of them, the floor."""
    if type(left) is float or type(right) is float:
        return left / right
    if _is_whole(left) and _is_whole(right):
        return _floor(left, right)
    if isinstance(left, datetime.timedelta) and isinstance(right, int):
        return left // right
    return left / right


def divisor(right: Any) -> Any:
    """Returns what `x /= right` divides by: `right`, or something that floors what is whole."""
    return _Divisor(right) if _is_whole(right) else right


class _Divisor:
    """A whole number, array or tensor on the right of /=."""

    def __init__(self, value: Any):
        self._value = value

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """An array divides by it, in place or not."""
        left, right = (self._value if each is self else each for each in inputs)
        floors = ufunc is np.true_divide and _is_whole(left) and _is_whole(right)
        return getattr(np.floor_divide if floors else ufunc, method)(left, right, **options)

    def __rtruediv__(self, left: Any) -> Any:
        return divide(left, self._value)


def _is_whole(value: Any) -> bool:
    if isinstance(value, int):
        return True
    dtype = getattr(value, "dtype", None)
    if dtype is None or isinstance(value, type):
        return False
    if isinstance(dtype, np.dtype):
        return isinstance(value, np.ndarray | np.generic) and dtype.kind in _WHOLE
    return bool(getattr(dtype, "is_integer", False))  # a tensor


def _floor(left: Any, right: Any) -> Any:
    if type(left) is int and type(right) is int and not right:
        raise ZeroDivisionError("integer division or modulo by zero")
    return left // right


def listed(values: Any) -> Any:
    """Returns the keys, values or items of a mapping as a list; anything else as it is."""
    return list(values) if isinstance(values, _VIEWS) else values


def attribute(value: Any, name: str) -> Any:
    """Returns an attribute that Python 2 had, of an object that may have it still."""
    if name == "sort" and isinstance(value, list):
        return lambda cmp=None, key=None, reverse=False: _sort(value, cmp, key, reverse)
    if name == "encode" and isinstance(value, str):
        return lambda *how: _encoded(value, *how)
    if name == "translate" and isinstance(value, str):
        return lambda table, deleted="": _translated(value, table, deleted)
    if name == "decode" and isinstance(value, bytes):
        return lambda *how: _decoded(value, *how)
    if hasattr(value, name):
        return getattr(value, name)
    if name[:4] in ("iter", "view") and hasattr(value, name[4:]):
        view = getattr(value, name[4:])
        return (lambda: iter(view())) if name.startswith("iter") else view
    if name in _NEW_NAMES and hasattr(value, _NEW_NAMES[name]):
        return getattr(value, _NEW_NAMES[name])
    special = _SPECIAL.get(name)
    return getattr(value, name) if special is None else special(value)


def _translated(value: str, table: Any, deleted: str) -> str:
    kept = "".join(character for character in value if character not in deleted)
    return kept if table is None else kept.translate(table)


def _has_key(value: Any) -> Any:
    return value.__contains__


def _message(value: Any) -> Any:
    if not isinstance(value, BaseException):
        return value.message
    return value.args[0] if len(value.args) == 1 else ""


def _decode_of_text(value: Any) -> Any:
    return (lambda *how: _decoded(value, *how)) if isinstance(value, str) else value.decode


def _encode_of_bytes(value: Any) -> Any:
    return (lambda *how: _encoded(value, *how)) if isinstance(value, bytes) else value.encode


def _xreadlines(value: Any) -> Any:
    return lambda: iter(value)


def _im_class(value: Any) -> Any:
    owner = value.__self__
    return owner if isinstance(owner, type) else type(owner)


_SPECIAL: dict[str, Callable[[Any], Any]] = {
    "has_key": _has_key,
    "message": _message,
    "decode": _decode_of_text,
    "encode": _encode_of_bytes,
    "xreadlines": _xreadlines,
    "im_class": _im_class,
}
_OF_BYTES = {"base64", "bz2", "hex", "quopri", "uu", "zip", "zlib"}  # codings from bytes to bytes
_OTHER_NAMES = {"string_escape": "unicode_escape", "string-escape": "unicode_escape"}


def _encoded(value: Any, encoding: str = "utf-8", errors: str = "strict") -> Any:
    """Returns the bytes of text, or of bytes that are encoded already; "hex" and others give text."""
    import codecs

    if encoding in _OF_BYTES:
        data: Any = value if isinstance(value, bytes) else value.encode("latin-1")
        coded: Any = codecs.encode(data, encoding)
        return coded.decode("ascii") if encoding in ("base64", "hex") else coded
    if encoding == "rot13":
        return codecs.encode(str(value), "rot13")
    if isinstance(value, bytes):
        return value
    return value.encode(_OTHER_NAMES.get(encoding, encoding), errors)


def _decoded(value: Any, encoding: str = "utf-8", errors: str = "strict") -> Any:
    """Returns the text that `value` is: text is decoded already, but for codings as hex."""
    import codecs

    if encoding in _OF_BYTES:
        return codecs.decode(value.encode("latin-1") if isinstance(value, str) else value, encoding)
    if encoding == "rot13":
        return codecs.encode(value, encoding)
    encoding = _OTHER_NAMES.get(encoding, encoding)
    if isinstance(value, bytes):
        return value.decode(encoding, errors)
    try:  # text that was written as bytes, as '\xc3\xa9', and no other
        return value.encode("latin-1").decode(encoding)
    except UnicodeError:
        return value


_KINDS = {"NoneType": "", "bytes": "str"}  # Python 2 sorted by the names of types, numbers first


def order(left: Any, right: Any) -> int:
    """Returns -1, 0 or 1 as Python 2's cmp does, of any two things."""
    try:
        if left == right:
            return 0
        return -1 if left < right else 1
    except TypeError as error:
        if _REFUSED not in str(error):
            raise
    return _order_of_kinds(left, right)


def _order_of_kinds(left: Any, right: Any) -> int:
    if isinstance(left, dict) and isinstance(right, dict):
        return _order_of_dicts(left, right)
    if type(left) is type(right) and isinstance(left, list | tuple):
        pairs = zip(left, right, strict=False)
        return next((found for a, b in pairs if (found := order(a, b))), order(len(left), len(right)))
    kinds = [(_rank(value), _kind(value)) for value in (left, right)]
    if kinds[0] == kinds[1]:
        kinds = [(0, str(id(value)).zfill(30)) for value in (left, right)]
    return -1 if kinds[0] < kinds[1] else 1


def _rank(value: Any) -> int:
    if value is None:
        return 0
    return 1 if isinstance(value, int | float) else 2


def _kind(value: Any) -> str:
    return _KINDS.get(type(value).__name__, type(value).__name__)


def _order_of_dicts(left: dict, right: dict) -> int:
    if len(left) != len(right):
        return -1 if len(left) < len(right) else 1
    first = [_first_difference(a, b) for a, b in ((left, right), (right, left))]
    if not first[0] or not first[1]:
        return 0
    return order(first[0][0], first[1][0]) or order(left[first[0][0]], right[first[1][0]])


def _first_difference(one: dict, other: dict) -> list[Any]:
    """Returns the smallest key of `one` whose value in `other` is another, or not there, as a list."""
    keys = [key for key in one if key not in other or order(one[key], other[key])]
    return sorted(keys, key=cmp_to_key(order))[:1]


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    name: getattr(operator, name) for name in ("lt", "le", "gt", "ge", "eq", "ne")
}


def compare(name: str, left: Any, right: Any) -> Any:
    """Returns left < right and so on; things without an order have Python 2's."""
    if name in ("eq", "ne"):
        return _OPERATORS[name](_as_text(left), _as_text(right))
    try:
        return _OPERATORS[name](left, right)
    except TypeError as error:
        if _REFUSED not in str(error) or isinstance(left, complex) or isinstance(right, complex):
            raise
    return _OPERATORS[name](_order_of_kinds(left, right), 0)


def _as_text(value: Any) -> Any:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _sort(values: list, cmp: Any, key: Any, reverse: bool) -> None:
    values[:] = in_order(values, cmp, key, reverse)


def in_order(values: Iterable[Any], cmp: Any = None, key: Any = None, reverse: bool = False) -> list:
    """Returns sorted(values) with Python 2's `cmp`, and its order of all there is."""
    values = list(values)
    if cmp is None:
        try:
            return sorted(values, key=key, reverse=reverse)
        except TypeError as error:
            if _REFUSED not in str(error):
                raise
    by = cmp_to_key(cmp or order)
    return sorted(values, key=by if key is None else lambda value: by(key(value)), reverse=reverse)


def text(kind: Any, *arguments: Any, **keywords: Any) -> Any:
    """Returns str(x) or unicode(x, coding) as Python 2 writes it; `kind` may be a program's own."""
    if kind is not str or keywords or not arguments:
        return kind(*arguments, **keywords)
    value, *how = arguments
    if how:
        return _decoded(value, *how)
    return shown(value)


def shown(value: Any) -> str:
    """Returns str(value) as Python 2 writes it: a float has twelve digits, bytes are text."""
    if type(value) is float:
        return _float(value)
    if type(value) is bytes:
        return value.decode("utf-8", "surrogateescape")  # Data knows it
    if type(value) is set:
        return f"set([{', '.join(map(repr, value))}])"
    if type(value) is complex:
        return str(complex(float(_float(value.real)), float(_float(value.imag))))
    return str(value)


def _float(value: float) -> str:
    written = f"{value:.12g}"
    return written if set(written) & set(".en") else f"{written}.0"


class _Float(float):
    """A float that str() and format() write with twelve digits."""

    def __str__(self) -> str:
        return _float(self)

    def __repr__(self) -> str:
        return float.__repr__(self)

    def __format__(self, how: str) -> str:
        return float.__format__(self, how) if how else _float(self)


def written(value: Any) -> Any:
    """Returns `value` as something that "{}".format() writes as Python 2 did."""
    if type(value) is float:
        return _Float(value)
    return shown(value) if type(value) in (bytes, set) else value


def percent(form: str, values: Any) -> Any:
    """Returns form % values as Python 2 writes it."""
    if isinstance(values, tuple):
        return form % tuple(written(value) for value in values)
    if isinstance(values, dict):
        return form % {key: written(value) for key, value in values.items()}
    return form % written(values)
