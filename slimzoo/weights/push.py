"""Uploading a model of one's own to the hub, with its page."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import slimzoo
from slimzoo.errors import SlimzooError
from slimzoo.files import MODEL
from slimzoo.weights.hub import hub_errors

BESIDE = ("labels.txt", "history.csv")  # of a run: pushed with its model
REPORT = ("report.html", "report.json")  # pushed where asked for: they show images of the data set


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

    from slimzoo.weights.model_card import model_card

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
    with hub_errors(SlimzooError, f"{repo}: "):
        api.create_repo(repo, private=private, exist_ok=True)
        done = api.create_commit(
            repo, operations, commit_message=message or f"Weights of {model.parent.name}", revision=revision
        )
    return Pushed(repo, done.oid, str(done.commit_url), tuple(contents))


def _model_file(given: Path) -> Path:
    path = given / MODEL if given.is_dir() else given
    if not path.is_file():
        raise SlimzooError(f"{given} is no .safetensors file and no folder with a {MODEL}")
    return path
