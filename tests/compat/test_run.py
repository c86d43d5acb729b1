"""`slimzoo run`: old programs run as they are, and fail as under `python`."""

import pytest

from slimzoo.compat import running
from slimzoo.compat.leftovers import AS_IT_IS
from tests.compat.support import python, slimzoo

NOT_SERVED = """\
ImportError: tf.contrib.rnn has no 'Nope'
ImportError: tf.contrib.opt.python.training has no 'x'
ImportError: tf.models is not served by slimzoo. In its place: slimzoo
ImportError: tf.contrib.slim has no 'conv7d'. Near to it: conv3d
ImportError: nets has no 'nope'. See dir() of it
ImportError: nets has no 'resnet_v3'. Near to it: resnet_v2, resnet_v1
NotServedError: tf.contrib.tpu.TPUDistributionStrategy is not served by slimzoo; it is used in <string>:1
ImportError: tf.estimator.DNNClassifier is not served by slimzoo. In its place: an Estimator with a model_fn
AttributeError: tf has no 'plaseholder'. Near to it: placeholder
"""


def test_every_form_of_import_works_and_what_is_not_served_names_its_successor():
    said, _ = python("-m", "slimzoo", "run", "import_forms.py", "--x=1", "--help", "--", "3")
    for line, start in zip(said.splitlines(), NOT_SERVED.splitlines(), strict=True):
        assert line.startswith(start)


def test_a_programs_own_nets_package_is_kept_and_its_exit_code_is_that_of_the_command():
    slimzoo("run", "own_nets/main.py", code=3)


def test_flags_are_the_programs_and_an_exception_reads_as_under_python():
    said, _ = slimzoo("run", "with_flags.py", "--name=me", "--loud", "--number", "3", "x")
    assert said == "ME 3 ['X']\n"
    _, told = slimzoo("run", "with_flags.py", "--number=9", code=1)
    assert told.startswith("Traceback (most recent call last):\n")
    assert told.endswith("    raise KeyError(FLAGS.number)\nKeyError: 9\n")
    assert "slimzoo/compat/" not in told and "slimzoo/cli" not in told


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("nowhere.py", "error: nowhere.py: no such file; give a Python file\n"),
        ("package", "error: package: a folder; give a Python file\n"),
    ],
)
def test_a_program_that_is_not_there_is_one_line(script, words):
    assert slimzoo("run", script, code=2) == ("", words)


def test_a_notebook_is_no_program(tmp_path):
    (tmp_path / "tour.ipynb").write_text('{"cells": []}')  # which Python would run, as a dict
    with pytest.raises(running.ScriptError, match="a notebook, no program; `jupyter nbconvert"):
        running.check(str(tmp_path / "tour.ipynb"))


def test_help_is_ours_before_the_program_only():
    said, _ = slimzoo("run", "--help")
    assert "All that follows SCRIPT is the program's" in " ".join(said.split())
    assert "no such option" in slimzoo("run", "--nope", "with_flags.py", code=2)[1].lower()


def test_a_python_2_program_is_told_every_place_of_its_file(tmp_path):
    (tmp_path / "old.py").write_text("import tensorflow as tf\nprint 'a'\nfor i in xrange(3):\n  pass\n")
    _, told = slimzoo("run", "old.py", cwd=tmp_path, code=2)
    assert told.splitlines()[1:] == [
        "old.py:2: print statement: write print(...)",
        "old.py:3: xrange: write range",
        AS_IT_IS,
    ]
    (tmp_path / "module.py").write_text("def pairs(d):\n  return [k for k, v in d.iteritems()]\n")
    (tmp_path / "main.py").write_text("import module\nmodule.pairs({})\n")
    _, told = slimzoo("run", "main.py", cwd=tmp_path, code=1)
    assert "Traceback" not in told
    assert told.endswith(f"module.py:2: .iteritems(): write items()\n{AS_IT_IS}\n")


def test_python_2_in_an_imported_module_is_told_with_its_file(tmp_path, capsys):
    module = tmp_path / "module.py"
    module.write_text("print 'a'\n")
    error = SyntaxError("Missing parentheses", (str(module), 1, 1, "print 'a'"))
    running.show(SyntaxError, error, None)
    assert capsys.readouterr().err.endswith(f"{module}:1: print statement: write print(...)\n{AS_IT_IS}\n")


def test_a_syntax_error_of_python_3_reads_as_under_python(tmp_path):
    (tmp_path / "bad.py").write_text("x = (1\n")
    _, told = slimzoo("run", "bad.py", cwd=tmp_path, code=1)
    assert told.startswith('  File "') and told.endswith("SyntaxError: '(' was never closed\n")
