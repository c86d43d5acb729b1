"""Methods that other libraries' classes had: there for the program's own code, for nobody else.

A method is put into the class as something that looks at who asks: a library that asks whether the class has
it is told the truth.
"""

import inspect
import sys
from typing import Any

from slimzoo.compat.faces import locate
from slimzoo.compat.program import Program

_OURS = "slimzoo.compat.others."
_FONT = {name: f"{_OURS}pillow.{name}" for name in ("getoffset", "getsize", "getsize_multiline")}
_FRAME = {
    name: f"{_OURS}frames.{name}"
    for name in ("append", "as_matrix", "get_value", "iteritems", "mad", "set_value")
}
_AXES = {
    "get_axis_bgcolor": _OURS + "plots.get_axis_bgcolor",
    "hist": _OURS + "plots.axes_hist",
    "hold": _OURS + "plots.hold",
    "ishold": _OURS + "plots.ishold",
    "set_axis_bgcolor": _OURS + "plots.set_axis_bgcolor",
}

METHODS: dict[tuple[str, str], dict[str, str]] = {  # (module, class): {method: our function}
    ("PIL.Image", "Image"): {"tostring": _OURS + "pillow.tobytes", "fromstring": _OURS + "pillow.frombytes"},
    ("PIL.ImageDraw", "ImageDraw"): dict.fromkeys(
        ("textsize", "multiline_textsize"), _OURS + "pillow.textsize"
    ),
    ("PIL.ImageFont", "FreeTypeFont"): _FONT,
    ("PIL.ImageFont", "ImageFont"): {"getsize": _OURS + "pillow.getsize"},
    ("matplotlib.axes", "Axes"): _AXES,
    ("pandas", "DataFrame"): {**_FRAME, "sort": _OURS + "frames.sort"},
    ("pandas", "Series"): {**_FRAME, "order": _OURS + "frames.order"},
    ("threading", "Thread"): {"isAlive": "threading.Thread.is_alive"},
}
ACCESSORS: dict[tuple[str, str], dict[str, str]] = {
    ("pandas", "DataFrame"): {"ix": _OURS + "frames.ix"},
    ("pandas", "Series"): {"ix": _OURS + "frames.ix"},
}
REPLACED = frozenset({"hist"})  # there today as well; ours is for the program all the same


class _ForTheProgram:
    """A method that only code of the program sees.

    Args:
      path: our function, which takes the object first.
      before: what the class, or one above it, has under this name, or None.
      calls: whether the attribute is the function's result, as that of a property is.
    """

    def __init__(self, name: str, path: str, program: Program, before: Any, calls: bool):
        self._name, self._path, self._program = name, path, program
        self._before, self._calls = before, calls

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        frame = inspect.currentframe()
        assert frame is not None
        asking = frame.f_back
        if asking is not None and asking.f_globals.get("__name__") == "slimzoo.compat.py2.runtime":
            asking = asking.f_back
        if instance is not None and asking is not None and self._program.wrote(asking.f_globals):
            function = locate(self._path)
            return function(instance) if self._calls else function.__get__(instance, owner)
        if self._before is None:
            raise AttributeError(f"{owner.__name__!r} object has no attribute {self._name!r}")
        return self._before.__get__(instance, owner)


TOPS = frozenset(module.partition(".")[0] for module, _ in METHODS) | {"pylab", "scipy"}
_PUT: list[tuple[Any, str, Any]] = []  # (class, method, what it had of its own or None)


def serve(program: Program) -> None:
    """Gives the classes that are there their old methods.

    Called after an import: a class whose module is not loaded yet gets them at a later one.
    """
    for table, calls in ((METHODS, False), (ACCESSORS, True)):
        for (module, name), paths in table.items():
            owner = getattr(sys.modules.get(module), name, None)
            for method, path in paths.items() if owner is not None else ():
                _put(owner, method, path, program, calls)


def _put(owner: Any, method: str, path: str, program: Program, calls: bool) -> None:
    before = inspect.getattr_static(owner, method, None)
    if isinstance(before, _ForTheProgram) or (before is not None and method not in REPLACED):
        return
    _PUT.append((owner, method, before))
    setattr(owner, method, _ForTheProgram(method, path, program, before, calls))


def withdraw() -> None:
    """Takes `serve` back."""
    while _PUT:
        owner, method, before = _PUT.pop()
        delattr(owner, method)
        if before is not None:
            setattr(owner, method, before)
