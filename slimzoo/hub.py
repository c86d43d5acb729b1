"""The Hugging Face Hub: files of a pinned revision, models by hf://user/repo@revision, and pushing."""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import slimzoo
from slimzoo.download import SourceError, digests
from slimzoo.errors import SlimzooError
from slimzoo.manifest import COMMIT, HUB, WeightsRow

LOGGER = logging.getLogger("slimzoo")
MODEL = "model.safetensors"
REMOTE = re.compile(r"hf://(?P<repo>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?")
BESIDE = ("labels.txt", "history.csv")  # of a run: pushed with its model
REPORT = ("report.html", "report.json")  # pushed where asked for: they show images of the data set


class BrokenOffError(SourceError):
    """The hub has the file, for all that is known, but its client could not bring it."""


@dataclass(frozen=True)
class Pushed:
    """What push() did."""

    repo: str
    commit: str
    url: str
    files: tuple[str, ...]

    @property
    def name(self) -> str:
        """What slimzoo.load takes for exactly these weights."""
        return f"hf://{self.repo}@{self.commit}"


def download_file(source: str, offline: bool) -> tuple[Path, bool]:
    """Returns the file of an hf:// source of the manifest in the hub's own cache, and if it was there before.

    Raises: BrokenOffError: the connection did not last. SourceError: it is not there, or not to be asked for.
    """
    named = _named(source)
    try:
        with _hub_errors(SourceError):
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
    with _hub_errors(SlimzooError, f"{name}: "):
        for _ in range(2):
            path, before = _file(named["repo"], MODEL, revision, offline)
            etag = path.resolve().name
            if before or not re.fullmatch("[0-9a-f]{64}", etag) or digests(path)["sha256"] == etag:
                break
            forget_file(path)
        else:
            raise SlimzooError(f"{name}: the hub sent another file than its sha256 {etag} says, twice")
    if not COMMIT.fullmatch(revision) and (commit := _commit(path)):
        LOGGER.info("%s is now hf://%s@%s; that name stays the same file", name, named["repo"], commit)
    return path


def push(
    folder: str | os.PathLike,
    repo: str,
    *,
    private: bool = False,
    with_report: bool = False,
    license: str = "",
    message: str = "",
    revision: str | None = None,
) -> Pushed:
    """Uploads the model in `folder` to the hub's `repo` ("user/name"), with a card made of all that is known.

    The repository is made if it is not there. Token and address are huggingface_hub's (HF_TOKEN,
    HF_ENDPOINT).

    Args:
      folder: of a fine-tuning run, of the cache, or a .safetensors file.
      with_report: upload report.html and report.json too; they show images of the data set.
      license: SPDX; where it is not given, that of the released weights the model is made of.
    Raises: SlimzooError: there is no model, it does not say of which network it is, or the hub refuses.
    """
    import huggingface_hub

    from slimzoo.model_card import model_card

    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repo):
        raise SlimzooError(f"{repo!r} is no repository; it is written user/name")
    model = _model_file(Path(folder))
    card = model_card(model, repo, license)
    contents: dict[str, Path | bytes] = {"README.md": card.encode(), MODEL: model}
    beside = (*BESIDE, *(REPORT if with_report else ())) if model.name == MODEL else ()
    contents |= {name: model.parent / name for name in beside if (model.parent / name).is_file()}
    operations = [
        huggingface_hub.CommitOperationAdd(name, content if isinstance(content, bytes) else str(content))
        for name, content in contents.items()
    ]
    api = huggingface_hub.HfApi(library_name="slimzoo", library_version=slimzoo.__version__)
    with _hub_errors(SlimzooError, f"{repo}: "):
        api.create_repo(repo, private=private, exist_ok=True)
        done = api.create_commit(
            repo, operations, commit_message=message or f"Weights of {model.parent.name}", revision=revision
        )
    return Pushed(repo, done.oid, str(done.commit_url), tuple(contents))


def origin(metadata: dict[str, str]) -> WeightsRow | None:
    """Returns the manifest row that weights with this metadata are, or were made from, or None."""
    import json

    from slimzoo import weights

    network, tag = metadata.get("network", ""), metadata.get("tag", "")
    settings = json.loads(metadata.get("slimzoo_settings", "{}"))
    if settings:
        network, given = settings.get("model", network), settings.get("weights")
        tag = "" if given == "pretrained" else given or "from scratch"
    if "/" in network or "." in network:
        network, tag = weights.split_name(network)
    try:
        return weights.get_row(network, tag or None) if settings or tag else None
    except SlimzooError:  # a file, or a row of another version of the manifest
        return None


def _model_file(given: Path) -> Path:
    path = given / MODEL if given.is_dir() else given
    if not path.is_file():
        raise SlimzooError(f"{given} is no .safetensors file and no folder with a {MODEL}")
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
def _hub_errors(kind: type[SlimzooError], prefix: str = "") -> Iterator[None]:
    """Turns what huggingface_hub and its HTTP library raise into `kind`."""
    from huggingface_hub.errors import HfHubHTTPError

    failures: tuple[Any, ...] = tuple(base for base in HfHubHTTPError.__mro__ if base.__name__ == "HTTPError")
    try:
        yield
    except SlimzooError:
        raise
    except (OSError, ValueError, RuntimeError, *failures) as error:
        text = " ".join(str(error).split())
        raise kind(f"{prefix}{type(error).__name__}: {text}") from error
