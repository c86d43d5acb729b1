"""What restoring and converting did, to print and to keep."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from slimzoo.converters.name_maps import worded
from slimzoo.errors import counted


@dataclass(frozen=True)
class RestoreReport:
    """Where a model's values came from.

    Attributes:
      restored: variables filled from the file.
      reinitialised: variables that keep initial values because they were excluded, or belong to a new head.
      missing: variables the file does not have; empty unless the caller asked for a partial restore.
      unused: tensors of the file that went nowhere.
    """

    restored: tuple[str, ...]
    reinitialised: tuple[str, ...]
    missing: tuple[str, ...]
    unused: tuple[str, ...]
    parameters_restored: int
    parameters_total: int

    def __post_init__(self) -> None:
        for name in ("restored", "reinitialised", "missing", "unused"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    @property
    def fraction(self) -> float:
        """The share of the parameters that was restored, 0 to 1."""
        return self.parameters_restored / self.parameters_total if self.parameters_total else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Returns the report as JSON knows it."""
        rows = {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }
        return {**rows, "fraction": self.fraction}

    def __str__(self) -> str:
        head = (
            f"{counted(len(self.restored), 'variable')} restored: {self.parameters_restored:,} of "
            f"{self.parameters_total:,} parameters ({self.fraction:.1%})"
        )
        kinds = (("new", self.reinitialised), ("missing", self.missing), ("unused", self.unused))
        rows = [(kind, scope, count) for kind, names in kinds for scope, count in _scopes(names).items()]
        width = max((len(scope) for _, scope, _ in rows), default=0)
        return "\n".join(
            [head, *(f"  {kind:8}{scope:{width}}  {count:>4} variables" for kind, scope, count in rows)]
        )


def _scopes(names: tuple[str, ...]) -> Counter[str]:
    """Returns how many names each layer has: a name without its last part, and without BatchNorm."""
    return Counter(name.rpartition("/")[0].removesuffix("/BatchNorm") or name for name in names)


@dataclass(frozen=True)
class ConversionReport:
    """What convert() wrote.

    Attributes:
      left_out: what of the source is not in it, counted: {"optimizer slots": 83, "global_step": 1}.
      sha256: of the file; of a TensorFlow checkpoint, of its data and index one after the other.
      path: the file, or a checkpoint's prefix.
      bytes: of all files together.
      absent: auxiliary heads of the network that the source is without.
    """

    tensors: int
    parameters: int
    left_out: dict[str, int]
    sha256: str
    path: Path
    bytes: int
    format: str = ""
    files: tuple[Path, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Returns the report as JSON knows it."""
        return {**asdict(self), "path": str(self.path), "files": [str(path) for path in self.files]}

    def __str__(self) -> str:
        out = f"{self.path}: {self.tensors} tensors, {self.parameters:,} parameters, {self.bytes:,} bytes"
        left = ", ".join(f"{count} {what}" for what, count in self.left_out.items() if count)
        arguments = worded(json.loads(self.metadata.get("network_arguments", "{}")))
        lines = [
            out,
            f"  left out: {left}" if left else "",
            f"  without: {', '.join(self.absent)}, for training only" if self.absent else "",
            "  without: the last layer of the network" if self.metadata.get("num_classes") == "0" else "",
            f"  names: {self.metadata['name_map']} to slim's" if "name_map" in self.metadata else "",
            f"  names: slim's to {self.metadata['names']}" if "names" in self.metadata else "",
            f"  network: with {arguments}" if arguments else "",
            f"  differs: {self.metadata['differs']}" if "differs" in self.metadata else "",
            f"  sha256: {self.sha256}",
        ]
        return "\n".join(line for line in lines if line)
