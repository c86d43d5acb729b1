"""Which released weights a Model has, or was started from."""

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

from slimzoo import weights
from slimzoo.weights import WeightsRow
from slimzoo.weights.metadata import said_by

SAMPLE = 8  # values of each variable in a fingerprint


@dataclass(frozen=True)
class Provenance:
    """Where the values of a Model's variables are from.

    Attributes:
      released: the weights' name in the manifest, "vgg_16.slim_in1k"; "" for none of these.
      trained: whether they were trained on since.
      new: scopes that are not from there, as far as a file says so.
    """

    released: str = ""
    trained: bool = False
    new: tuple[str, ...] = ()

    @property
    def row(self) -> WeightsRow | None:
        """The manifest's row, None where there is none (any more)."""
        return next((row for row in weights.rows() if str(row) == self.released), None)

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str], where: str | PathLike) -> "Provenance":
        """Returns what the weight file `where` says of itself. Raises: Damaged: what it says cannot be."""
        about = said_by(metadata, where)
        row = weights.origin({name: metadata[name] for name in about})
        return cls(str(row), weights.is_trained(about), about.get("new", ())) if row else cls()

    def to_metadata(self) -> dict[str, str]:
        """Returns what to write into a weight file."""
        if not self.released:
            return {}
        trained = {"trained": "true"} if self.trained else {}
        new = {"new": json.dumps(self.new)} if self.new else {}
        return {"weights_row": self.released, **trained, **new}

    def __str__(self) -> str:
        if not self.released:
            return ""
        return f"started from {self.released}" if self.trained else self.released


def fingerprint(variables: Iterable[Any]) -> int:
    """Returns a number that tells values of Keras variables apart: of the first few of each."""
    import tensorflow as tf

    found = 0
    for variable in variables:
        found = zlib.crc32(tf.reshape(variable.value, [-1])[:SAMPLE].numpy().tobytes(), found)
    return found
