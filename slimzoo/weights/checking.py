"""Checking the cache again, and tidying it."""

import os
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from slimzoo.errors import SlimzooError
from slimzoo.weights import cache, manifest
from slimzoo.weights.cache import Cached
from slimzoo.weights.download import digests
from slimzoo.weights.manifest import WeightsRow


@dataclass(frozen=True)
class Finding:
    """What was found about one of the cached weights: `wrong` is "" where nothing is."""

    name: str
    folder: Path
    bytes: int
    trust: str  # why the original is taken to be the right one
    wrong: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def verify(names: Collection[str] | None = None) -> list[Finding]:
    """Reads every cached file whole, in all caches, and compares it with what is noted and published.

    Args:
      names: only these, as "vgg_16.slim_in1k". Raises: SlimzooError: one of them is not in a cache.
    """
    there = [found for root in cache.cache_dirs() for found in cache.cached_weights(root) if _is_there(found)]
    if missing := set(names or ()) - {found.name for found in there}:
        raise SlimzooError(f"not in the cache: {', '.join(sorted(missing))}; slimzoo download brings them")
    return [_verified(found) for found in there if names is None or found.name in names]


def _is_there(found: Cached) -> bool:
    return found.model.is_file() or bool(found.record)


def _verified(there: Cached) -> Finding:
    row = _row(there)
    seen = cache.first_seen(row) if row else {}
    expected = (row.published or seen) if row else {}
    wrong = "" if row else "the manifest has no such weights any more"
    wrong = wrong or cache.wrong_with(there, expected, verify=True)
    for path in there.originals if not wrong else ():
        noted = there.record["source_digests"]
        if different := cache.differing(digests(path, noted), noted):
            wrong = f"its original {path.name}: {different}"
    trust = "trusted on first use"
    if row and row.published:
        trust = f"has the published {', '.join(row.published)}"
    return Finding(there.name, there.folder, there.bytes, trust, wrong)


def _row(there: Cached) -> WeightsRow | None:
    return next((row for row in manifest.rows() if str(row) == there.name), None)


def prune(
    names: Collection[str] | None, originals: bool = False, everything: bool = False, dry_run: bool = False
) -> tuple[list[Path], int]:
    """Deletes from the user's cache; returns the files and how many bytes they are.

    Args:
      names: weights to delete; None: what interruptions left, and weights that have no row any more.
      originals: the kept originals too, of whatever weights.
      everything: all weights.
    """
    files: list[Path] = []
    total = 0
    for there in cache.cached_weights():
        whole = everything or (there.name in names if names is not None else _row(there) is None)
        with cache.alone_in(there.folder, wait=False) as alone:
            if not alone:
                continue
            useless = _useless(there, whole, originals)
            total += sum(path.stat().st_size for path in useless)
            if not dry_run:
                cache.remove(useless)
            files += useless
    return files, total


def _useless(there: Cached, whole: bool, originals: bool) -> list[Path]:
    if whole:
        held = cache.LOCK if os.name == "nt" else ""  # Windows deletes no file that is open
        return sorted(p for p in there.folder.rglob("*") if p.is_file() and p.name != held)
    return [*there.leftovers, *(there.originals if originals else ())]
