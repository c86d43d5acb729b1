"""Released weights by name: found in the manifest, downloaded, checked, converted once and cached."""

import hashlib
import importlib.resources
import json
import logging
import os
import re
import secrets
import shutil
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import slimzoo
from slimzoo.errors import SlimzooError, listing
from slimzoo.files import MODEL, atomic_write, write_error
from slimzoo.weights import cache, manifest
from slimzoo.weights.cache import ORIGINAL, cache_dir, cached, differing, first_seen
from slimzoo.weights.download import (
    YES,
    Fetched,
    SourceError,
    Wanted,
    check_connection,
    digests,
    download,
    forget,
    offline,
)
from slimzoo.weights.manifest import WeightsRow

LOGGER = logging.getLogger("slimzoo")


def fetch(row: WeightsRow, progress: bool = True, verify: bool = False, keep_original: bool = False) -> Path:
    """Returns the local safetensors file of `row`, downloaded, checked and converted where it is not yet.

    A file in the cache is used without any request. It is made again if it has changed, or the digest in
    the row has. model.json beside it keeps the digests; weights.lock in the cache those of files that nobody
    published one of, and which were trusted when they first came.

    Args:
      verify: read the whole cached file and compare its digest, not only its size and time.
      keep_original: keep the downloaded file too, so that the weights can be made again without a request.
    Raises:
      SlimzooError: the row's weights are of another network; no source delivers (each is listed with its
        reason); or the cache cannot be written.
    """
    if row.maths == "other":
        raise SlimzooError(f"{row} cannot be loaded: {row.note}")
    if row.sources[0].startswith("package:"):
        return _packaged(row)
    for root in cache.cache_dirs():
        if _usable(row, root / row.network / row.tag, verify):
            return root / row.network / row.tag / MODEL
    folder = cache_dir() / row.network / row.tag
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(error, folder) from error
    if not os.access(folder, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise _not_writable(PermissionError(13, ""), folder)
    with cache.alone_in(folder) as alone:
        if not alone or not _usable(row, folder, verify):  # another process may just have made it
            keep = keep_original or os.environ.get("SLIMZOO_KEEP_ORIGINALS", "").lower() in YES
            _build(row, folder, alone, progress, keep)
    return folder / MODEL


def _not_writable(error: OSError, folder: Path) -> SlimzooError:
    return SlimzooError(f"{write_error(error, folder)} (SLIMZOO_CACHE names another)")


def _packaged(row: WeightsRow) -> Path:
    path = Path(str(importlib.resources.files("slimzoo") / row.sources[0].removeprefix("package:")))
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: the weights {row} come with slimzoo; install it again")
    if wrong := differing(digests(path, row.published), row.published):
        raise SlimzooError(
            f"{path} is damaged ({wrong}): the weights {row} come with slimzoo; install it again"
        )
    return path


def _usable(row: WeightsRow, folder: Path, verify: bool) -> bool:
    """Returns whether the cached file is the one that was written, and was made of what `row` says."""
    there = cached(folder)
    if not there.record or not there.model.is_file():
        return False
    wrong = cache.wrong_with(there, row.published, verify)
    if wrong:
        LOGGER.warning("%s is no longer what was cached (%s); it is made again", there.model, wrong)
    return not wrong


# --- making a cached file ---


def _build(row: WeightsRow, folder: Path, alone: bool, progress: bool, keep: bool) -> None:
    """Makes model.safetensors and model.json in `folder` from the first source that delivers."""
    if alone:  # what a killed process left; its part of a download is gone on with
        for path in folder.glob(".*.tmp"):
            path.unlink(missing_ok=True)
    reasons = []
    before = cache.read_record(folder)
    kept = [path.as_uri() for path in cached(folder).originals]
    for source in [*kept, *_in_order(row)]:
        try:
            original, found = _obtain(row, source, folder, alone, progress)
            named = before.get("source", source) if source in kept else source
            record = _convert(row, named, original, found, folder)
        except SourceError as error:
            LOGGER.info("%s: %s", source, error)
            reasons.append(f"{source}: {error}")
            continue
        if not row.published:
            cache.note_first_seen(str(row), found["sha256"], named, record["fetched"])
        if keep:
            _keep(original, folder, _file_name(source))
        cache.write_record(folder, record)
        if original.parent == folder:
            forget(original)
        return
    raise SlimzooError(listing(f"no source delivers the weights {row}:", [*reasons, *_ways_out(row, folder)]))


def _keep(original: Path, folder: Path, name: str) -> None:
    """Moves or copies `original` to where it is found without a request."""
    place = folder / ORIGINAL / name
    if original == place:
        return
    place.parent.mkdir(exist_ok=True)
    if original.parent == folder:
        os.replace(original, place)
        return
    with atomic_write(place, overwrite=True) as temporary:
        shutil.copyfile(original, temporary)


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
    others = [
        r.tag for r in manifest.rows() if r.network == row.network and r.tag != row.tag and r.maths != "other"
    ]
    return [
        "What you can do:",
        f"- give a file you have: weights=PATH of {name}, or of any checkpoint of {row.network}",
        f"- name a mirror: SLIMZOO_MIRROR=URL or folder, which holds {row.network}/{name}",
        "- without a network: slimzoo cache export on another machine, slimzoo cache import here; or copy "
        f"{folder} from there (SLIMZOO_CACHE names another cache)",
        *([f"- take other weights of {row.network}: {', '.join(others)}"] if others else []),
    ]


def _obtain(
    row: WeightsRow, source: str, folder: Path, alone: bool, progress: bool, again: bool = True
) -> tuple[Path, dict[str, str]]:
    """Returns the original file from `source` and its digests, the expected ones checked."""
    expected = row.published or first_seen(row)
    original, fetched = _bring(row, source, folder, alone, progress, tuple({"sha256", *expected}))
    found = fetched.digests
    wrong = differing(found, expected)
    if not wrong and not row.sha256 and row.hint and not found["sha256"].startswith(row.hint):
        wrong = f"its sha256 is {found['sha256']}, which does not begin with {row.hint}"
        expected, who = {}, "the name of the file says"
    elif wrong:
        lock = cache_dir() / cache.KNOWN
        noted = f"noted at the first fetch (to forget that, delete {row} in {lock}, and {folder})"
        who = "the manifest says" if row.published else noted
    if wrong:
        _discard(source, original, folder)
        if fetched.resumed and again:  # what an earlier call had left may be damaged: from the first byte
            return _obtain(row, source, folder, alone, progress, again=False)
        raise SourceError(f"{wrong} as {who}: it is another file, and was not used")
    if not expected:
        LOGGER.warning(
            "no digest of %s is published; noted its sha256 %s%s",
            *(
                source,
                found["sha256"],
                f", which begins as the name of the file says ({row.hint})" * bool(row.hint),
            ),
        )
    return original, found


def _bring(
    row: WeightsRow, source: str, folder: Path, alone: bool, progress: bool, algorithms: tuple[str, ...]
) -> tuple[Path, Fetched]:
    """Returns the file of `source` and its digests, not yet compared with any."""
    blocker = offline()
    headers: dict[str, str] = {}
    if source.startswith("hf://"):
        from slimzoo.weights import hub

        try:
            path, before = hub.download_file(source, offline=bool(blocker))
            return path, Fetched(digests(path, algorithms), before)
        except hub.BrokenOffError as error:  # its client begins anew in each process; ours goes on
            LOGGER.info("%s: %s; going on by plain HTTP", source, error)
            source, headers = hub.plain_address(source)
    if source.startswith("file:"):
        path = Path(urllib.request.url2pathname(urllib.parse.urlsplit(source).path))
        if not path.is_file():
            raise SourceError("there is no such file")
        return path, Fetched(digests(path, algorithms), False)
    verified = bool(row.published or first_seen(row))
    check_connection(source, verified)
    if blocker:
        raise SourceError(f"not asked, because {blocker} is set")
    key = hashlib.sha256(source.encode()).hexdigest()[:8] + ("" if alone else f"-{secrets.token_hex(4)}")
    part = folder / f"{_file_name(source)}.{key}.part"
    wanted = Wanted(url=source, size=row.size, verified=verified, algorithms=algorithms, headers=headers)
    return part, download(wanted, part, progress)


def _discard(source: str, original: Path, folder: Path) -> None:
    """Deletes a file that is not what it should be: in the cache and in the hub's, never the user's own."""
    if original.is_relative_to(folder):
        forget(original)
    elif source.startswith("hf://"):
        from slimzoo.weights.hub import forget_file

        forget_file(original)


def _convert(
    row: WeightsRow, source: str, original: Path, found: dict[str, str], folder: Path
) -> dict[str, Any]:
    """Writes model.safetensors made of `original`; returns the record of it."""
    from slimzoo import converters

    path = folder / MODEL
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
            name_map=row.name_map,
            headless=row.num_classes == 0,
        )
        classes = report.metadata.get("num_classes", row.num_classes)  # of the network's head in the file
        if str(classes) != str(row.num_classes):
            path.unlink()
            raise SlimzooError(f"it has {classes} classes, not {row.num_classes}")
    except SlimzooError as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno:  # the disk, not the source
            raise
        if row.published:  # it is the right file; its other sources have the same
            raise SlimzooError(f"{row}: {source} is the published file, but {error}") from error
        _discard(source, original, folder)
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
