"""The folder of a training run: its settings, its history, and whether it can be gone on with."""

import csv
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from slimzoo.data.dataset import Dataset
from slimzoo.errors import SlimzooError, listing
from slimzoo.files import check_writable, write_text
from slimzoo.training.state import newest

COLUMNS = ("step", "epoch", "kind", "loss", "regularization", "map", "map_11point", "accuracy", "learning_rate")


class RunFolder:
    """One run on disk. Opening it decides between a new run, going on, and refusing."""

    def __init__(self, path: str | os.PathLike, settings: Mapping[str, Any], overwrite: bool = False):
        self.path = Path(path)
        self.settings = json.loads(json.dumps(settings, default=str))
        self.history: list[dict[str, Any]] = []
        if self.path.exists() and not self.path.is_dir():
            raise FileExistsError(f"{self.path} is a file; name a folder for the run")
        check_writable(self.config_path, overwrite=True)
        before = self._read_config()
        if before is None and not overwrite and any(p for p in self.path.iterdir() if not p.name.startswith(".")):
            raise FileExistsError(f"{self.path} holds other things; name a new folder for the run (--out)")
        if overwrite or before is None:
            self._clear()
        elif before.get("finished"):
            raise FileExistsError(
                f"{self.path} holds a finished run; name another folder (--out), or replace it (--overwrite)"
            )
        else:
            self._check_same(before["settings"])
        self._write_config(finished=False)

    @property
    def config_path(self) -> Path:
        """Settings and whether the run is finished, JSON."""
        return self.path / "config.json"

    @property
    def checkpoint_folder(self) -> Path:
        """What a killed run goes on from."""
        return self.path / "checkpoints"

    @property
    def newest_checkpoint(self) -> Path | None:
        """The checkpoint to go on from, or None."""
        return newest(self.checkpoint_folder)

    def finish(self) -> None:
        """Marks the run as finished."""
        self._write_config(finished=True)

    def record(self, **row: Any) -> None:
        """Adds a row to history.csv."""
        self.history.append(row)
        write_text(self.path / "history.csv", _to_csv(self.history))

    def rewind(self, history: Iterable[Mapping[str, Any]]) -> None:
        """Takes up the history that a checkpoint remembers; what came after it never happened."""
        self.history = [dict(row) for row in history]

    def _read_config(self) -> dict[str, Any] | None:
        if not self.config_path.is_file():
            return None
        try:
            config = json.loads(self.config_path.read_text("utf-8"))
            return config if {"settings", "finished"} <= config.keys() else None
        except (json.JSONDecodeError, UnicodeDecodeError, AttributeError):
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
            headline = f"{self.path} holds an unfinished run with other settings; use the same, another --out, or "
            raise SlimzooError(listing(f"{headline}--overwrite:", problems))

    def _clear(self) -> None:
        for path in [*self.checkpoint_folder.glob("step-*.safetensors"), *self.path.glob("tensorboard/events.*")]:
            path.unlink()


def fingerprint(dataset: Dataset) -> str:
    """Returns a hash of file names, labels and weights: the same data, wherever it lies."""
    digest = hashlib.sha256("\n".join(dataset.classes).encode())
    for path in dataset.paths:
        digest.update(f"\n{Path(path).name}".encode("utf-8", "surrogateescape"))
    digest.update(dataset.labels.tobytes() + dataset.weights.tobytes())
    return digest.hexdigest()[:16]


def _to_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    import io

    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})
    return out.getvalue()
