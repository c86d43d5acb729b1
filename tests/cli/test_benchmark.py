"""`slimzoo benchmark`: a process for each, what fails is told at the end, what was measured is kept."""

import csv
import importlib
import json

import pytest

from slimzoo.cli.errors import Terminated
from slimzoo.errors import SlimzooError
from slimzoo.parity import process

MACHINE = {"processor": "One", "cores": 2, "threads": 2, "tensorflow": "2", "devices": "CPU"}
SPEED = {"images_per_second": 9.0, "low": 8.0, "high": 9.5, "runs": 5, "warm_up": 1.0, "size": 28}
MEMORY = {"memory": 2_000_000, "before": 1_000_000}

benchmark = importlib.import_module("slimzoo.cli.benchmark")  # the package calls its command so


@pytest.fixture
def processes(monkeypatch):
    """What the processes would answer, one after the other; and what they are asked."""
    answers, asked = [], []

    def answer(task):
        asked.append((task["network"], task["mode"], task["batch_size"]))
        found = answers[len(asked) - 1] if answers else SPEED
        if isinstance(found, BaseException):
            raise found
        return {"machine": MACHINE, **found}

    monkeypatch.setattr(benchmark, "_in_a_process", answer)
    return answers, asked


def lines(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_each_network_mode_and_batch_is_measured_once(slimzoo, processes):
    result = slimzoo(
        "benchmark", "lenet", "vgg_1*", "lenet", "--batch-size", "2, 1,2", "--mode", "train,infer"
    )
    assert result.code == 0, result.err
    names = ("lenet", "vgg_16", "vgg_19")
    assert processes[1] == [(n, mode, b) for n in names for mode in ("train", "infer") for b in (2, 1)]
    assert "One, 2 cores, 2 threads; TensorFlow 2" in result.out and "8 to 9.5" in result.out


def test_one_that_fails_ends_no_other_and_is_told_at_the_end(slimzoo, processes, tmp_path):
    processes[0][:] = [SPEED | MEMORY, {"error": "its process was ended by signal 9"}, SPEED]
    given = ("benchmark", "lenet", "--batch-size", "1,2,3", "--mode", "infer", "--out", "new/b.csv")
    result = slimzoo(*given, "--no-progress")
    assert result.code == 2
    assert "1 of 3 could not be measured:\nlenet, infer, batch 2: its process was ended" in result.err
    assert "2 MB" in result.out
    rows = lines(tmp_path / "new" / "b.csv")
    assert [(row["batch_size"], row["images_per_second"], row["error"][:11]) for row in rows] == [
        ("1", "9.0", ""),
        ("2", "", "its process"),
        ("3", "9.0", ""),
    ]


@pytest.mark.parametrize(("stop", "code"), [(KeyboardInterrupt(), 130), (Terminated(143), 143)])
def test_ctrl_c_and_sigterm_keep_what_was_measured_and_say_so(slimzoo, processes, tmp_path, stop, code):
    processes[0][:] = [SPEED, stop]
    result = slimzoo("benchmark", "lenet", "--batch-size", "1,2,3", "--mode", "infer", "--out", "b.csv")
    assert result.code == code
    assert "stopped: this is what was measured until then" in result.out and "8 to 9.5" in result.out
    assert len(lines(tmp_path / "b.csv")) == 1


def test_a_process_that_comes_to_no_end_is_an_error_of_that_measurement(monkeypatch):
    def killed(*_, **__):
        raise SlimzooError("was ended by signal 9")

    monkeypatch.setattr(process, "run", killed)
    task = {"network": "lenet", "mode": "infer", "batch_size": 1}
    assert benchmark._in_a_process(task) == {"error": "was ended by signal 9"}


def test_what_the_process_cannot_use_is_its_answer(tmp_path):
    task = {"network": "lenet", "mode": "infer", "batch_size": 1, "pretrained": True}
    (tmp_path / "task.json").write_text(json.dumps({"imports": [], "task": task}))
    benchmark.measure_here(tmp_path)
    assert "no released weights" in json.loads((tmp_path / "answer.json").read_text())["error"]


def test_bad_input_is_refused_before_anything_is_measured(refused, processes, tmp_path):
    (tmp_path / "there.csv").write_text("mine")
    for given, words in (
        (("vgg16", "lenett"), ["'vgg16'", "vgg_16", "'lenett'"]),
        (("lenet", "--batch-size", "1,0"), ["--batch-size", "x>=1"]),
        (("lenet", "--batch-size", "1,,2"), ["--batch-size", "''"]),
        (("lenet", "--mode", "infer,test"), ["'test'", "infer", "train"]),
        (("lenet", "--precision", "float16"), ["'float16'", "mixed_float16"]),
        (("lenet", "--seconds", "0"), ["--seconds", "0<x"]),
        (("lenet", "--seconds", "1", "--steps", "3"), ["--seconds or --steps, not both"]),
        (("lenet", "--out", "there.csv"), ["there.csv exists already", "--overwrite"]),
        ((), ["NETWORK"]),
    ):
        refused("benchmark", *given, words=words)
    assert not processes[1] and (tmp_path / "there.csv").read_text() == "mine"
