"""`slimzoo benchmark`: images per second and memory on this machine, each measured in its own process."""

import csv
import io
import json
import signal
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from slimzoo.cli.engine_options import engine_option, precision_option, settled, threads_option
from slimzoo.cli.errors import Terminated, failure_for, needs_less
from slimzoo.cli.imports import import_networks, imported
from slimzoo.cli.options import POSITIVE, Several, arguments_option, import_option
from slimzoo.cli.output import echo, echo_json, examples, json_option, progress_option, short_rate, table
from slimzoo.errors import SlimzooError, shown
from slimzoo.files import check_writable, write_text
from slimzoo.files.progress import bar

MODES = ("infer", "train")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")  # of a Keras model
COLUMNS = (  # of --out, and of a result of --json; memory in bytes
    *("network", "mode", "batch_size", "size", "precision", "engine", "threads"),
    *("images_per_second", "low", "high", "runs"),
    *("warm_up", "memory", "before", "error"),
)
SPARE = ("without model>", "runs>", "warm-up>")  # columns that give way on a narrow terminal
_TASK, _ANSWER = "task.json", "answer.json"  # in the folder of a process
Task = dict[str, Any]  # the fields of training.speed.Task, which brings TensorFlow


@dataclass
class Measured:
    """What there is so far; each result is in the file `out` at once."""

    out: str | None
    results: list[dict[str, Any]] = field(default_factory=list)
    machine: dict[str, Any] = field(default_factory=dict)
    stopped: int = 0  # the exit code of what stopped it

    def add(self, task: Task, answer: dict[str, Any]) -> None:
        """Takes what a process answered."""
        self.machine = answer.pop("machine", None) or self.machine
        asked = {name: value for name, value in task.items() if name in COLUMNS}
        self.results.append({**dict.fromkeys(COLUMNS), **asked, **answer})
        if self.out is not None:
            write_text(self.out, self._csv())

    def _csv(self) -> str:
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.results)
        return text.getvalue()


