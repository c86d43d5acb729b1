"""The history of a run where others keep theirs: Weights & Biases or MLflow, by their own Python packages."""

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from slimzoo.files import write_text

PROJECT = "slimzoo"
_LONGEST = 500  # characters of a setting: no older MLflow takes more
_NO_FIGURES = ("step", "kind")


class Tracker(Protocol):
    """What is told the rows of a history."""

    def record(self, row: Mapping[str, Any]) -> None:
        """Tells a row."""

    def close(self) -> None:
        """Ends it."""


class _Wandb:
    """A run of Weights & Biases; one that goes on is the same one there."""

    def __init__(self, folder: Path, name: str, settings: Mapping[str, Any]):
        import wandb

        known = _known(folder, "wandb")
        self._run = wandb.init(
            project=PROJECT, name=name, config=dict(settings), dir=str(folder), id=known, resume="allow"
        )
        _remember(folder, "wandb", self._run.id)

    def record(self, row: Mapping[str, Any]) -> None:
        """Tells a row: train/loss, eval/map and so on."""
        self._run.log(figures(row), step=row["step"])

    def close(self) -> None:
        """Ends the run there."""
        self._run.finish()


class _MLflow:
    """A run of MLflow, where its own settings say (MLFLOW_TRACKING_URI); one that goes on is the same one."""

    def __init__(self, folder: Path, name: str, settings: Mapping[str, Any]):
        import mlflow

        self._mlflow, known = mlflow, _known(folder, "mlflow")
        if known is None:
            mlflow.set_experiment(PROJECT)
            _remember(folder, "mlflow", mlflow.start_run(run_name=name).info.run_id)
            mlflow.log_params({key: str(value)[:_LONGEST] for key, value in settings.items()})
        else:
            mlflow.start_run(run_id=known)

    def record(self, row: Mapping[str, Any]) -> None:
        """Tells a row: train/loss, eval/map and so on."""
        self._mlflow.log_metrics(figures(row), step=row["step"])

    def close(self) -> None:
        """Ends the run there."""
        self._mlflow.end_run()


@dataclass(frozen=True)
class Kind:
    """A row of KINDS: the package, whose extra is called like it, and what begins a run of it."""

    package: str
    begin: Callable[[Path, str, Mapping[str, Any]], Tracker]


KINDS = {"wandb": Kind("wandb", _Wandb), "mlflow": Kind("mlflow", _MLflow)}


def problems(name: str) -> list[str]:
    """Returns why there is no such tracker, or that its package is not installed; none where it can be."""
    if name not in KINDS:
        return [f"tracker is {name!r}; allowed are {', '.join(KINDS)}"]
    package = KINDS[name].package
    missing = importlib.util.find_spec(package) is None
    return [f"{package} is not installed: pip install 'slimzoo[{package}]'"] if missing else []


def begin(name: str, folder: Path, called: str, settings: Mapping[str, Any]) -> Tracker:
    """Returns the tracker `name`, begun or gone on with, for the run in `folder`."""
    return KINDS[name].begin(folder, called, settings)


def figures(row: Mapping[str, Any]) -> dict[str, float]:
    """Returns what a row of the history says, each figure under the kind of its row."""
    return {f"{row['kind']}/{name}": value for name, value in row.items() if name not in _NO_FIGURES}


def _known(folder: Path, name: str) -> str | None:
    """Returns the name that the run in `folder` has there, None for a new one."""
    path = folder / f".{name}"
    return path.read_text("utf-8").strip() or None if path.is_file() else None


def _remember(folder: Path, name: str, known: str) -> None:
    write_text(folder / f".{name}", f"{known}\n")
