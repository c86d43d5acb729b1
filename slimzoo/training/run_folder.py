"""The folder of a training run: its settings, its history, and whether it can be gone on with."""

import contextlib
import csv
import functools
import hashlib
import io
import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from slimzoo.data.dataset import Dataset
from slimzoo.errors import SlimzooError, listing
from slimzoo.files import MODEL, atomic_write, check_folder, check_writable, schema, write_text
from slimzoo.files.locks import alone_at
from slimzoo.files.schema import Damaged, needed
from slimzoo.training.state import checkpoints, newest, settings_in

log = logging.getLogger("slimzoo")
COLUMNS = (
    *("step", "epoch", "kind", "loss", "regularization"),
    *("map", "map_11point", "accuracy", "learning_rate"),
)
MASK_COLUMNS = (  # where pixels have classes
    *("step", "epoch", "kind", "loss", "regularization"),
    *("miou", "pixel_accuracy", "boundary_f", "learning_rate"),
)
# What a run makes, besides config.json, checkpoints and event files.
RAW = "model-raw.safetensors"  # the weights whose average MODEL is
PREDICTIONS = "predictions.npz"
MADE = (MODEL, RAW, "labels.txt", "history.csv", PREDICTIONS, "report.html", "report.json")
RATE_TABLE, RATE_CHART = "lr.csv", "lr.svg"  # of a range test, which a run may follow
TRACKED = (".wandb", ".mlflow")  # what the run is called there
LOCK, CHECKPOINTS = ".lock", "checkpoints"
_CONFIG: schema.Schema = {
    "settings": needed(schema.dict_of(schema.anything())),
    "finished": needed(schema.flag()),
}
_BEGINNING = b'{\n "settings":'  # of config.json, as it is written here


@contextlib.contextmanager
def alone_in_run(path: str | os.PathLike) -> Iterator[Path]:
    """Yields the folder of a run, made if need be, which no other process trains in inside the block.

    It is taken away again if the block fails before anything is in it.
    Raises:
      FileExistsError: `path` is a file.
      SlimzooError: another process trains there, or it cannot be made.
    """
    path = Path(path)
    check_folder(path)
    check_writable(path / "config.json", overwrite=True)
    try:
        with alone_at(path, path / LOCK, "wait for it, or name another folder, out=DIR"):
            yield path
    except Exception:
        with contextlib.suppress(OSError):
            path.rmdir()
        raise


def check_free(path: str | os.PathLike, overwrite: bool = False) -> None:
    """Raises FileExistsError where it shows at once that no run can begin or go on in `path`; makes nothing.

    RunFolder looks closer: at damaged files, and at the settings of a run that goes on.
    """
    path = Path(path)
    check_folder(path)
    with contextlib.suppress(FileNotFoundError, Damaged):
        config = schema.read(path / "config.json")
        if not overwrite and not schema.problems(config, _CONFIG) and config["finished"]:
            raise _is_finished(path)
        return
    if _holds_something(path) and not (path / "config.json").exists() and not checkpoints(path / CHECKPOINTS):
        raise _of_others(path)


def _holds_something(path: Path) -> bool:
    return path.is_dir() and any(
        not entry.name.startswith(".") and entry.name not in (RATE_TABLE, RATE_CHART)
        for entry in path.iterdir()
    )


def _of_others(path: Path) -> FileExistsError:
    return FileExistsError(
        f"{path} holds other things than a run, which nothing may overwrite; name a new folder, out=DIR"
    )


def _is_finished(path: Path) -> FileExistsError:
    return FileExistsError(
        f"{path} holds a finished run; name another folder, out=DIR; overwrite=True replaces it"
    )


