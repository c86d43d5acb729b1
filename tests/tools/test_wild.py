"""tools/wild.py: what a driver says, what is recorded, how two worlds are compared. TF 1.15 is not run."""

import json
import subprocess
import sys

import numpy as np
import pytest

from tools import wild
from tools.worlds.compare import TOLERANCE, compare, relative

DRIVER = '''
"""A line fitted, and its values."""
import tensorflow as tf
import line

REPOSITORY, COMMIT = "someone/line", "0123456789"
SUBJECT = "a line"
FOLDERS = (".", "src")


def build(draw):
    x = tf.placeholder(tf.float32, [4, 3])
    return {"y": line.line(x), "both": [x, {"twice": 2 * x}], "no tensor": 3}, {x: draw("x", (4, 3))}


def train(draw):
    loss = tf.reduce_mean(tf.square(line.line(tf.constant(draw("x", (4, 3))))))
    step = tf.train.get_or_create_global_step()
    return tf.train.GradientDescentOptimizer(0.1).minimize(loss, step), {"loss": loss}
'''
PROGRAM = """
import tensorflow.contrib.slim as slim

def line(x):
    return slim.fully_connected(x, 2, activation_fn=None, weights_regularizer=slim.l2_regularizer(0.1))
"""
FAKE = """
import json, sys
import numpy as np
out, value = sys.argv[2], {value}
structure = dict(variables=[["w", [2], "float32"]], trainable_variables=["w"], model_variables=[], losses=0)
structure.update(moving_average_variables=[], regularization_losses=0, update_ops=0)
json.dump(dict(build=structure), open(out + "/record.json", "w"))
for name in ("arrays", "again"):
    np.savez(out + "/" + name, **{{"build/out:y": np.float32([value, 1])}})
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("program")
    (folder / "driver").mkdir()
    (folder / "line" / "src").mkdir(parents=True)
    (folder / "line" / "src" / "line.py").write_text(PROGRAM)
    (folder / "driver" / "fitted.py").write_text(DRIVER)
    return folder


def worlds(tmp_path, then, now):
    """Commands that write what record.py would, without TensorFlow."""
    commands = []
    for name, code in (("then", then), ("now", now)):
        (tmp_path / f"{name}.py").write_text(code)
        commands.append((sys.executable, str(tmp_path / f"{name}.py")))
    return wild.Worlds(*commands)


def test_a_drivers_facts_are_read_without_running_it(program):
    facts = wild.facts(program / "driver" / "fitted.py")
    assert facts["SUBJECT"] == "a line" and facts["FOLDERS"] == (".", "src") and facts["EDITS"] == {}


def test_a_program_is_recorded_with_values_drawn_from_names(program, tmp_path):
    command = [sys.executable, "-m", "slimzoo", "run", str(wild.RECORD), "--again"]
    command += [str(program / "driver" / "fitted.py"), str(tmp_path), ".", "src"]
    done = subprocess.run(command, cwd=program / "line", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "record.json").read_text())
    layer = [["fully_connected/weights", [3, 2], "float32"], ["fully_connected/biases", [2], "float32"]]
    assert record["build"]["variables"] == layer
    assert record["train"]["variables"] == [*layer, ["global_step", [], "int64"]]
    assert record["build"]["regularization_losses"] == 1
    arrays, again = np.load(tmp_path / "arrays.npz"), np.load(tmp_path / "again.npz")
    assert sorted(arrays) == sorted(again)
    assert {"build/out:y", "build/out:both/0", "build/out:both/1/twice", "train/step2:loss"} < {*arrays}
    assert arrays["train/step2:loss"] < arrays["train/step1:loss"]
    assert arrays["train/after:global_step"] == [2]
    noise = relative(arrays["build/out:y"], again["build/out:y"])
    assert 0 < noise < 1e-5  # one rounding of each of 6 values, in float32


def test_equal_programs_are_equal_and_others_are_told_by_their_arrays(program, tmp_path):
    driver, about = program / "driver" / "fitted.py", wild.facts(program / "driver" / "fitted.py")
    same = worlds(tmp_path, FAKE.format(value=2), FAKE.format(value=2))
    found = wild.run_both(driver, program / "line", about, same)
    assert found["equal"] and found["worst"] == 0 and found["variables"] == 1
    other = worlds(tmp_path, FAKE.format(value=2), FAKE.format(value=3))
    found = wild.run_both(driver, program / "line", about, other)
    assert not found["equal"] and found["worst"] == 0.5
    assert wild.details(found, verbose=False) == ["build/out:y [2]: difference 5.0e-01, noise 0.0e+00"]


def test_why_a_world_fails_is_kept(program, tmp_path):
    failing = worlds(tmp_path, FAKE.format(value=2), "raise ValueError('no such layer')")
    about = wild.facts(program / "driver" / "fitted.py")
    found = wild.run_both(program / "driver" / "fitted.py", program / "line", about, failing)
    assert wild.word(found) == "does not run" and found["fails"]["now"][-1] == "ValueError: no such layer"


def test_names_shapes_order_and_counts_are_compared():
    then = {key: ["a", "b"] for key in wild_structure()} | {"losses": 1}
    now = then | {"variables": ["b", "a"], "model_variables": ["a", "c"], "losses": 2}
    arrays = {"y": np.float32([1, 2]), "z": np.float32([1])}
    found = compare({"build": then}, {"build": now}, arrays, arrays, {"y": np.float32([[1, 2]])})
    assert found.differences == [
        "build: variables: another order, or another number of times",
        "build: model_variables: 1 gone ['b'], 1 new ['c']",
        "build: losses: 1, now 2",
        "names of arrays: 1 gone ['z'], 0 new []",
        "y: float32[2], now float32[1, 2]",
    ]


def wild_structure():
    from tools.worlds.compare import STRUCTURE

    return STRUCTURE


@pytest.mark.parametrize(
    ("then", "now", "difference"),
    [
        (np.float32([1, -4]), np.float32([1, -3]), 0.25),
        (np.float32([np.nan, 1]), np.float32([np.nan, 1]), 0.0),
        (np.float32([np.nan, 1]), np.float32([0, 1]), np.inf),
        (np.float32([0, 0]), np.float32([0, 1e-9]), np.inf),
        (np.array([1, 2, 3, 4]), np.array([1, 2, 3, 5]), 0.25),
        (np.array([b"a", b"b"]), np.array([b"a", b"b"]), 0.0),
    ],
)
def test_a_difference_is_a_part_of_the_largest_value(then, now, difference):
    assert relative(then, now) == difference


def test_noise_of_the_program_itself_is_allowed_for():
    structure = dict.fromkeys(wild_structure(), 0) | {"variables": []}
    arrays = [{"y": np.float32([1, 1 + x])} for x in (0, 50 * TOLERANCE, 100 * TOLERANCE)]
    records = {"build": structure}
    assert compare(records, records, *arrays).equal
    assert not compare(records, records, arrays[0], arrays[0], arrays[2]).equal


def test_a_row_of_the_table_replaces_the_one_before(tmp_path):
    page = tmp_path / "README.md"
    page.write_text("# Programs\n\nBefore.\n")
    result = {"program": "fitted", "repository": "someone/line", "commit": "0123456789", "licence": "MIT"}
    result |= {"subject": "a line", "variables": 2, "worst": 0, "noise": 0, "fails": {}}
    after = {"difference": 0.25, "noise": 1}
    result["arrays"] = {"build/out:y": {"difference": 2e-7, "noise": 0}, "train/after:w": after}
    wild.write_table(page, [result | {"equal": False}])
    wild.write_table(page, [result | {"equal": True}])
    row = "| someone/line 01234567 (MIT) | a line | 2 | 2e-07, 0 | 2e-01, 1e+00 | equal |"
    assert page.read_text() == f"# Programs\n\nBefore.\n{wild.HEADER}\n{row}\n"


def test_an_unknown_driver_is_told_with_those_there_are(capsys):
    assert wild.main(["nothing", "--tf115", "python"]) == 2
    assert (
        "nothing: no such file, and no driver of tools/programs; there are a3c, " in capsys.readouterr().err
    )
