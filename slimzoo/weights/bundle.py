"""Bundles: weights of the cache in one file, to carry them to a machine without a network."""

import hashlib
import io
import json
import logging
import tarfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import slimzoo
from slimzoo.errors import SlimzooError, listing
from slimzoo.files import MODEL, atomic_write, schema, write_error
from slimzoo.files.locks import writing
from slimzoo.files.schema import needed
from slimzoo.registry import get_row
from slimzoo.weights import cache, manifest
from slimzoo.weights.cache import Cached
from slimzoo.weights.download import CHUNK, digests
from slimzoo.weights.manifest import WeightsRow

log = logging.getLogger("slimzoo")
INDEX = "slimzoo-bundle.json"  # the first member: what the others are
FORMAT = 1
LONGEST = 1 << 22  # bytes of a header or the index: several thousand weights
_FIELDS: schema.Schema = {  # of a line of the index
    "size": needed(schema.whole()),
    "sha256": needed(schema.text()),
    "source": needed(schema.text()),
    "source_digests": needed(schema.dict_of(schema.text())),
    "fetched": needed(schema.text()),
}


def export_bundle(
    path: str | Path, names: Iterable[str] = (), overwrite: bool = False
) -> tuple[str, list[str]]:
    """Writes weights of the cache to the file `path`, a tar; returns its sha256 and what is in it.

    Args:
      names: "network" or "network.tag"; none: all that are in the cache and not damaged.
    Raises: SlimzooError: something named is not in the cache, or damaged; or the file cannot be written.
    """
    chosen = _chosen(names)
    index = {"format": FORMAT, "slimzoo": slimzoo.__version__, "weights": [_entry(c) for c in chosen]}
    content = json.dumps(index, indent=1).encode()
    with (
        writing(path),
        atomic_write(path, overwrite) as temporary,
        tarfile.open(temporary, "w", format=tarfile.GNU_FORMAT) as tar,
    ):
        tar.addfile(_member(INDEX, len(content)), io.BytesIO(content))
        for there in chosen:
            with open(there.model, "rb") as file:
                tar.addfile(_member(_inside(there.name), there.record["size"]), file)
    return digests(Path(path))["sha256"], [there.name for there in chosen]


def import_bundle(path: str | Path, sha256: str = "") -> dict[str, str]:
    """Puts the weights in the bundle `path` into the cache; returns what was done with each: {name: words}.

    Everything is checked before it is placed: that the bundle is nothing but weights of this slimzoo's
    manifest, that each file is whole and of its row's network, that it was made of the published file or of
    the one first trusted here, and that it holds finite numbers.

    Args:
      sha256: what `export_bundle` returned, carried by another way: then the bundle is known to be that one.
    Raises: SlimzooError: anything is not so; what is wrong is named, and what came before it stays imported.
    """
    path = Path(path)
    if not path.is_file():
        raise SlimzooError(f"there is no file {path}")
    if sha256 and (found := digests(path)["sha256"]) != sha256.lower():
        raise SlimzooError(f"{path} has the sha256 {found}, not {sha256}: it is another bundle, or damaged")
    try:
        with open(path, "rb") as file, tarfile.open(fileobj=_Careful(file), mode="r:") as tar:
            return _import(path, tar)
    except (tarfile.TarError, EOFError, ValueError, OverflowError, RecursionError) as error:
        if isinstance(error, SlimzooError):
            raise
        raise SlimzooError(f"{path} is no bundle, or damaged: {error}") from error


class _Careful(io.RawIOBase):
    """A file that refuses to be read in large pieces, which only a hostile header asks for."""

    def __init__(self, file: Any):
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= LONGEST:
            raise SlimzooError(f"a header claims {size:,} bytes of its own: this is no bundle of slimzoo's")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def _import(path: Path, tar: tarfile.TarFile) -> dict[str, str]:
    expected = _read_index(path, tar)
    done: dict[str, str] = {}
    for row, entry in expected:
        member = tar.next()
        if member is None:
            raise SlimzooError(f"{path} ends before {row}: it is not whole")
        if not member.isreg() or member.issparse() or member.name != _inside(str(row)):
            raise SlimzooError(f"{path} has {member.name!r} where {_inside(str(row))!r} should be")
        if member.size != entry["size"]:
            raise SlimzooError(
                f"{path}: {row} has {member.size:,} bytes, not {entry['size']:,} as its index says"
            )
        done[str(row)] = _place(tar, member, row, entry)
    if (more := tar.next()) is not None:
        raise SlimzooError(f"{path} has {more.name!r}, which its index does not name")
    return done


def _read_index(path: Path, tar: tarfile.TarFile) -> list[tuple[WeightsRow, dict[str, Any]]]:
    first = tar.next()
    if first is None or first.name != INDEX or not first.isreg() or first.issparse() or first.size > LONGEST:
        raise SlimzooError(
            f"{path} is no bundle: it does not begin with {INDEX}. `slimzoo cache export` makes one"
        )
    index = json.loads(_content(tar, first).read(first.size))
    if (
        not isinstance(index, dict)
        or index.get("format") != FORMAT
        or not isinstance(index.get("weights"), list)
    ):
        raise SlimzooError(
            f"{path} is a bundle of a format that this slimzoo does not know; it knows {FORMAT}"
        )
    problems, found = [], []
    for entry in index["weights"]:
        wrong, row = _checked(entry)
        problems += wrong
        found += [(row, entry)] if row else []
    names = [str(row) for row, _ in found]
    problems += [f"{name} is there twice" for name in sorted(set(names)) if names.count(name) > 1]
    if problems:
        raise SlimzooError(listing(f"{path} cannot be imported:", problems))
    return found


