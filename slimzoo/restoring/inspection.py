"""What is in a weight file, whatever its format: tensors, what training left behind, NaN, whose it is."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from slimzoo import converters
from slimzoo.converters.matching import Rename, renamed_names
from slimzoo.converters.naming import excluded_among
from slimzoo.converters.prefixes import stem
from slimzoo.converters.source import Source, Tensor
from slimzoo.errors import SlimzooError
from slimzoo.names import Scopes, cuts
from slimzoo.registry import rows
from slimzoo.restoring.identify import Candidate, identify, identify_by_maps

_MAX_LOOKED_AT = 6_000  # tensors whose names are compared with those of every library; 1,000 take 0.3 s


@dataclass(frozen=True)
class TensorInfo:
    """One tensor of the file."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    values: int
    bytes: int
    kept: bool  # False: only training needs it
    nonfinite: int | None  # values that are NaN or infinite; None: not looked at


@dataclass(frozen=True)
class Inspection:
    """What is in a weight file."""

    path: Path
    format: str
    files: tuple[Path, ...]
    metadata: dict[str, str]
    skipped: tuple[str, ...]  # names of what is no array of numbers
    tensors: tuple[TensorInfo, ...]  # those asked for
    total: int  # tensors in the file
    parameters: int  # values of all variables that inference needs
    left_out: dict[str, int]  # tensors that only training needs, by kind
    candidates: tuple[Candidate, ...]  # networks it looks like, the best first

    @property
    def bytes(self) -> int:
        """Of the files together."""
        return sum(path.stat().st_size for path in self.files)

    @property
    def nonfinite(self) -> dict[str, int]:
        """{tensor: how many of its values are NaN or infinite}."""
        return {tensor.name: tensor.nonfinite for tensor in self.tensors if tensor.nonfinite}

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        fields = {name: value for name, value in asdict(self).items() if name != "candidates"}
        candidates = [candidate.to_dict() for candidate in self.candidates]
        return {**fields, "bytes": self.bytes, "nonfinite": self.nonfinite, "candidates": candidates}


def inspect(
    path: str | os.PathLike,
    pattern: str | None = None,
    values: bool = True,
    *,
    rename: Rename = None,
    exclude: Iterable[str] = (),
    ema: bool = False,
) -> Inspection:
    """Reads what is in the weights at `path`, in any readable format.

    Args:
      pattern: a scope or shell pattern; only tensors of such a name are listed.
      values: read every listed tensor and count what is not finite in it.
      rename, exclude, ema: how the file is read to find out its network, as slimzoo.load() takes them.
    Raises:
      FileNotFoundError: there is nothing, or a part is missing.
      SlimzooError: it is damaged or of another kind; or `pattern` matches nothing.
    """
    source = converters.read(path)
    variables, left_out = converters.inference_variables(source, ema)
    names = list(source) if pattern is None else Scopes(pattern).of(source)
    if not names and pattern is not None:
        raise SlimzooError(f"{pattern!r} matches none of the {len(source)} tensors; {_scopes(source)}")
    listed = source.with_tensors({name: source.tensors[name] for name in names})
    counts = converters.nonfinite(listed) if values else None
    tensors = [_info(name, tensor, name in variables, counts) for name, tensor in listed.tensors.items()]
    return Inspection(
        path=Path(path),
        format=source.format,
        files=source.files,
        metadata=source.metadata,
        skipped=source.skipped,
        tensors=tuple(tensors),
        total=len(source),
        parameters=sum(tensor.parameters for tensor in variables.tensors.values()),
        left_out=dict(left_out),
        candidates=tuple(_candidates(variables, rename, Scopes(exclude))),
    )


def _candidates(variables: Source, rename: Rename, exclude: Scopes) -> list[Candidate]:
    names = renamed_names(variables, rename)
    gone = set(excluded_among(names, exclude))
    kept = {new: variables.tensors[old] for new, old in names.items() if new not in gone}
    read = variables.with_tensors(kept)
    looked_at = 0
    for prefix in ("", *_prefixes(read)):
        after = {name[len(prefix) :]: t for name, t in read.tensors.items() if name.startswith(prefix)}
        there = read.with_tensors(after)
        looked_at += len(there)
        by_maps = looked_at <= _MAX_LOOKED_AT
        if found := identify(there.shapes) or (identify_by_maps(there) if by_maps else []):
            return [replace(c, rename=(stem(prefix), "")) if prefix else c for c in found]
    return []


def _prefixes(names: Iterable[str]) -> list[str]:
    """Returns what stands before the scope of a registered network, and before every name, if anything."""
    names = list(names)
    tops = {network.top for network in rows().values()}
    found = Counter(p for name in names for p, rest in cuts(name) if p and rest.partition("/")[0] in tops)
    first = (before for before, _ in cuts(names[0]) if before) if names else ()
    shared = [before for before in first if all(name.startswith(before) for name in names)]
    return [*(prefix for prefix, _ in found.most_common(3)), *shared[:3]]


def _info(name: str, tensor: Tensor, kept: bool, counts: Mapping[str, int] | None) -> TensorInfo:
    return TensorInfo(
        name=name,
        shape=tensor.shape,
        dtype=tensor.dtype.name,
        values=tensor.parameters,
        bytes=tensor.parameters * tensor.dtype.itemsize,
        kept=kept,
        nonfinite=None if counts is None else counts.get(name, 0),
    )


def _scopes(names: Iterable[str]) -> str:
    scopes = sorted({"/".join(name.split("/")[:2]) for name in names})
    more = f" and {len(scopes) - 10} more" if len(scopes) > 10 else ""
    return f"the scopes are {', '.join(scopes[:10])}{more}"
