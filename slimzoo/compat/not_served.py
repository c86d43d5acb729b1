"""Names of tf.contrib that nothing answers to: they may be imported and handed on, and say so when used."""

import inspect
from pathlib import Path
from typing import Any, NoReturn

_FOLDER = Path(__file__).parent


class NotServedError(NotImplementedError):
    """A program uses what slimzoo does not serve."""


class StandIn:
    """Stands for a class, a function or a value that is not served; nothing is an instance of it.

    Args:
      name: its full old name.
      instead: what to use in its place.
    """

    def __init__(self, name: str, instead: str):
        self._name, self._instead = name, instead

    def __getattr__(self, name: str) -> "StandIn":
        if name.startswith("__"):
            raise AttributeError(name)
        return StandIn(f"{self._name}.{name}", self._instead)

    def __repr__(self) -> str:
        return f"<{self._name}, which slimzoo does not serve; in its place: {self._instead}>"

    def __instancecheck__(self, value: Any) -> bool:
        return False

    __subclasscheck__ = __instancecheck__

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotServedError(
            f"{self._name} is not served by slimzoo; it is used in {_place()}. In its place: {self._instead}"
        )

    __call__ = __mro_entries__ = __enter__ = __exit__ = _refuse
    __iter__ = __len__ = __getitem__ = __contains__ = __int__ = __float__ = __index__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = _refuse

    def __bool__(self) -> bool:
        return True


def _place() -> str:
    """Returns the file and line of the program that is running."""
    frame = inspect.currentframe()
    while frame is not None and Path(frame.f_code.co_filename).parent == _FOLDER:
        frame = frame.f_back
    return "the program" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"