def _checked(entry: Any) -> tuple[list[str], WeightsRow | None]:
    """Returns what is wrong with a line of the index, and its row."""
    if not isinstance(entry, dict) or not isinstance(name := entry.get("weights"), str):
        return [f"{entry!r:.80} is no line of an index"], None
    wrong = [f"{name}: {problem}" for problem in schema.problems(entry, _FIELDS)]
    if wrong:
        return wrong, None
    try:
        row = manifest.get_row(name)
    except SlimzooError as error:
        return [str(error)], None
    made_of = entry["source_digests"]
    if name != str(row) or not cache.is_digest(entry["sha256"]) or not cache.is_digest(made_of.get("sha256")):
        wrong.append(f"{name}: the index does not say its digests")
    if different := cache.differing(made_of, row.published or cache.first_seen(row)):
        wrong.append(f"{row}: of the file it is made of, {different}")
    if row.maths == "other":
        wrong.append(f"{row}: {row.note}")
    return wrong, None if wrong else row


def _place(tar: tarfile.TarFile, member: tarfile.TarInfo, row: WeightsRow, entry: Mapping[str, Any]) -> str:
    """Writes one member to the cache; returns what was done."""
    folder, new = cache.cache_dir() / row.network / row.tag, not cache.first_seen(row)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(error, folder) from error
    with cache.alone_in(folder):
        there = cache.cached(folder)
        same = there.record.get("sha256") == entry["sha256"]
        if same and not cache.wrong_with(there, row.published, verify=True):
            return "was here already"
        with atomic_write(folder / MODEL, overwrite=True) as temporary:
            _copy(_content(tar, member), temporary, row, entry)
            _check_weights(temporary, row)
        stat = (folder / MODEL).stat()
        kept = {key: entry[key] for key in ("sha256", *_FIELDS)}
        cache.write_record(
            folder, {"weights": str(row), **kept, "mtime_ns": stat.st_mtime_ns, "imported": _now()}
        )
    if not row.published:
        sha256 = entry["source_digests"]["sha256"]
        if new:
            log.warning("no digest of what %s is made of is published; noted the bundle's, %s", row, sha256)
        cache.note_first_seen(str(row), sha256, entry["source"], _now())
    return "imported"


def _copy(content: Any, target: Path, row: WeightsRow, entry: Mapping[str, Any]) -> None:
    digest, size = hashlib.sha256(), 0
    with open(target, "wb") as file:
        while block := content.read(CHUNK):
            file.write(block)
            digest.update(block)
            size += len(block)
    if size != entry["size"]:
        raise SlimzooError(
            f"{row}: the bundle ends after {size:,} of {entry['size']:,} bytes: it is not whole"
        )
    if digest.hexdigest() != entry["sha256"]:
        raise SlimzooError(f"{row}: its sha256 is {digest.hexdigest()}, not {entry['sha256']}: it is damaged")


def _check_weights(path: Path, row: WeightsRow) -> None:
    """Raises SlimzooError unless `path` holds the variables of the row's network, all finite."""
    from slimzoo import converters
    from slimzoo.tracing.shapes import shapes_of

    source = converters.FORMATS["safetensors"].read(path)
    if source.metadata.get("network") != row.network or source.metadata.get("tag") != row.tag:
        raise SlimzooError(f"{row}: the file says that it is of {source.metadata.get('network')!r}")
    heads = [f"{scope}/" for scope in get_row(row.network).side_heads]
    wanted = {
        name: shape
        for name, shape in shapes_of(row.network, row.num_classes).items()
        if name in source or not name.startswith(tuple(heads))
    }
    converters.match(source.shapes, wanted, what=f"{row} and {row.network}")
    if broken := converters.nonfinite(source):
        raise SlimzooError(f"{row} holds NaN or infinity: {', '.join(broken)}")


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Any:
    content = tar.extractfile(member)
    assert content is not None  # it is a regular file
    return content


def _chosen(names: Iterable[str]) -> list[Cached]:
    there = {c.name: c for c in cache.cached_weights() if c.record}
    rows = [manifest.get_row(name) for name in names]
    problems = [
        f"{row} is not in the cache; slimzoo download {row} brings it"
        for row in rows
        if str(row) not in there
    ]
    chosen = [there[str(row)] for row in rows if str(row) in there] if rows else [*there.values()]
    for found in chosen:
        if wrong := cache.wrong_with(found, {}, verify=True):
            problems.append(
                f"{found.name} is damaged ({wrong}); slimzoo download {found.name} makes it again"
            )
    if not chosen and not problems:
        problems.append(f"the cache {cache.cache_dir()} is empty")
    if problems:
        raise SlimzooError(listing("nothing was exported:", problems))
    return chosen


def _entry(there: Cached) -> dict[str, Any]:
    return {"weights": there.name, **{key: there.record.get(key, "") for key in ("sha256", *_FIELDS)}}


def _inside(name: str) -> str:
    network, tag = manifest.split_name(name)
    return f"{network}/{tag}/{MODEL}"


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o644
    return member


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
