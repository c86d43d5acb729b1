"""Released weights by name: found in the manifest, downloaded, checked, converted once and cached."""

import json
import logging
import os
import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import slimzoo
from slimzoo.errors import SlimzooError, listing
from slimzoo.files import MODEL, atomic_write, write_error
from slimzoo.weights import cache, manifest
from slimzoo.weights.cache import ORIGINAL, cache_dir, cached, differing
from slimzoo.weights.download import YES, SourceError, forget
from slimzoo.weights.manifest import WeightsRow
from slimzoo.weights.sources import Brought, Errand, KeptSource, PackageSource, WeightsSource, source_of

if TYPE_CHECKING:
    from slimzoo.converters.reports import ConversionReport

log = logging.getLogger("slimzoo")


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
    errand = Errand(row=row, folder=cache_dir() / row.network / row.tag, progress=progress)
    if packaged := PackageSource.of(row.sources[0]):
        return packaged.bring(errand).path
    for root in cache.cache_dirs():
        if _usable(row, root / row.network / row.tag, verify):
            return root / row.network / row.tag / MODEL
    _make_folder(errand.folder)
    with cache.alone_in(errand.folder) as alone:
        if not alone or not _usable(row, errand.folder, verify):  # another process may just have made it
            keep = keep_original or os.environ.get("SLIMZOO_KEEP_ORIGINALS", "").lower() in YES
            Fetching(replace(errand, alone=alone), keep).make()
    return errand.folder / MODEL


