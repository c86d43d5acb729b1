"""A data set with masks: where each image and its mask is, and how many pixels each class has; no pixels."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np

from slimzoo.data.dataset import Dataset, Example
from slimzoo.data.dense.coding import AS_THEY_ARE, Coding
from slimzoo.registry import SEGMENTATION


@dataclass(frozen=True, eq=False)
class MaskExample(Example):
    """One image and its mask; a class shows where a pixel is of it.

    Attributes:
      mask: the file.
      pixels: int64 [classes], how many are of each; those that count for nothing are in none.
      size: height and width of the mask, and of the image as it is read.
    """

    mask: str = ""
    pixels: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    size: tuple[int, int] = (0, 0)


def example(image: str, mask: str, pixels: np.ndarray, size: tuple[int, int]) -> MaskExample:
    """Returns the example of these files."""
    shows = (pixels > 0).astype(np.float32)
    return MaskExample(image, shows, np.ones_like(shows), mask=mask, pixels=pixels, size=size)


@dataclass(frozen=True, eq=False, repr=False)
class MaskDataset(Dataset):
    """Examples of the same classes, with masks.

    Attributes:
      coding: how the masks say the classes.
    """

    task: ClassVar[str] = SEGMENTATION
    coding: Coding = AS_THEY_ARE

    @property
    def masked(self) -> tuple[MaskExample, ...]:
        """The examples, each with its mask."""
        return tuple(example for example in self.examples if isinstance(example, MaskExample))

    @property
    def masks(self) -> tuple[str, ...]:
        """The files of the masks."""
        return tuple(example.mask for example in self.masked)

    @property
    def files(self) -> tuple[str, ...]:
        """The images, then the masks."""
        return (*self.paths, *self.masks)

    @property
    def truth(self) -> bytes:
        """What is true of the images, for a fingerprint."""
        names = "\n".join(Path(mask).name for mask in self.masks)
        return names.encode("utf-8", "surrogateescape") + self.pixels.tobytes()

    def _shown_on(self, example: Example) -> list[str]:
        """Returns the classes on an image, with their pixels."""
        assert isinstance(example, MaskExample)
        rows = zip(self.classes, example.pixels, strict=True)
        return [Path(example.mask).name, *(f"{count:,} {name}" for name, count in rows if count)]

    @property
    def pixels(self) -> np.ndarray:
        """How many pixels of each mask are of each class, int64 [examples, classes]."""
        rows = [example.pixels for example in self.masked]
        return np.array(rows, np.int64).reshape(len(rows), len(self.classes))

    @property
    def largest(self) -> tuple[int, int]:
        """The largest height and the largest width among the images."""
        sizes = np.array([example.size for example in self.masked], np.int64).reshape(-1, 2)
        return (0, 0) if not len(sizes) else (int(sizes[:, 0].max()), int(sizes[:, 1].max()))

    def subset(self, indices: Iterable[int], name: str | None = None) -> "MaskDataset":
        """Returns the examples at `indices`, in that order."""
        found = super().subset(indices, name)
        assert isinstance(found, MaskDataset)
        return found
