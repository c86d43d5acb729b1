"""Released weights by name: found in the manifest, downloaded, checked, converted once and cached."""

import difflib
import functools
import hashlib
import importlib.resources
import json
import logging
import os
import re
import secrets
import sys
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import slimzoo
from slimzoo.download import SourceError, Wanted, digests, download, forget
from slimzoo.errors import SlimzooError, listing
from slimzoo.files import write_error, write_text
from slimzoo.manifest import HUB, WeightsRow, read_manifest

LOGGER = logging.getLogger("slimzoo")
YES = ("1", "true", "yes", "on")  # what sets SLIMZOO_OFFLINE and HF_HUB_OFFLINE


@functools.cache
def rows() -> tuple[WeightsRow, ...]:
    """Returns every row of the manifest that comes with slimzoo."""
    return read_manifest(importlib.resources.files("slimzoo.weights_manifest"))


def get_row(network: str, tag: str | None = None) -> WeightsRow:
    """Returns the row `tag` of `network` (default: its first); `network` may be written "network/tag".

    Raises: SlimzooError: there is none; the message lists what there is.
    """
    if tag is None and "/" in network:
        network, tag = network.split("/", 1)
    there = {row.tag: row for row in rows() if row.network == network}
    if not there:
        raise SlimzooError(_no_weights(network))
    if tag is None:
        return next(iter(there.values()))
    if tag not in there:
        near = difflib.get_close_matches(tag, there, n=3)
        hint = f" Nearest: {', '.join(near)}." if near else ""
        raise SlimzooError(f"{network} has no weights {tag!r}.{hint} There are: {', '.join(there)}.")
    return there[tag]


def cache_dir() -> Path:
    """Returns the folder that holds converted weights: $SLIMZOO_CACHE, or slimzoo in the user's cache."""
    if given := os.environ.get("SLIMZOO_CACHE"):
        return Path(given).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "slimzoo"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "slimzoo"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "slimzoo"


def fetch(row: WeightsRow, progress: bool = True, verify: bool = False) -> Path:
    """Returns the local safetensors file of `row`, downloaded, checked and converted where it is not yet.

    A file in the cache is used without any request. It is made again if it has changed, or the digest in
    the row has. The downloaded original is deleted after the conversion; model.json keeps its digest.

    Args:
      verify: read the whole cached file and compare its digest, not only its size and time.
    Raises:
      SlimzooError: no source delivers (each is listed with its reason), or the cache cannot be written.
    """
    if row.sources[0].startswith("package:"):
        return _packaged(row)
    folder = cache_dir() / row.network / row.tag
    if not _usable(row, folder, verify):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SlimzooError(f"{write_error(error, folder)} (SLIMZOO_CACHE names another)") from error
        with _alone(folder) as alone:
            if not alone or not _usable(row, folder, verify):  # another process may just have made it
                _build(row, folder, alone, progress)
    return folder / "model.safetensors"


def _no_weights(network: str) -> str:
    slimzoo.get_network(network)  # an unknown network raises here, with the nearest names
    return (
        f"no released weights are known for {network!r}. Give your own with weights=PATH (any checkpoint "
        "that slimzoo.converters reads), or leave pretrained out to start from new values. "
        f"Networks with weights: {', '.join(dict.fromkeys(row.network for row in rows()))}."
    )


def _packaged(row: WeightsRow) -> Path:
    path = Path(str(importlib.resources.files("slimzoo") / row.sources[0].removeprefix("package:")))
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: the weights {row} come with slimzoo; install it again")
    if wrong := _differing(digests(path, row.published), row.published):
        raise SlimzooError(
            f"{path} is damaged ({wrong}): the weights {row} come with slimzoo; install it again"
        )
    return path


def _differing(found: dict[str, str], expected: dict[str, str]) -> str:
    """Returns the first digest of `expected` that `found` does not have, in words, or ""."""
    for name, digest in expected.items():
        if found.get(name) != digest:
            return f"its {name} is {found.get(name, 'not noted')}, not {digest}"
    return ""