def _usable(row: WeightsRow, folder: Path, verify: bool) -> bool:
    """Returns whether the cached file is the one that was written, and was made of what `row` says."""
    there = cached(folder)
    if not there.record or not there.model.is_file():
        return False
    wrong = cache.wrong_with(there, row.published, verify)
    if wrong:
        log.warning("%s is no longer what was cached (%s); it is made again", there.model, wrong)
    return not wrong


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(error, folder) from error
    if not os.access(folder, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise _not_writable(PermissionError(13, ""), folder)


def _not_writable(error: OSError, folder: Path) -> SlimzooError:
    return SlimzooError(f"{write_error(error, folder)} (SLIMZOO_CACHE names another)")


class Fetching:
    """The making of one row's cached file, from the first source that delivers.

    Args:
      keep: keep the original too.
    """

    def __init__(self, errand: Errand, keep: bool):
        self.errand, self.keep = errand, keep
        self.row, self.folder = errand.row, errand.folder

    def make(self) -> None:
        """Makes model.safetensors and model.json. Raises: SlimzooError: no source delivers; see fetch."""
        self._tidy()
        reasons = []
        for source in self._sources():
            try:
                original = self._bring(source)
                record = self._convert(source, original)
            except SourceError as error:
                log.info("%s: %s", source, error)
                reasons.append(f"{source}: {error}")
                continue
            return self._finish(source, original, record)
        reasons += self._ways_out()
        raise SlimzooError(listing(f"no source delivers the weights {self.row}:", reasons))

    def _tidy(self) -> None:
        """Deletes what a killed process left, but its part of a download, which is gone on with."""
        for path in self.folder.glob(".*.tmp") if self.errand.alone else ():
            path.unlink(missing_ok=True)

    def _sources(self) -> list[WeightsSource]:
        """Returns the sources in order: a kept original, the user's mirror, those of the row."""
        there = cached(self.folder)
        addresses = [path.as_uri() for path in there.originals]
        kept = [KeptSource(address, there.record.get("source", address)) for address in addresses]
        return [*kept, *self._mirrors(), *map(source_of, self.row.sources)]

    def _mirrors(self) -> list[WeightsSource]:
        mirror = os.environ.get("SLIMZOO_MIRROR", "").rstrip("/")
        if not mirror:
            return []
        base = mirror if re.match(r"\w+://", mirror) else Path(mirror).expanduser().resolve().as_uri()
        return [source_of(f"{base}/{self.row.network}/{self._file_name}")]

    @property
    def _file_name(self) -> str:
        return source_of(self.row.sources[0]).file_name

    # --- from a source to the right file ---

    def _bring(self, source: WeightsSource) -> Brought:
        """Returns the right file from `source`. Raises: SourceError: it has none, or another one."""
        original = source.bring(self.errand)
        wrong = self._wrong_with(original)
        if wrong and original.resumed:  # what an earlier call had left may be damaged: from the first byte
            original.discard()
            original = source.bring(self.errand)
            wrong = self._wrong_with(original)
        if wrong:
            original.discard()
            raise SourceError(f"{wrong}: it is another file, and was not used")
        if not self.errand.expected:
            self._warn(source, original)
        return original

    def _wrong_with(self, original: Brought) -> str:
        """Returns in what the file is not the right one, and who says so, or ""."""
        row, sha256 = self.row, original.digests["sha256"]
        if wrong := differing(original.digests, self.errand.expected):
            return f"{wrong} as {self._authority()}"
        if not row.sha256 and row.hint and not sha256.startswith(row.hint):
            return (
                f"its sha256 is {sha256}, which does not begin with {row.hint} as the name of the file says"
            )
        return ""

    def _authority(self) -> str:
        if self.row.published:
            return "the manifest says"
        known = cache_dir() / cache.KNOWN
        return f"noted at the first fetch (to forget that, delete {self.row} in {known}, and {self.folder})"

    def _warn(self, source: WeightsSource, original: Brought) -> None:
        hint = self.row.hint
        as_named = f", which begins as the name of the file says ({hint})" if hint else ""
        aside = ", ".join(map(str, cache.set_aside(cache_dir())))
        earlier = f"; an earlier note may be in {aside}, which was damaged: compare" if aside else ""
        log.warning(
            "no digest of %s is published; noted its sha256 %s%s%s",
            source,
            original.digests["sha256"],
            as_named,
            earlier,
        )

    # --- from the right file to the cached one ---

    def _convert(self, source: WeightsSource, original: Brought) -> dict[str, Any]:
        """Writes model.safetensors made of `original`; returns the record of it."""
        try:
            report = self._write_model(source, original)
        except SlimzooError as error:
            if isinstance(error.__cause__, OSError) and error.__cause__.errno:  # the disk, not the source
                raise
            if self.row.published:  # it is the right file; its other sources have the same
                raise SlimzooError(
                    f"{self.row}: {source.recorded} is the published file, but {error}"
                ) from error
            original.discard()
            raise SourceError(f"is not what the row says: {error}") from error
        return self._record(source, original, report)

    def _write_model(self, source: WeightsSource, original: Brought) -> "ConversionReport":
        from slimzoo import converters

        row, path = self.row, self.folder / MODEL
        report = converters.convert(
            f"{original.path}::{row.member}" if row.member else original.path,
            path,
            network=row.network,
            ema=row.ema,
            overwrite=True,
            metadata=_metadata(row, source, original),
            name_map=row.name_map,
            headless=row.num_classes == 0,
        )
        classes = report.metadata.get("num_classes", row.num_classes)  # of the network's head in the file
        if str(classes) != str(row.num_classes):
            path.unlink()
            raise SlimzooError(f"it has {classes} classes, not {row.num_classes}")
        return report

    def _record(self, source: WeightsSource, original: Brought, report: "ConversionReport") -> dict[str, Any]:
        written = (self.folder / MODEL).stat()
        return {
            "weights": str(self.row),
            "source": source.recorded,
            "source_digests": original.digests,
            "source_size": original.path.stat().st_size,
            "sha256": report.sha256,
            "size": written.st_size,
            "mtime_ns": written.st_mtime_ns,
            "tensors": report.tensors,
            "parameters": report.parameters,
            "left_out": dict(report.left_out),
            "fetched": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "slimzoo": slimzoo.__version__,
        }

    def _finish(self, source: WeightsSource, original: Brought, record: Mapping[str, Any]) -> None:
        """Notes what was made, and keeps or deletes the original."""
        if not self.row.published:
            sha256 = original.digests["sha256"]
            cache.note_first_seen(str(self.row), sha256, source.recorded, record["fetched"])
        if self.keep:
            self._keep_original(source, original)
        cache.write_record(self.folder, record)
        if original.path.parent == self.folder:
            forget(original.path)

    def _keep_original(self, source: WeightsSource, original: Brought) -> None:
        """Moves or copies the original to where it is found without a request."""
        place = self.folder / ORIGINAL / source.file_name
        if original.path == place:
            return
        place.parent.mkdir(exist_ok=True)
        if original.path.parent == self.folder:
            os.replace(original.path, place)
            return
        with atomic_write(place, overwrite=True) as temporary:
            shutil.copyfile(original.path, temporary)

    def _ways_out(self) -> list[str]:
        network, name = self.row.network, self._file_name
        rows = [row for row in manifest.rows() if row.network == network and row.maths != "other"]
        others = [row.tag for row in rows if row.tag != self.row.tag]
        return [
            "What you can do:",
            f"- give a file you have: weights=PATH of {name}, or of any checkpoint of {network}",
            f"- name a mirror: SLIMZOO_MIRROR=URL or folder, which holds {network}/{name}",
            "- without a network: slimzoo cache export on another machine, slimzoo cache import here; "
            f"or copy {self.folder} from there (SLIMZOO_CACHE names another cache)",
            *([f"- take other weights of {network}: {', '.join(others)}"] if others else []),
        ]


def _metadata(row: WeightsRow, source: WeightsSource, original: Brought) -> dict[str, str]:
    """Returns what the converted file says of itself."""
    own = {"network_arguments": "{}"} if row.maths == "same" else {}  # slim's, whatever the library has
    return own | {
        "tag": row.tag,
        "label_offset": str(row.label_offset),
        "labels": json.dumps(row.labels),
        "preprocessing": json.dumps(row.preprocessing, sort_keys=True),
        "license": row.license,
        "source": source.recorded,
        "source_sha256": original.digests["sha256"],
    }
