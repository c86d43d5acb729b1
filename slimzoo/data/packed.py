"""Packs as they lie in a folder: what their manifests say of them, and whether they are still so."""

import hashlib
import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from slimzoo.data import shard_index, shards
from slimzoo.errors import SlimzooError, counted, listing
from slimzoo.files import schema
from slimzoo.files.schema import Damaged, needed

log = logging.getLogger("slimzoo")
FORMAT = "slimzoo pack 1"
_SHARD: schema.Schema = {
    "file": needed(schema.text(r"[^/\\]{1,255}", "the name of a file")),
    "images": needed(schema.whole()),
    "digest": needed(schema.text()),
}
MANIFEST: schema.Schema = {
    "format": needed(schema.text(FORMAT, repr(FORMAT))),
    "part": needed(schema.text()),
    "images": needed(schema.whole()),
    "classes": needed(schema.list_of(schema.text())),
    "multi_label": needed(schema.flag()),
    "seed": needed(schema.either(schema.whole(), schema.nothing())),
    "source": needed(schema.text()),
    "finished": needed(schema.flag()),
    "shards": needed(schema.list_of(schema.shaped(_SHARD))),
}


def verify(folder: str | os.PathLike, progress: bool = True) -> list[dict]:
    """Reads every record of the packs in `folder`; returns their manifests.

    Raises: SlimzooError: there is none, or shards are not as they were written: all faults are listed.
    """
    root = Path(folder)
    if not root.is_dir():
        raise FileNotFoundError(f"there is no folder {root}; give one that was packed")
    found = [about for path in sorted(root.glob("*.json")) if (about := _manifest(schema.read(path)))]
    if not found:
        raise SlimzooError(f"{root} holds no pack: no PART.json that says what was written")
    unknown = shards.numbered(root) - {manifest.get("part") for manifest in found}
    problems = [f"{root}/{part}.json does not say what was packed in {part}-*" for part in sorted(unknown)]
    for manifest in found:
        schema.take(manifest, MANIFEST, root / f"{manifest.get('part')}.json")
        problems += _differences(manifest, root, progress)
    if problems:
        count = counted(len(problems), "problem")
        advice = "delete broken shards, and the same command writes those that are missing:"
        raise SlimzooError(listing(f"{root} is not as it was packed, {count}; {advice}", problems))
    return found


def lost(files: Sequence[Path], found: Sequence[shard_index.Index]) -> list[str]:
    """Returns which of `files`, whole as they look, hold more or fewer images than were packed there.

    A shard that ends where a record ends shows it by the manifest alone, a copy of another by the places of
    its images.
    """
    counts: dict[Path, int] = {}
    for path in {file.with_name(f"{shards.before_number(file)}.json") for file in files}:
        try:
            about = _manifest(schema.read(path)) if path.is_file() else None
            written = schema.take(about, MANIFEST, path) if about else None
        except (Damaged, OSError) as error:
            log.warning("that no image of %s* is missing cannot be checked: %s", path.with_suffix(""), error)
            continue
        known = written["shards"] if written and written["finished"] else ()
        counts |= {path.with_name(row["file"]): row["images"] for row in known}
    problems = []
    places: dict[tuple[Path, str], dict[int, Path]] = {}
    for file, one in zip(files, found, strict=True):
        if len(one.rows) != counts.get(file, len(one.rows)):
            problems.append(
                f"{file} holds {len(one.rows)} of the {counts[file]} images that were packed there"
            )
        first = places.setdefault((file.parent, shards.series(file)), {})
        twice = [row.position for row in one.rows if first.setdefault(row.position, file) != file]
        if any(place >= 0 for place in twice):
            problems.append(f"{file} holds images of {first[twice[0]]}: one is a copy of the other")
    return problems


def _manifest(content: Any) -> dict[str, Any] | None:
    """Returns the `content` of a JSON file if it is a manifest."""
    pack = isinstance(content, dict) and str(content.get("format", "")).startswith("slimzoo pack")
    return content if pack else None


def _differences(manifest: dict, root: Path, progress: bool) -> list[str]:
    """Returns what is not as `manifest` says."""
    if not manifest["finished"]:
        return [f"{manifest['part']} is unfinished; the same command goes on with it"]
    files = [root / row["file"] for row in manifest["shards"]]
    problems = [f"{file} is gone" for file in files if not file.is_file()]
    there = [(row, file) for row, file in zip(manifest["shards"], files, strict=True) if file.is_file()]
    for (row, file), one in zip(there, indices([file for _, file in there], progress), strict=True):
        problems += one.problems
        if not one.problems and about(file, one) != dict(row):
            problems.append(f"{file} holds other images or labels than were packed")
    return problems


def indices(files: Sequence[Path], progress: bool) -> list[shard_index.Index]:
    return shard_index.index(files, progress=progress, anew=True)


def about(file: Path, one: shard_index.Index) -> dict[str, Any]:
    """Returns what the manifest says of a shard: its digest is of images and labels."""
    digest = hashlib.blake2b(digest_size=16)
    for row in one.rows:
        digest.update(json.dumps([row.record.digest, *row[1:]]).encode())
    return {"file": file.name, "images": len(one.rows), "digest": digest.hexdigest()}
