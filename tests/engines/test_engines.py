"""Every engine gives the Model's numbers, of every kind of network."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from slimzoo.engines import ENGINES, processor
from slimzoo.engines import tensorflow as tensorflow_engine
from slimzoo.engines.rows import _cannot
from slimzoo.model import exporting
from slimzoo.model.compiling import ValuesOf, skeleton
from tests.engines.networks import NAMES, images_for, make, tolerance

BY_DEFAULT = ("tensorflow", "openvino")
CASES = [(name, engine) for name in NAMES for engine in BY_DEFAULT]
CASES += [("lenet", "onnxruntime"), ("lenet", "tflite"), ("mobilenet_v1_025", "tflite")]


@pytest.fixture(scope="module")
def model_of():
    made = {}

    def get(name):
        if name not in made:
            made[name] = make(name)
        return made[name]

    return get


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SLIMZOO_CACHE", str(tmp_path))


def installed(engine):
    if missing := ENGINES[engine].missing:
        pytest.skip(f"{', '.join(missing)} is not installed: extra [{ENGINES[engine].extra}]")


@pytest.mark.parametrize(("name", "engine"), CASES)
def test_an_engine_gives_the_logits_and_end_points_of_the_model(name, engine, model_of):
    installed(engine)
    model = model_of(name)
    images = images_for(model)
    points = list(model.discovery.mode(False).end_points)[:2]
    wanted = {"logits": model(images).numpy()}
    wanted |= {key: value.numpy() for key, value in model.features(images, points).items()} if points else {}
    with model.compiled(engine, end_points=points) as predictor:
        found = predictor(images)
    found = found if points else {"logits": found}
    assert [*found] == [*wanted]
    for key, value in wanted.items():
        # batch norm is folded and sums are ordered otherwise: float32 all the same
        np.testing.assert_allclose(found[key], value, rtol=0, atol=tolerance(value), err_msg=key)


def test_large_values_do_not_go_through_the_converter_to_onnx(model_of, monkeypatch, tmp_path):
    """It holds copies of what it is given by the dozen: 24 GB were not enough for vgg_16."""
    installed("onnxruntime")
    import tf2onnx

    seen, convert = [], tf2onnx.convert.from_graph_def

    def watched(definition, *args, **kwargs):
        seen.append(definition.ByteSize())
        return convert(definition, *args, **kwargs)

    monkeypatch.setattr(tf2onnx.convert, "from_graph_def", watched)
    model_of("lenet").compiled("onnxruntime").close()
    exporting.export(model_of("lenet"), f"{tmp_path}/m.onnx")
    assert sum(4 * np.prod(variable.shape) for variable in model_of("lenet").weights) > 12e6
    assert len(seen) == 2 and max(seen) < 1e6


def test_what_was_compiled_in_one_precision_is_not_taken_for_another(model_of):
    installed("openvino")
    precisions = [name for name in ("bfloat16", "float16") if not _cannot(ENGINES["openvino"], name, None)]
    if not precisions:
        pytest.skip("this processor computes in float32 alone")
    model = model_of("mobilenet_v1_025")
    images = images_for(model)
    wanted = model(images).numpy()
    for precision in (*precisions, "float32"):  # one cache for all of them
        with model.compiled("openvino", precision) as predictor:
            found = predictor(images)
        assert (np.abs(found - wanted).max() <= tolerance(wanted)) == (precision == "float32"), precision


@pytest.mark.parametrize("engine", BY_DEFAULT)
@pytest.mark.parametrize("name", ["mobilenet_v1_025", "small_resnet"])
def test_bfloat16_is_near_and_is_not_float32(name, engine, model_of):
    installed(engine)
    if not has_bfloat16():
        pytest.skip("this processor has no bfloat16")
    model = model_of(name)
    images = images_for(model)
    wanted = model(images).numpy()
    with model.compiled(engine, "bfloat16") as predictor:
        found = predictor(images)
    assert found.dtype == np.float32
    gap = np.abs(found - wanted).max() / np.abs(wanted).max()
    assert 1e-6 < gap < 0.05  # 8 bits of a number, through some tens of layers


@pytest.mark.parametrize("engine", ["tensorflow", "openvino", "onnxruntime", "tflite"])
def test_threads_and_a_batch_size_change_no_number(engine, model_of):
    installed(engine)
    model = model_of("lenet")
    images = images_for(model, 5)
    threads = 1 if ENGINES[engine].takes_threads else None
    with model.compiled(engine, threads=threads, batch_size=2) as predictor:
        found = predictor(images)  # two batches and a half
    wanted = model(images).numpy()
    np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance(wanted))


def test_large_values_are_captured_and_small_ones_constants(model_of, monkeypatch):
    model = model_of("lenet")
    images, wanted = images_for(model), model(images_for(model)).numpy()
    monkeypatch.setattr(tensorflow_engine, "FEW", 0)
    monkeypatch.setattr(tensorflow_engine, "SMALL", 1000)
    monkeypatch.setattr(tensorflow_engine, "TURNED", 1000)
    for precision in ("float32", "bfloat16") if has_bfloat16() else ("float32",):
        with model.compiled(precision=precision) as predictor:
            assert len(predictor._runner._values) >= 4  # kernels and the two dense layers
            found = predictor(images)
        within = tolerance(wanted) if precision == "float32" else 0.05 * np.abs(wanted).max()  # 8 bits
        np.testing.assert_allclose(found, wanted, rtol=0, atol=within)


def has_bfloat16() -> bool:
    return bool({"avx512_bf16", "amx_bf16"} & (processor.flags() or frozenset()))


def busy_threads() -> dict[str, int]:
    """Returns {thread: ticks of processor time that it used}."""
    lines = [path.read_text() for path in Path("/proc/self/task").glob("*/stat")]
    fields = {line.partition(" ")[0]: line.rpartition(")")[2].split() for line in lines}
    return {thread: int(found[11]) + int(found[12]) for thread, found in fields.items()}


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="only Linux says what a thread used")
@pytest.mark.parametrize("engine", [engine.name for engine in ENGINES.values() if engine.takes_threads])
def test_a_predictor_of_one_thread_computes_in_one_thread(engine, model_of):
    installed(engine)
    images = images_for(model_of("mobilenet_v1_025"), 16)
    with model_of("mobilenet_v1_025").compiled(engine, threads=1) as predictor:
        predictor(images)
        before = busy_threads()
        while sum(used := [n - before.get(t, 0) for t, n in busy_threads().items()]) < 30:  # ticks of 10 ms
            predictor(images)
    assert max(used) > 0.8 * sum(used)  # the rest is what TensorFlow and the interpreter do on the side


def test_only_what_the_outputs_need_is_read(model_of):
    model = model_of("lenet")

    class Noting(ValuesOf):
        def __getitem__(self, name):
            read.append(name)
            return super().__getitem__(name)

    read: list[str] = []
    frame = skeleton(model.parts, model.discovery)
    assert frame.filled(Noting(model.variables_by_name)).values
    assert sorted(read) == sorted(model.variables_by_name)


def test_each_engine_says_what_it_needs_by_a_name_that_can_be_looked_for():
    for engine in ENGINES.values():
        assert engine.precisions["float32"] == ()
        assert importlib.util.find_spec(f"slimzoo.engines.{engine.name}")


def test_threads_of_openvino_are_held_to_no_core_where_those_of_other_processes_are_held_too(
    model_of, monkeypatch
):
    installed("openvino")
    import openvino

    compile_model, asked = openvino.Core.compile_model, {}

    def spy(self, model, device, config):
        asked.update(config)
        return compile_model(self, model, device, config)

    monkeypatch.setattr(openvino.Core, "compile_model", spy)
    with model_of("lenet").compiled("openvino", threads=1) as predictor:
        assert predictor.threads == 1
    assert (asked["INFERENCE_NUM_THREADS"], asked["ENABLE_CPU_PINNING"]) == (1, False)
