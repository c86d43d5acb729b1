"""The Hugging Face Hub: files of a pinned revision, and models by hf://user/repo@revision."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import slimzoo
from slimzoo.errors import SlimzooError
from slimzoo.files import MODEL
from slimzoo.weights.answers import SourceError, shown
from slimzoo.weights.download import digests
from slimzoo.weights.manifest import COMMIT, HUB

log = logging.getLogger("slimzoo")
_LONGEST = 1000  # characters of what the hub's client says
REMOTE = re.compile(r"hf://(?P<repo>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?")


class BrokenOffError(SourceError):
    """The hub has the file, for all that is known, but its client could not bring it."""


def download_file(source: str, offline: bool) -> tuple[Path, bool]:
    """Returns the file of an hf:// source of the manifest in the hub's own cache, and if it was there before.

    Raises: BrokenOffError: the connection did not last. SourceError: it is not there, or not to be asked for.
    """
    named = _named(source)
    try:
        with hub_errors(SourceError):
            return _file(named["repo"], named["file"], named["revision"], offline)
    except SourceError as error:
        status = getattr(getattr(error.__cause__, "response", None), "status_code", 500)
        if offline or 400 <= status < 500:
            raise
        raise BrokenOffError(str(error)) from error


def plain_address(source: str) -> tuple[str, dict[str, str]]:
    """Returns the address of an hf:// source of the manifest, and the headers that say who asks."""
    import huggingface_hub
    from huggingface_hub.utils import build_hf_headers

    named = _named(source)
    url = huggingface_hub.hf_hub_url(named["repo"], named["file"], revision=named["revision"])
    headers = build_hf_headers(library_name="slimzoo", library_version=slimzoo.__version__)
    return url, headers


def _named(source: str) -> re.Match[str]:
    named = HUB.fullmatch(source)
    if named is None:
        raise SourceError("is not hf://owner/name@revision/file")
    return named


def forget_file(path: Path) -> None:
    """Deletes a file in the hub's cache that is not what it should be, with what its name points to."""
    blob = path.resolve()
    path.unlink(missing_ok=True)
    blob.unlink(missing_ok=True)


def download_model(name: str, offline: bool = False) -> Path:
    """Returns the local model.safetensors of "hf://user/repo@revision", a branch, tag or commit ("main").

    The hub names its large files by their sha256: one that just came is compared with it.
    Raises: SlimzooError: there is no such repository, revision or file, or the hub cannot be reached.
    """
    named = REMOTE.fullmatch(name)
    if named is None:
        raise SlimzooError(
            f"{name!r} is not hf://user/repo@revision, the revision a branch, a tag or a commit"
        )
    revision = named["revision"] or "main"
    with hub_errors(SlimzooError, f"{name}: "):
        for _ in range(2):
            path, before = _file(named["repo"], MODEL, revision, offline)
            etag = path.resolve().name
            if before or not re.fullmatch("[0-9a-f]{64}", etag) or digests(path)["sha256"] == etag:
                break
            forget_file(path)
        else:
            raise SlimzooError(f"{name}: the hub sent another file than its sha256 {etag} says, twice")
    if not COMMIT.fullmatch(revision) and (commit := _commit(path)):
        log.info("%s is now hf://%s@%s; that name stays the same file", name, named["repo"], commit)
    return path


def _file(repo: str, file: str, revision: str, offline: bool) -> tuple[Path, bool]:
    import huggingface_hub

    before = huggingface_hub.try_to_load_from_cache(repo, file, revision=revision)
    path = huggingface_hub.hf_hub_download(
        repo_id=repo,
        filename=file,
        revision=revision,
        library_name="slimzoo",
        library_version=slimzoo.__version__,
        local_files_only=offline,
    )
    return Path(path), isinstance(before, str) and before == str(path)


def _commit(path: Path) -> str:
    """Returns the commit whose snapshot `path` lies in, or ""."""
    return next((part for part in reversed(path.parts) if COMMIT.fullmatch(part)), "")


@contextmanager
def hub_errors(kind: type[SlimzooError], prefix: str = "") -> Iterator[None]:
    """Turns what huggingface_hub and its HTTP library raise into `kind`."""
    from huggingface_hub.errors import HfHubHTTPError

    failures: tuple[Any, ...] = tuple(base for base in HfHubHTTPError.__mro__ if base.__name__ == "HTTPError")
    try:
        yield
    except SlimzooError:
        raise
    # its client lets through what a server's nonsense makes of its arithmetic and look-ups
    except (OSError, ValueError, RuntimeError, ArithmeticError, LookupError, TypeError, *failures) as error:
        raise kind(f"{prefix}{type(error).__name__}: {shown(str(error), _LONGEST)}") from error