# --- the cache: <network>/<tag>/model.safetensors, and model.json that says what it is made of ---


def _usable(row: WeightsRow, folder: Path, verify: bool) -> bool:
    """Returns whether the cached file is the one that was written, and was made of what `row` says."""
    path, record = folder / "model.safetensors", read_record(folder)
    if not record or not path.is_file():
        return False
    stat = path.stat()
    wrong = _differing(record["source_digests"], row.published)
    if not wrong and stat.st_size != record["size"]:
        wrong = f"it has {stat.st_size:,} bytes, not {record['size']:,}"
    if not wrong and (verify or stat.st_mtime_ns != record["mtime_ns"]):
        wrong = _differing(digests(path), {"sha256": record["sha256"]})
        if not wrong and stat.st_mtime_ns != record["mtime_ns"] and os.access(folder, os.W_OK):
            write_text(folder / "model.json", json.dumps(record | {"mtime_ns": stat.st_mtime_ns}, indent=1))
    if wrong:
        LOGGER.warning("%s is no longer what was cached (%s); it is made again", path, wrong)
    return not wrong


def read_record(folder: Path) -> dict[str, Any]:
    """Returns what was noted beside the cached file in `folder`: source, digests, sizes; {} if nothing."""
    try:
        record = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    needed = {"source", "source_digests", "sha256", "size", "mtime_ns"}
    return record if isinstance(record, dict) and needed <= record.keys() else {}


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Yields once no other process builds in `folder`; yields False where that cannot be known."""
    try:
        import fcntl
    except ImportError:  # Windows: two processes both download, each to a part of its own
        yield False
        return
    with open(folder / ".lock", "a", encoding="utf-8") as handle:
        locked = True
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            LOGGER.info("waiting: another process is fetching into %s", folder)
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:  # a file system without locks
            locked = False
        yield locked


# --- making a cached file ---


def _build(row: WeightsRow, folder: Path, alone: bool, progress: bool) -> None:
    """Makes model.safetensors and model.json in `folder` from the first source that delivers."""
    reasons = []
    for source in _in_order(row):
        try:
            original, found = _obtain(row, source, folder, alone, progress)
            record = _convert(row, source, original, found, folder)
        except SourceError as error:
            LOGGER.info("%s: %s", source, error)
            reasons.append(f"{source}: {error}")
            continue
        write_text(folder / "model.json", json.dumps(record, indent=1))
        if original.parent == folder:
            forget(original)
        return
    raise SlimzooError(listing(f"no source delivers the weights {row}:", [*reasons, *_ways_out(row, folder)]))


def _in_order(row: WeightsRow) -> list[str]:
    """Returns the sources to try: the user's mirror first."""
    mirror = os.environ.get("SLIMZOO_MIRROR", "").rstrip("/")
    if not mirror:
        return list(row.sources)
    base = mirror if re.match(r"\w+://", mirror) else Path(mirror).expanduser().resolve().as_uri()
    return [f"{base}/{row.network}/{_file_name(row.sources[0])}", *row.sources]


def _file_name(source: str) -> str:
    return urllib.parse.unquote(urllib.parse.urlsplit(source).path).rsplit("/", 1)[-1]


def _ways_out(row: WeightsRow, folder: Path) -> list[str]:
    name = _file_name(row.sources[0])
    others = [other.tag for other in rows() if other.network == row.network and other.tag != row.tag]
    return [
        "What you can do:",
        f"- give a file you have: weights=PATH of {name}, or of any checkpoint of {row.network}",
        f"- name a mirror: SLIMZOO_MIRROR=URL or folder, which holds {row.network}/{name}",
        f"- without a network: copy {folder} from another machine (SLIMZOO_CACHE names another cache)",
        *([f"- take other weights of {row.network}: {', '.join(others)}"] if others else []),
    ]


