"""Where released weights come from: a class for each kind of source that a row of the manifest may name."""

import hashlib
import importlib.resources
import logging
import secrets
import urllib.parse
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Self

from slimzoo.errors import SlimzooError
from slimzoo.weights import hub
from slimzoo.weights.cache import differing, first_seen
from slimzoo.weights.download import (
    SourceError,
    Wanted,
    check_connection,
    digests,
    download,
    forget,
    offline,
)
from slimzoo.weights.manifest import WeightsRow

log = logging.getLogger("slimzoo")


@dataclass(frozen=True, kw_only=True)
class Errand:
    """What a source is to bring, and where to."""

    row: WeightsRow
    folder: Path  # in the cache: for downloads, and what is left of one that breaks off
    progress: bool
    alone: bool = True  # False: another process may be at work in `folder`

    @property
    def expected(self) -> dict[str, str]:
        """The digests that the file must have; {} where none is known, so that the first one is trusted."""
        return self.row.published or first_seen(self.row)

    @property
    def algorithms(self) -> tuple[str, ...]:
        """Of the digests to compute."""
        return tuple({"sha256", *self.expected})


@dataclass(frozen=True)
class Brought:
    """A file that a source brought, its digests not yet compared with those expected."""

    path: Path
    digests: dict[str, str]
    resumed: bool = False  # some of its bytes an earlier call had left: they may be damaged
    delete: Callable[[Path], None] | None = None  # None: it is the user's own

    def discard(self) -> None:
        """Deletes a file that is not what it should be, unless it is the user's own."""
        if self.delete:
            self.delete(self.path)


@dataclass(frozen=True)
class WeightsSource(ABC):
    """One place to have the original file from, as `text` in the manifest names it."""

    SCHEMES: ClassVar[tuple[str, ...]]
    text: str

    @classmethod
    def of(cls, text: str) -> Self | None:
        """Returns the source that `text` names, or None where that is of another kind."""
        return cls(text) if text.startswith(cls.SCHEMES) else None

    @abstractmethod
    def bring(self, errand: Errand) -> Brought:
        """Brings the file. Raises: SourceError: this source does not deliver, another may."""

    @property
    def file_name(self) -> str:
        return urllib.parse.unquote(urllib.parse.urlsplit(self.text).path).rsplit("/", 1)[-1]

    @property
    def recorded(self) -> str:
        """What is noted beside the converted weights as their source."""
        return self.text

    def __str__(self) -> str:
        return self.text


class PackageSource(WeightsSource):
    """A file that comes with slimzoo, and is used where it lies."""

    SCHEMES = ("package:",)

    def bring(self, errand: Errand) -> Brought:
        row = errand.row
        path = Path(str(importlib.resources.files("slimzoo") / self.text.removeprefix("package:")))
        if not path.is_file():
            raise FileNotFoundError(
                f"{path} is missing: the weights {row} come with slimzoo; install it again"
            )
        found = digests(path, errand.algorithms)
        if wrong := differing(found, row.published):
            raise SlimzooError(
                f"{path} is damaged ({wrong}): the weights {row} come with slimzoo; install it again"
            )
        return Brought(path, found)


class FileSource(WeightsSource):
    """A file on this machine or a mounted one."""

    SCHEMES = ("file:",)

    def bring(self, errand: Errand) -> Brought:
        path = Path(urllib.request.url2pathname(urllib.parse.urlsplit(self.text).path))
        if not path.is_file():
            raise SourceError("there is no such file")
        return Brought(path, digests(path, errand.algorithms))


@dataclass(frozen=True)
class KeptSource(FileSource):
    """An original kept in the cache, which once came from `first`."""

    first: str

    def bring(self, errand: Errand) -> Brought:
        return replace(super().bring(errand), delete=forget)

    @property
    def recorded(self) -> str:
        return self.first


class HubSource(WeightsSource):
    """A file of a pinned revision on the Hugging Face Hub; it stays in the hub's own cache."""

    SCHEMES = ("hf://",)

    def bring(self, errand: Errand) -> Brought:
        try:
            path, before = hub.download_file(self.text, offline=bool(offline()))
        except hub.BrokenOffError as error:  # its client begins anew in each process; ours goes on
            log.info("%s: %s; going on by plain HTTP", self, error)
            return HttpSource(*hub.plain_address(self.text)).bring(errand)
        return Brought(path, digests(path, errand.algorithms), before, hub.forget_file)


@dataclass(frozen=True)
class HttpSource(WeightsSource):
    """A file behind an address; `headers` say who asks."""

    SCHEMES = ("https://", "http://")
    headers: Mapping[str, str] = field(default_factory=dict)

    def bring(self, errand: Errand) -> Brought:
        wanted = Wanted(
            url=self.text,
            size=errand.row.size,
            verified=bool(errand.expected),
            algorithms=errand.algorithms,
            headers=self.headers,
        )
        check_connection(wanted.url, wanted.verified)
        if forbidden := offline():
            raise SourceError(f"not asked, because {forbidden} is set")
        part = self._part(errand)
        fetched = download(wanted, part, errand.progress)
        return Brought(part, fetched.digests, fetched.resumed, forget)

    def _part(self, errand: Errand) -> Path:
        """Returns the file to download to: each call goes on with it, but no two processes at once."""
        key = hashlib.sha256(self.text.encode()).hexdigest()[:8]
        own = "" if errand.alone else f"-{secrets.token_hex(4)}"
        return errand.folder / f"{self.file_name}.{key}{own}.part"


KINDS: tuple[type[WeightsSource], ...] = (PackageSource, HubSource, FileSource, HttpSource)


def source_of(text: str) -> WeightsSource:
    """Returns the source that `text` names; an address of no known kind is one that HTTP will refuse."""
    return next(filter(None, (kind.of(text) for kind in KINDS)), HttpSource(text))
