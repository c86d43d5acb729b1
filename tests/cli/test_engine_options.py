"""--engine, --precision and --threads, of predict, benchmark and compare."""

import importlib
import json

import numpy as np
import pytest
from PIL import Image

from slimzoo.engines import processor, rows
from slimzoo.training.speed import Task, measure

benchmark = importlib.import_module("slimzoo.cli.benchmark")  # the package calls its command so


@pytest.fixture
def only_tensorflow(monkeypatch):
    """No other engine is installed, and the processor has no half precision."""
    known = ("tensorflow",)
    monkeypatch.setattr(rows.importlib.util, "find_spec", lambda name: name if name in known else None)
    monkeypatch.setattr(processor, "flags", lambda: frozenset(["avx2"]))


def test_predict_by_an_engine_names_what_the_model_names_and_says_what_auto_chose(
    slimzoo, cifarnet, image, only_tensorflow
):
    given = ("predict", "--model", cifarnet, image, "--top", "2", "--json")
    plain, auto = slimzoo(*given), slimzoo(*given, "--engine", "auto")
    assert "engine" not in plain.err
    assert "engine: tensorflow, the fastest for float32 that is installed" in auto.err
    best = [[row["name"] for row in result.json[0]["predictions"]] for result in (plain, auto)]
    assert best[0] == best[1]
    one = slimzoo(*given, "--engine", "auto", "--threads", "1")
    assert "engine: tflite" in one.err
    assert [row["name"] for row in one.json[0]["predictions"]] == best[0]


def test_what_an_engine_cannot_do_is_said_before_anything_else(refused, cifarnet, only_tensorflow):
    predict = ("predict", "--model", cifarnet, "no_such.jpg")
    for given, words in (
        ((*predict, "--engine", "openvino"), ["needs openvino", "'slimzoo[openvino]'"]),
        ((*predict, "--engine", "auto", "--precision", "bfloat16"), ["no engine computes in bfloat16 here"]),
        ((*predict, "--engine", "tpu"), ["'tpu'", "openvino", "tflite"]),
        ((*predict, "--precision", "bfloat16"), ["--precision 'bfloat16' is of an engine", "--engine auto"]),
        ((*predict, "--threads", "2"), ["--threads is of an engine"]),
        (("compare", "lenet", "--engine", "auto"), ["add --measure"]),
        (("benchmark", "lenet", "--engine", "auto", "--mode", "train"), ["for inference", "--mode infer"]),
        (
            ("benchmark", "lenet", "--engine", "auto", "--precision", "mixed_float16"),
            ["'mixed_float16' is of the Keras model", "float32, bfloat16, float16"],
        ),
    ):
        refused(*given, words=words)


def test_predict_computes_in_eight_bits_that_a_folder_calibrates(slimzoo, cifarnet, photographs, refused):
    predict = ("predict", "--model", cifarnet, photographs, "--engine", "tflite", "--precision", "int8")
    found = slimzoo(*predict, "--calibrate", photographs, "--floor", "0", "--top", "1", "--json")
    assert len(found.json) == 18 and "int8: the best class of" in found.err
    refused(*predict, words=["--precision 'int8' wants --calibrate DIR", "slimzoo convert W m.tflite --int8"])
    refused(*predict, "--calibrate", "no_such_folder", words=["no folder no_such_folder"])
    plain = ("predict", "--model", cifarnet, photographs)
    refused(*plain, "--calibrate", photographs, words=["of 8 bits: add --precision 'int8'"])
    refused(*plain, "--precision", "int8", words=["--precision 'int8' is of an engine"])


@pytest.fixture
def photographs(tmp_path):
    """A folder of so many small images that 8 bits can be calibrated with."""
    random = np.random.RandomState(0)
    (tmp_path / "photographs").mkdir()
    for i in range(18):
        pixels = random.randint(0, 256, (40, 40, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photographs" / f"{i}.png")
    return str(tmp_path / "photographs")


def test_benchmark_asks_for_inference_of_the_engine(slimzoo, monkeypatch, only_tensorflow, tmp_path):
    asked = []

    def answer(task):
        asked.append(task)
        return {"error": "not measured here"}

    monkeypatch.setattr(importlib.import_module("slimzoo.cli.benchmark"), "_in_a_process", answer)
    result = slimzoo("benchmark", "lenet", "--engine", "auto", "--batch-size", "2", "--out", "b.csv")
    assert "lenet, infer, tensorflow, batch 2: not measured here" in result.err
    assert [(task["engine"], task["mode"], task["threads"]) for task in asked] == [
        ("tensorflow", "infer", None)
    ]
    assert ",tensorflow," in (tmp_path / "b.csv").read_text()


def test_a_measurement_of_an_engine_gives_figures():
    found = measure(Task(network="lenet", mode="infer", batch_size=2, engine="tensorflow", steps=2))
    assert found.images_per_second > 0 and (found.runs, found.size) == (2, 28)


def test_a_measurement_of_eight_bits_needs_no_images():
    task = Task(network="lenet", mode="infer", batch_size=2, engine="tflite", precision="int8", steps=2)
    assert measure(task).images_per_second > 0


@pytest.mark.parametrize("engine", ["tflite", pytest.param("openvino", marks=pytest.mark.slow)])
def test_compare_and_benchmark_measure_eight_bits_and_say_so(slimzoo, monkeypatch, tmp_path, engine):
    pytest.importorskip("nncf" if engine == "openvino" else "tensorflow")
    given = ("lenet", "--engine", engine, "--precision", "int8", "--batch-size", "1")
    found = slimzoo("compare", *given, "--measure", "--json", "--no-progress")
    assert found.code == 0 and found.json["networks"][0]["images_per_second"] > 0
    assert "XNNPACK" not in found.err and "held-out" not in found.err  # of noise it says nothing

    def here(task):
        (tmp_path / "task.json").write_text(json.dumps({"imports": [], "task": task}))
        benchmark.measure_here(tmp_path)
        return json.loads((tmp_path / "answer.json").read_text())

    monkeypatch.setattr(benchmark, "_in_a_process", here)
    found = slimzoo("benchmark", *given, "--steps", "2", "--no-progress")
    assert found.code == 0 and f"{engine}, int8" in " ".join(found.out.split())


def test_compare_measures_an_engine(slimzoo, only_tensorflow):
    found = slimzoo("compare", "lenet", "--measure", "--engine", "auto", "--batch-size", "2", "--json")
    assert found.json["networks"][0]["images_per_second"] > 0
    assert "engine: tensorflow" in found.err