def _obtain(
    row: WeightsRow, source: str, folder: Path, alone: bool, progress: bool
) -> tuple[Path, dict[str, str]]:
    """Returns the original file from `source` and its digests, the expected ones checked."""
    expected = row.published or _first_seen(folder)
    blocker = next(
        (v for v in ("SLIMZOO_OFFLINE", "HF_HUB_OFFLINE") if os.environ.get(v, "").lower() in YES), ""
    )
    if source.startswith("hf://"):
        original, resumed = _from_hub(source, offline=bool(blocker)), False
    elif blocker and not source.startswith("file:"):
        raise SourceError(f"not asked, because {blocker} is set")
    else:
        key = hashlib.sha256(source.encode()).hexdigest()[:8] + ("" if alone else f"-{secrets.token_hex(4)}")
        original = folder / f"{_file_name(source)}.{key}.part"
        resumed = download(Wanted(url=source, size=row.size, verified=bool(expected)), original, progress)
    found = digests(original, {"sha256", *expected})
    wrong = _differing(found, expected)
    if wrong and original.parent == folder:
        forget(original)
    if wrong and resumed:  # what an earlier call had left may be damaged: once more, from the first byte
        return _obtain(row, source, folder, alone, progress)
    if wrong:
        noted = f"noted at the first fetch (delete {folder / 'model.json'} to forget that)"
        who = "the manifest says" if row.published else noted
        raise SourceError(f"{wrong} as {who}: it is another file, and was not used")
    if not expected:
        LOGGER.warning("no digest of %s is published; noted its sha256 %s", source, found["sha256"])
    return original, found


def _first_seen(folder: Path) -> dict[str, str]:
    """Returns the digest noted when these weights were first fetched, for weights without a published one."""
    return {k: v for k, v in read_record(folder).get("source_digests", {}).items() if k == "sha256"}


def _from_hub(source: str, offline: bool) -> Path:
    """Returns the file of an hf:// source in the hub's own cache."""
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError

    named = HUB.fullmatch(source)
    if named is None:
        raise SourceError("is not hf://owner/name@commit/file")
    failures: tuple[Any, ...] = tuple(kind for kind in HfHubHTTPError.__mro__ if kind.__name__ == "HTTPError")
    try:
        path = huggingface_hub.hf_hub_download(
            repo_id=named["repo"],
            filename=named["file"],
            revision=named["commit"],
            library_name="slimzoo",
            library_version=slimzoo.__version__,
            local_files_only=offline,
        )
    except (OSError, ValueError, RuntimeError, *failures) as error:
        raise SourceError(f"{type(error).__name__}: {error}") from error
    return Path(path)


def _convert(
    row: WeightsRow, source: str, original: Path, found: dict[str, str], folder: Path
) -> dict[str, Any]:
    """Writes model.safetensors made of `original`; returns the record of it."""
    from slimzoo import converters

    path = folder / "model.safetensors"
    metadata = {
        "tag": row.tag,
        "label_offset": str(row.label_offset),
        "labels": json.dumps(row.labels),
        "preprocessing": json.dumps(row.preprocessing, sort_keys=True),
        "license": row.license,
        "source": source,
        "source_sha256": found["sha256"],
    }
    try:
        report = converters.convert(
            f"{original}::{row.member}" if row.member else original,
            path,
            network=row.network,
            ema=row.ema,
            overwrite=True,
            metadata=metadata,
        )
        classes = report.metadata.get("num_classes", row.num_classes)  # of the network's head in the file
        if str(classes) != str(row.num_classes):
            path.unlink()
            raise SlimzooError(f"it has {classes} classes, not {row.num_classes}")
    except SlimzooError as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno:  # the disk, not the source
            raise
        if original.parent == folder:
            forget(original)
        raise SourceError(f"is not what the row says: {error}") from error
    return {
        "weights": str(row),
        "source": source,
        "source_digests": found,
        "source_size": original.stat().st_size,
        "sha256": report.sha256,
        "size": path.stat().st_size,
        "mtime_ns": path.stat().st_mtime_ns,
        "tensors": report.tensors,
        "parameters": report.parameters,
        "left_out": dict(report.left_out),
        "fetched": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "slimzoo": slimzoo.__version__,
    }