@click.command(
    epilog=examples(
        "slimzoo benchmark mobilenet_v1",
        "slimzoo benchmark 'resnet_v1_*' vgg_16 --batch-size 1,8,32 --mode infer --out speed.csv",
        "slimzoo benchmark inception_v3 --mode train --precision mixed_bfloat16 --steps 20 --json",
        "slimzoo benchmark inception_v3 --engine openvino --precision bfloat16 --threads 1",
    )
)
@click.argument("patterns", nargs=-1, required=True, metavar="NETWORK...")
@click.option(
    "--batch-size",
    "batch_sizes",
    type=Several(POSITIVE, "numbers"),
    default="1,8",
    show_default=True,
    metavar="N,...",
    help="Images at once; several with commas between them.",
)
@click.option("--size", type=POSITIVE, help="Of the images, pixels.  [default: the network's own]")
@arguments_option
@engine_option
@precision_option(PRECISIONS[1:])
@threads_option
@click.option(
    "--mode",
    "modes",
    type=Several(click.Choice(MODES), "modes"),
    metavar="MODE,...",
    help="infer, train (a step of every layer), or both.  [default: infer,train; with --engine infer]",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0, 3600, min_open=True),
    help="That each is measured, in five runs at least, after two that do not count.  [default: 2]",
)
@click.option("--steps", type=POSITIVE, help="Runs that count, in place of --seconds.")
@click.option(
    "--pretrained", is_flag=True, help="Take the released weights.  [default: new ones, nothing is fetched]"
)
@click.option("--out", metavar="FILE", help="Write the results to this .csv too, after each.")
@click.option("--overwrite", is_flag=True, help="Replace FILE if it is there.")
@import_option
@progress_option
@json_option
def benchmark(
    patterns: tuple[str, ...],
    batch_sizes: tuple[int, ...],
    modes: tuple[str, ...] | None,
    engine: str | None,
    precision: str,
    threads: int | None,
    seconds: float | None,
    steps: int | None,
    out: str | None,
    overwrite: bool,
    progress: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Measure images per second and memory on this machine, in inference and in a step of training.

    NETWORK is a name or a pattern as 'mobilenet_*'. Each measurement has a process of its own, so that one
    which runs out of memory does not end the others; Ctrl-C and SIGTERM keep what was measured.
    """
    if seconds is not None and steps is not None:
        raise click.UsageError("give --seconds or --steps, not both")
    if engine is not None and "train" in (modes or ()):
        raise click.UsageError("an engine is for inference: leave --engine out, or give --mode infer")
    settings = settled(engine, precision, threads)
    from slimzoo.catalogue.entries import entries

    names = [entry.name for entry in entries(*patterns)]
    if out is not None:  # before anything is measured
        check_writable(out, overwrite)
    tasks = [
        {
            "network": name,
            "mode": mode,
            "batch_size": size,
            "precision": precision,
            "engine": settings and settings.engine,
            "threads": threads,
            "seconds": seconds or 2.0,
            "steps": steps,
            **options,
        }
        for name in names
        for mode in modes or (MODES if settings is None else ("infer",))
        for size in batch_sizes
    ]
    measured = Measured(out)
    _measure_all(tasks, measured, progress)
    _print(measured, as_json)
    if measured.stopped:
        raise click.exceptions.Exit(measured.stopped)
    if failed := [result for result in measured.results if result["error"]]:
        lines = [f"{_title(result)}: {result['error']}" for result in failed]
        raise SlimzooError("\n".join([f"{len(failed)} of {len(tasks)} could not be measured:", *lines]))
    return None


def _measure_all(tasks: Sequence[Task], measured: Measured, progress: bool) -> None:
    with bar(tasks, desc="benchmark", unit="measurement", disable=not progress, leave=False) as shown:
        for task in shown:
            shown.set_postfix_str(_title(task))
            try:
                answer = _in_a_process(task)
            except KeyboardInterrupt:
                measured.stopped = 128 + signal.SIGINT
                return
            except Terminated:
                measured.stopped = 128 + signal.SIGTERM
                return
            measured.add(task, answer)


def _in_a_process(task: Task) -> dict[str, Any]:
    """Returns what measure_here() found of `task` in a process of its own, or what kept it from that."""
    from slimzoo.parity import process

    with tempfile.TemporaryDirectory(prefix="slimzoo-benchmark-") as name:
        folder = Path(name)
        (folder / _TASK).write_text(json.dumps({"imports": imported(), "task": task}), encoding="utf-8")
        try:
            process.run(
                f"{__name__}:measure_here",
                folder,
                _title(task),
                environment={},
                endless=True,
                advice=f"If it was out of memory: {needs_less(task)}",
            )
        except SlimzooError as error:
            return {"error": str(error)}
        return json.loads((folder / _ANSWER).read_text(encoding="utf-8"))


def measure_here(folder: Path) -> None:
    """What the process of its own does: it measures the task in `folder`, and leaves the answer there."""
    asked = json.loads((folder / _TASK).read_text(encoding="utf-8"))
    for source in asked["imports"]:
        import_networks(source)
    from slimzoo.training import speed

    answer: dict[str, Any] = {"machine": speed.machine()}
    try:
        answer |= speed.measure(speed.Task(**asked["task"])).to_dict()
    except Exception as error:
        failure = failure_for(error, given=asked["task"])
        if failure is None:
            raise
        answer["error"] = failure.message
    (folder / _ANSWER).write_text(json.dumps(answer), encoding="utf-8")


def _title(task: Task) -> str:
    engine = f", {task['engine']}" if task.get("engine") else ""
    return f"{task['network']}, {task['mode']}{engine}, batch {task['batch_size']}"


def _print(measured: Measured, as_json: bool) -> None:
    if as_json:
        said = {"machine": measured.machine, "results": measured.results, "stopped": bool(measured.stopped)}
        return echo_json(said)
    done = [result for result in measured.results if not result["error"]]
    if done:
        columns = (
            "network",
            "mode",
            "computed by",
            "batch>",
            "size>",
            "images/s>",
            "quartiles>",
            "runs>",
            "warm-up>",
            "memory>",
        )
        echo(table((*columns, "without model>"), map(_cells, done), _machine(measured.machine), SPARE))
    if measured.stopped:
        echo("stopped: this is what was measured until then")
    return None


def _cells(result: dict[str, Any]) -> tuple[Any, ...]:
    return (
        *(result["network"], result["mode"], f"{result['engine'] or 'Keras'}, {result['precision']}"),
        *(result["batch_size"], result["size"]),
        short_rate(result["images_per_second"]),
        f"{short_rate(result['low'])} to {short_rate(result['high'])}",
        result["runs"],
        f"{result['warm_up']:.1f} s",
        *(_megabytes(result[name]) for name in ("memory", "before")),
    )


def _megabytes(count: int | None) -> str | None:
    return None if count is None else f"{count / 1e6:,.0f} MB"


def _machine(machine: dict[str, Any]) -> str:
    if not machine:
        return ""
    devices = "" if machine["devices"] == "CPU" else f", {machine['devices']}"
    computes = f"{machine['processor']}, {machine['cores']} cores, {machine['threads']} threads{devices}"
    return shown(f"{computes}; TensorFlow {machine['tensorflow']}", 300)
