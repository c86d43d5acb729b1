"""How commands end: exit codes, messages, and nothing left behind."""

import errno
import importlib.util
import logging
import os
import signal
import subprocess
import sys
from types import ModuleType

import click
import numpy as np
import pytest
import tensorflow as tf

from slimzoo.cli import errors, main
from slimzoo.cli.output import table
from slimzoo.cli.quiet import messages_on_stderr, quiet_tensorflow
from slimzoo.errors import SlimzooError
from slimzoo.files import atomic_write, plain
from slimzoo.training.interrupt import Stopped
from tests.cli.support import write


@pytest.fixture
def command(monkeypatch, slimzoo):
    """`slimzoo demo` with another function below it."""

    def run(function, *before):
        module = ModuleType("slimzoo.demo.run")
        module.run = lambda *_, **__: function()
        monkeypatch.setitem(sys.modules, "slimzoo.demo.run", module)
        return slimzoo(*before, "demo")

    return run


def raising(error):
    def function():
        raise error

    return function


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (SlimzooError("this is wrong"), 2, "error: this is wrong\n"),
        (FileNotFoundError("there is no x"), 2, "error: there is no x\n"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "x"), 2, "error: x: No such file"),
        (OSError(errno.ENOSPC, "No space left on device", "x"), 2, "error: cannot write x: the disk is full"),
        (MemoryError(), 2, "error: out of memory. A smaller network needs less"),
        (tf.errors.ResourceExhaustedError(None, None, "OOM"), 2, "error: out of memory"),
        (tf.errors.DataLossError(None, None, "Checksum does not match"), 2, "error: TensorFlow: Checksum"),
        (ValueError("plain"), 2, "error: plain (slimzoo --debug"),
        (Stopped("stopped after step 3 of 9", signal.SIGTERM), 143, "error: stopped after step 3 of 9\n"),
    ],
)
def test_each_error_of_the_user_is_one_message_and_an_exit_code(command, error, code, message):
    result = command(raising(error))
    assert result.code == code
    assert result.err.startswith(message)
    assert "Traceback" not in result.err
    assert result.out == ""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((), "out of memory. A smaller --batch-size or --size needs less"),
        (("--batch-size", "1"), "out of memory. A smaller --size needs less"),
    ],
)
def test_memory_that_is_short_is_saved_where_it_can_be(slimzoo, cifarnet, image, monkeypatch, given, said):
    def full(*_, **__):
        raise MemoryError

    monkeypatch.setattr(importlib.import_module("slimzoo.loading.load"), "load", full)
    result = slimzoo("predict", "--model", cifarnet, image, *given)
    assert result.code == 2 and said in result.err


def test_who_asks_whether_tensorflow_is_there_does_not_make_its_start_loud(monkeypatch):
    monkeypatch.delitem(sys.modules, "tensorflow")
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_tensorflow():
        loads = [importlib.util.find_spec("tensorflow").loader.exec_module for _ in range(2)]
    assert [load.__name__ for load in loads] == ["load_quietly"] * 2


def test_ctrl_c_ends_quietly_with_130(command):
    result = command(raising(KeyboardInterrupt()))
    assert (result.code, result.out, result.err.strip()) == (130, "", "")


def test_arguments_are_named_as_the_options_of_the_command(slimzoo, tmp_path):
    path = write(tmp_path / "a.safetensors", {"a": np.float32([np.nan])})
    error = slimzoo("convert", path, tmp_path / "b.npz").err
    assert "--allow-nonfinite converts it all the same" in error and "=True" not in error
    command = click.Command("c", params=[click.Option(["--name-map"]), click.Option(["--ema"], is_flag=True)])
    text = errors.naming_options("give ema=True, name_map='x' or schema=True; Argument name_map", command)
    assert text == "give --ema, --name-map 'x' or schema=True; Argument name_map"
    for as_it_is in ("no file ema=1/none.npz", "/ema=True/a", "ema=True/a", "labels= names", "ema=False"):
        assert errors.naming_options(as_it_is, command) == as_it_is
    assert errors.naming_options("ema=True", None) == "ema=True"


