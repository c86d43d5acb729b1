"""What can be asked of which engine, before anything is built."""

import subprocess
import sys

import pytest

from slimzoo.engines import ENGINES, processor, rows, settle
from slimzoo.errors import SlimzooError


@pytest.fixture
def machine(monkeypatch):
    """Sets what is installed and what the processor has."""

    def set_(packages=(), flags=()):
        known = {"tensorflow", *packages}
        monkeypatch.setattr(rows.importlib.util, "find_spec", lambda name: name if name in known else None)
        monkeypatch.setattr(processor, "flags", lambda: None if flags is None else frozenset(flags))

    return set_


def test_auto_takes_the_fastest_that_is_installed(machine):
    machine()
    assert settle().engine == "tensorflow"
    machine(packages=["openvino", "onnxruntime", "tf2onnx"])
    assert settle().engine == "openvino"


def test_auto_takes_one_that_computes_in_the_precision_here(machine):
    machine(packages=["openvino"], flags=["avx512_fp16", "avx512_bf16"])
    assert settle("auto", "float16").engine == "openvino"
    machine(flags=["avx512_bf16"])
    assert settle("auto", "bfloat16").engine == "tensorflow"
    with pytest.raises(SlimzooError, match="no engine computes in float16 here"):
        settle("auto", "float16")


def test_an_engine_that_is_not_installed_names_its_extra(machine):
    machine()
    with pytest.raises(SlimzooError, match=r"needs openvino, not installed.*'slimzoo\[openvino\]'"):
        settle("openvino")
    with pytest.raises(SlimzooError, match=r"needs onnxruntime and tf2onnx.*'slimzoo\[onnx\]'"):
        settle("onnxruntime")


def test_a_precision_that_the_processor_has_not_is_said_and_an_unknown_processor_may_have_it(machine):
    machine(packages=["openvino"], flags=["avx2"])
    with pytest.raises(SlimzooError, match="computes in bfloat16 on machines with avx512_bf16 or amx_bf16"):
        settle("tensorflow", "bfloat16")
    machine(packages=["openvino"], flags=None)
    assert settle("openvino", "bfloat16").precision == "bfloat16"


def test_threads_are_taken_where_they_are_of_the_predictor_alone(machine):
    machine()
    assert settle("auto", threads=2).engine == "tflite"
    with pytest.raises(SlimzooError, match=r"threads of the process .* openvino, onnxruntime, tflite do"):
        settle("tensorflow", threads=2)


def test_everything_wrong_is_said_at_once(machine):
    machine()
    with pytest.raises(SlimzooError) as error:
        settle("openvinno", "int3", threads=0, batch_size=True)
    for word in ("'openvinno'", "Nearest: openvino", "'int3'", "threads is 0", "batch_size is True"):
        assert word in str(error.value)
    with pytest.raises(SlimzooError, match=r"from 1 up to 1,024[^\0]*from 1 up to 65,536"):
        settle("auto", threads=10**13, batch_size=10**6)
    with pytest.raises(SlimzooError, match=r"engine is \['tflite'\].*\n.*precision is \['int8'\]"):
        settle(["tflite"], ["int8"])
    with pytest.raises(SlimzooError, match=r"engine is \['tflite'\]"):
        settle(["tflite"])
    with pytest.raises(SlimzooError, match="onnxruntime computes in float32, not in bfloat16; openv"):
        settle("onnxruntime", "bfloat16")


def test_bfloat16_that_is_slower_than_float32_here_is_said_once(machine, caplog):
    rows._say_slow.cache_clear()
    machine(flags=["avx512_bf16"])
    for _ in range(2):
        settle("tensorflow", "bfloat16")
    assert caplog.text.count("bfloat16 is slower than float32 on this machine: it has none of amx_bf16") == 1
    rows._say_slow.cache_clear()
    machine(flags=["avx512_bf16", "amx_bf16"])
    settle("tensorflow", "bfloat16")
    assert caplog.text.count("slower") == 1
    rows._say_slow.cache_clear()


def test_eight_bits_want_what_makes_them(machine):
    machine(packages=["openvino"])
    assert settle("auto", "int8").engine == "tflite"
    with pytest.raises(SlimzooError, match=r"openvino needs nncf, not installed.*'slimzoo\[openvino\]'"):
        settle("openvino", "int8")
    machine(packages=["openvino", "nncf"])
    assert settle("auto", "int8").engine == "openvino"
    with pytest.raises(SlimzooError, match=r"tensorflow computes in .*not in int8; openvino, tflite may"):
        settle("tensorflow", "int8")
    with pytest.raises(SlimzooError, match="int8 takes no number of threads"):
        settle("auto", "int8", threads=2)


def test_the_flags_are_read_of_both_families_of_processors(monkeypatch, tmp_path):
    for line, flag in (("flags\t\t: fpu amx_bf16 sse", "amx_bf16"), ("Features\t: fp asimdhp bf16", "bf16")):
        (tmp_path / "cpuinfo").write_text(f"processor\t: 0\n{line}\n")
        monkeypatch.setattr(processor, "CPU_INFO", tmp_path / "cpuinfo")
        processor.flags.cache_clear()
        assert flag in processor.flags()
    monkeypatch.setattr(processor, "CPU_INFO", tmp_path / "none")
    processor.flags.cache_clear()
    assert processor.flags() is None
    processor.flags.cache_clear()


def test_settling_imports_no_engine():
    code = "import sys; from slimzoo.engines import settle; settle(); print([*sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {*ENGINES, "keras", "tf2onnx"} & {*eval(done.stdout)}
