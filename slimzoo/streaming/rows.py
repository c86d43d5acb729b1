"""What goes through a stream: images as bytes, as pixels, and what is said of them, each with its place."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

Best = list[tuple[int, str, float]]


@dataclass(frozen=True, slots=True)
class Item:
    """One image that is to be looked at.

    container: the number of what it is in; position: its place there.
    content: its bytes; None: they are in the file `where`.
    problem: why there are none; "" where there are.
    """

    container: int
    position: int
    name: str
    content: bytes | None = None
    where: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """The end of a container, which holds so many rows."""

    container: int
    rows: int


@dataclass(frozen=True)
class Piece:
    """Rows of a container, from `first` on.

    names: of image files, for a container that is no file itself.
    ends: whether the container ends with them.
    """

    container: int
    kind: str
    where: str
    first: int = 0
    names: tuple[str, ...] = ()
    ends: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One image: `pixels` as the network takes it, float32 [size, size, channels], or why there are none."""

    container: int
    position: int
    name: str
    pixels: "np.ndarray | None"
    problem: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is said of one image; `best` are (class, name, probability), the best first.

    features: float32 [D], where they are wanted; error: why there is nothing, "" where there is.
    """

    container: int
    position: int
    name: str
    best: Best
    features: "np.ndarray | None" = None
    error: str = ""


Batch = list[Row | End]