class RunFolder:
    """One run on disk. Opening it decides between a new run, going on, and refusing; start() then writes.

    Raises:
      FileExistsError: `path` is a file, holds other things, or a finished run and not `overwrite`.
      SlimzooError: it holds an unfinished run with other settings, or cannot be written.
    """

    def __init__(self, path: str | os.PathLike, settings: Mapping[str, Any], overwrite: bool = False):
        self.path = Path(path)
        self.settings = json.loads(json.dumps(settings, default=str))
        self.history: list[dict[str, Any]] = []
        check_folder(self.path)
        check_writable(self.config_path, overwrite=True)
        before = self._read_config()
        if before is None and _holds_something(self.path):
            raise _of_others(self.path)
        self.goes_on = False
        if before is None or overwrite:
            return
        self.goes_on = self.newest_checkpoint is not None
        if before["finished"] or ((self.path / MODEL).exists() and not self.goes_on):
            raise _is_finished(self.path)
        if not self.goes_on:  # it has nothing to lose: its settings may have been what it failed on
            return
        if before["settings"] is None:
            raise Damaged(
                f"{self.config_path} is damaged, and no checkpoint remembers the settings of the run: nobody "
                "can tell whether these are they. Name another folder, out=DIR; overwrite=True begins anew"
            )
        self._check_same(before["settings"])

    def start(self) -> None:
        """Notes the settings; removes what was left half written, and a run that is to be replaced."""
        gone = [*self.path.glob(".*.tmp"), *self.checkpoint_folder.glob(".*.tmp")]
        if not self.goes_on:
            gone += [self.path / name for name in (*MADE, *TRACKED)]
            gone += [*self.checkpoint_folder.glob("step-*.safetensors"), *self._event_files()]
        for path in gone:
            path.unlink(missing_ok=True)
        self._write_config(finished=False)

    @property
    def config_path(self) -> Path:
        """Settings and whether the run is finished, JSON."""
        return self.path / "config.json"

    @property
    def checkpoint_folder(self) -> Path:
        """What a killed run goes on from."""
        return self.path / CHECKPOINTS

    @property
    def newest_checkpoint(self) -> Path | None:
        """The checkpoint to go on from, or None."""
        return newest(self.checkpoint_folder)

    def finish(self) -> None:
        """Marks the run as finished."""
        self._write_config(finished=True)

    def record(self, row: Mapping[str, Any]) -> None:
        """Adds a row to history.csv."""
        self.noted(row)()

    def noted(self, row: Mapping[str, Any]) -> Callable[[], None]:
        """Adds a row to the history; returns what writes history.csv as it is now."""
        self.history.append(dict(row))
        return functools.partial(self._write_history, [*self.history])

    def rewind(self, history: Iterable[Mapping[str, Any]]) -> None:
        """Takes up the history that a checkpoint remembers; what came after it never happened."""
        self.history = [dict(row) for row in history]
        self._write_history(self.history)

    def _write_history(self, history: Sequence[Mapping[str, Any]]) -> None:
        write_text(self.path / "history.csv", _to_csv(history))

    def _event_files(self) -> Iterable[Path]:
        return [
            *self.path.glob("tensorboard/events.out.tfevents.*"),
            *self.path.glob("tensorboard/plugins/profile/*/*"),
        ]

    def _read_config(self) -> dict[str, Any] | None:
        """Returns what config.json says; None where there is none, or another program's.

        One that is damaged or gone is made up for by what the checkpoints remember; "settings" is None where
        they do not.
        """
        path, saved = self.config_path, checkpoints(self.checkpoint_folder)
        try:
            config = schema.read(path)
        except FileNotFoundError:
            settings = self._remembered(f"{path} is not there", saved)
            return None if settings is None else {"settings": settings, "finished": False}
        except Damaged as error:
            why = str(error)
            if not _begins_as_ours(path):
                return None
        else:
            if not isinstance(config, dict) or not _CONFIG.keys() & config.keys():
                return None
            wrong = schema.problems(config, _CONFIG)
            if not wrong:
                return config
            why = listing(f"{path} says what cannot be:", wrong)
        return {"settings": self._remembered(why, [self.path / MODEL, *saved]), "finished": False}

    def _remembered(self, why: str, paths: Iterable[Path]) -> dict[str, Any] | None:
        """Returns the settings that the last of `paths` remembers that can be read, or None."""
        for path in reversed([*paths]):
            with contextlib.suppress(SlimzooError):
                if settings := settings_in(path):
                    log.warning("%s\nThe settings of the run are taken from %s", why, path)
                    return settings
        return None

    def _write_config(self, finished: bool) -> None:
        config = {"settings": self.settings, "finished": finished}
        write_text(self.config_path, json.dumps(config, indent=1, ensure_ascii=False) + "\n")

    def _check_same(self, before: Mapping[str, Any]) -> None:
        keys = sorted(before.keys() | self.settings.keys())
        problems = [
            f"{key}: {before.get(key)!r} then, {self.settings.get(key)!r} now"
            for key in keys
            if before.get(key) != self.settings.get(key)
        ]
        if problems:
            headline = f"{self.path} holds an unfinished run with other settings;"
            raise SlimzooError(
                listing(
                    f"{headline} use the same, or another folder, out=DIR; overwrite=True begins anew:",
                    problems,
                )
            )


def _begins_as_ours(path: Path) -> bool:
    """Whether the file is a config.json of slimzoo's as far as it goes; an empty one may be."""
    try:
        with open(path, "rb") as file:
            beginning = file.read(len(_BEGINNING)).rstrip(b"\0")
    except OSError:
        return False
    return _BEGINNING.startswith(beginning)


def write_predictions(folder: Path, data: Dataset, **arrays: Any) -> Path:
    """Writes `arrays`, of the evaluated images of `data`, with their paths and classes: predictions.npz."""
    path = folder / PREDICTIONS
    with atomic_write(path, overwrite=True) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, paths=np.array(data.paths), classes=np.array(data.classes), **arrays)
    return path


def fingerprint(dataset: Dataset) -> str:
    """Returns a hash of file names, labels and weights: the same data, wherever it lies."""
    digest = hashlib.sha256("\n".join(dataset.classes).encode())
    for example in dataset.examples:
        digest.update(f"\n{example.name}".encode("utf-8", "surrogateescape"))
    digest.update(dataset.truth + b"as they lie" * (not dataset.turn))
    return digest.hexdigest()[:16]


def _to_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    out = io.StringIO()
    columns = MASK_COLUMNS if any("miou" in row for row in rows) else COLUMNS
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})
    return out.getvalue()
