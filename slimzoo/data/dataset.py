"""A data set: where each image is and what is on it; no pixels."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from slimzoo.data.records import Record
from slimzoo.data.text import same
from slimzoo.errors import counted, some
from slimzoo.registry import CLASSIFICATION


@dataclass(frozen=True, eq=False, slots=True)
class Example:
    """One image: its file, and for each class whether it shows and whether that counts.

    Attributes:
      path: of the image file; of a record in a shard, what it is called (places.py), which is read like one.
      labels: float32 [classes], 1 where the class shows, else 0.
      weights: float32 [classes], 0 where a class is neither right nor wrong (only difficult objects), else 1.
      record: where in which shard the image is; None: in a file of its own.
    """

    path: str
    labels: np.ndarray
    weights: np.ndarray
    record: Record | None = None

    @property
    def name(self) -> str:
        """The name of the image's file, which it has in a shard too."""
        return Path(self.known_as if self.record else self.path).name

    @property
    def known_as(self) -> str:
        """What the image is called wherever the data lies: its folder's name and its own."""
        if self.record is not None and self.record.called:
            return self.record.called
        return same("/".join(Path(self.path).parts[-2:]))


@dataclass(frozen=True, eq=False)
class Dataset:
    """Examples of the same classes.

    Attributes:
      multi_label: an image may show several classes, or none.
      turn: images are turned upright where EXIF says how the camera was held.
      task: of registry.TASKS, what its truth is for.
    """

    task: ClassVar[str] = CLASSIFICATION
    examples: tuple[Example, ...]
    classes: tuple[str, ...]
    name: str
    multi_label: bool
    turn: bool = True

    def __len__(self) -> int:
        return len(self.examples)

    def __repr__(self) -> str:
        size, classes = counted(len(self), "image"), f"{len(self.classes)} classes: {some(self.classes)}"
        return f"<Dataset {self.name}: {size}, {classes}>"

    @property
    def paths(self) -> tuple[str, ...]:
        """The image files, or the names of the records."""
        return tuple(example.path for example in self.examples)

    @property
    def files(self) -> tuple[str, ...]:
        """Every file whose content is learnt from."""
        return self.paths

    @property
    def records(self) -> dict[str, Record]:
        """The records among its images, by their names."""
        return {example.path: example.record for example in self.examples if example.record is not None}

    @property
    def labels(self) -> np.ndarray:
        """All labels, float32 [examples, classes]."""
        return self._table("labels")

    @property
    def weights(self) -> np.ndarray:
        """All weights, float32 [examples, classes]."""
        return self._table("weights")

    @property
    def counts(self) -> dict[str, int]:
        """Class name: how many images show it."""
        totals = self.labels.sum(axis=0).astype(int).tolist()
        return dict(zip(self.classes, totals, strict=True))

    def subset(self, indices: Iterable[int], name: str | None = None) -> "Dataset":
        """Returns the examples at `indices`, in that order."""
        examples = tuple(self.examples[i] for i in indices)
        return replace(self, examples=examples, name=name or self.name)

    @property
    def truth(self) -> bytes:
        """What is true of the images, for a fingerprint."""
        return self.labels.tobytes() + self.weights.tobytes()

    @property
    def in_words(self) -> list[str]:
        """What a fingerprint is of, a line an image: its file's name, and the classes that it shows."""
        return [
            f"{example.name} ({some(self._shown_on(example), 10) or 'no class'})" for example in self.examples
        ]

    def _shown_on(self, example: Example) -> list[str]:
        """Returns the classes on an image, and which do not count there."""
        rows = zip(self.classes, example.labels, example.weights, strict=True)
        return [
            name if weight else f"{name} uncounted" for name, label, weight in rows if label or not weight
        ]

    def _table(self, field: str) -> np.ndarray:
        rows = [getattr(example, field) for example in self.examples]
        return np.array(rows, np.float32).reshape(len(rows), len(self.classes))
