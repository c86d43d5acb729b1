"""The views of an image whose masks are put together: scales, its mirror image, squares of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from slimzoo.errors import SlimzooError, listing, shown

LEAST, MOST = 0.1, 4.0  # of scales
MOST_VIEWS = 16


@dataclass(frozen=True, kw_only=True)
class Views:
    """How a network that gives masks looks at an image.

    Of several views the probabilities are averaged, at the size of the network's input.

    Attributes:
      scales: of the network's input; DeepLab's papers take 0.5 to 1.75 in steps of 0.25.
      flip: each scale of the mirror image too.
      tile: an image larger than the network's input is not shrunk, but gone over in squares of that size,
        which share so many pixels or more; each pixel is of the square whose middle is nearest. None: shrunk.
    Raises: SlimzooError: something is out of range; everything at once.
    """

    scales: tuple[float, ...] = (1.0,)
    flip: bool = False
    tile: int | None = None

    def __post_init__(self) -> None:
        scales = self.scales if isinstance(self.scales, list | tuple) else (self.scales,)
        object.__setattr__(self, "scales", tuple(scales))
        if problems := [*self._problems()]:
            raise SlimzooError(listing("images cannot be looked at so:", problems))

    def _problems(self) -> Iterator[str]:
        wrong = [scale for scale in self.scales if not _is_number(scale) or not LEAST <= scale <= MOST]
        if wrong or not 1 <= len(self.scales) <= MOST_VIEWS:
            given = shown(wrong or list(self.scales))
            yield (
                f"scales=NUMBERS are 1 to {MOST_VIEWS}, each of {LEAST:g} to {MOST:g}, as 0.75, 1, 1.25; "
                f"given are {given}"
            )
        if not isinstance(self.flip, bool):
            yield f"flip is {shown(self.flip)}; it is True or False"
        if self.tile is not None and (type(self.tile) is not int or self.tile < 0):
            yield f"tile=PIXELS is what two squares share, 0 or more, or None; given is {shown(self.tile)}"

    @property
    def single(self) -> bool:
        """Whether the network sees each image, or square, once and as it is."""
        return self.scales == (1.0,) and not self.flip

    @staticmethod
    def scaled(size: int, scale: float) -> int:
        """Returns what a side of `size` pixels is at `scale`, as DeepLab has it: corners stay corners."""
        return max(1, int((size - 1) * scale + 1))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