def test_a_mistake_of_the_program_is_not_dressed_up(command):
    with pytest.raises(RuntimeError, match="a bug"):
        command(raising(RuntimeError("a bug")))
    assert errors.failure_for(tf.errors.InternalError(None, None, "a bug")) is None


@pytest.mark.parametrize(("before", "variable"), [(["--debug"], ""), ([], "1")], ids=["option", "variable"])
def test_debug_shows_where_an_error_comes_from(command, monkeypatch, before, variable):
    monkeypatch.setenv("SLIMZOO_DEBUG", variable)
    result = command(raising(SlimzooError("this is wrong")), *before)
    assert result.code == 2
    assert "Traceback" in result.err
    assert "error: this is wrong" in result.err


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("wrong: epochs is 0.0; it must be above 0", "wrong: --epochs is 0.0; it must be above 0"),
        ("wrong:\n  batch_size is 'x'\n  warmup is 2", "wrong:\n  --batch-size is 'x'\n  --warmup is 2"),
        ("wrong:\n  steps=3 and epochs=4.0 both", "wrong:\n  --steps 3 and --epochs 4.0 both"),
        ("profile=1 traces; seed is nan", "--profile 1 traces; --seed is nan"),
        ("the model is 3 years old; size is large", "the model is 3 years old; size is large"),
    ],
)
def test_a_figure_is_told_by_the_option_that_it_was_given_as(said, told):
    assert errors.naming_options(said, main.get_command(click.Context(main), "finetune")) == told


def test_a_termination_removes_the_temporary_file(command, tmp_path):
    def killed():
        with atomic_write(tmp_path / "out.bin") as temporary:
            temporary.write_bytes(b"half")
            os.kill(os.getpid(), signal.SIGTERM)
            for _ in range(1000):  # the handler runs between two instructions
                pass

    before = signal.getsignal(signal.SIGTERM)
    result = command(killed)
    assert (result.code, result.err) == (143, "stopped by SIGTERM\n")
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.fixture
def heeds_ctrl_c():
    """As in a terminal; who is started in the background is started with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_ctrl_c")
@pytest.mark.parametrize(
    ("number", "code", "said"), [(signal.SIGTERM, 143, "stopped by SIGTERM"), (signal.SIGINT, 130, "")]
)
def test_a_stop_in_whose_place_something_else_is_raised_is_said_as_a_stop(command, number, code, said):
    def stopped_amid_a_graph():
        try:
            os.kill(os.getpid(), number)
            for _ in range(1000):
                pass
        finally:
            raise AssertionError("Nesting violated for default stack")

    result = command(stopped_amid_a_graph)
    assert (result.code, result.err.strip()) == (code, said)


def test_a_closed_pipe_ends_the_command_quietly():
    code = "from slimzoo.cli import main; main(['--help'])"
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=write, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(write)
    assert done.stderr == ""
    assert done.returncode == 1


def test_messages_of_the_package_are_plain_lines_on_stderr(capsys):
    log = logging.getLogger("slimzoo")
    with messages_on_stderr():
        log.warning("the last layer is %s", "new")
        log.info("not shown")
    with messages_on_stderr(verbose=True):
        log.info("shown")
    log.warning("after")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("the last layer is new\nshown\n")
    assert "not shown" not in captured.err


def test_json_has_null_where_there_is_no_number():
    assert plain({"a": float("nan"), "b": (1, float("inf")), "c": [0.5]}) == {
        "a": None,
        "b": [1, None],
        "c": [0.5],
    }


def test_a_table_shows_brackets_as_they_are():
    assert "[bold]x[/bold]" in table(("name", "count>"), [("[bold]x[/bold]", 1234567)])
    assert "1,234,567" in table(("name", "count>"), [("x", 1234567)])
