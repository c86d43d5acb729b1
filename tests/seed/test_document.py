"""Every code block of the seed document runs: its text, its gaps filled, the errata of blocks.py mended."""

import functools
import logging
import math
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import compat, converters, slim
from tests.seed import blocks, document

v1 = tf.compat.v1
CHECKS = {}


@pytest.fixture
def run(shared, tmp_path):
    """Returns a function that runs a block in a new graph and returns the names it left."""
    seed = shared / "seed" / "tensorflow_slim_usage.txt"
    compat.install()  # from here on `tf` is TensorFlow 1's in the modules of this folder, this one included

    def run_block(name, **options):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        names = document.prepare(tf, name, str(folder))
        names |= document.Pictures(tf, shared / "voc" / "VOCdevkit").names()
        names["__file__"] = str(Path(__file__).with_name(f"{name}.py"))  # a module of this folder
        (folder / "made").mkdir(exist_ok=True)
        source = document.code(seed, name, **options)
        with tf.Graph().as_default() as names["graph"]:
            exec(compile(source, name, "exec"), names)
        return names

    yield run_block
    compat.uninstall()
    shutil.rmtree(tmp_path, ignore_errors=True)  # checkpoints of vgg_16, half a gigabyte each


def test_no_line_of_code_in_the_document_is_outside_the_blocks(shared):
    lines = (shared / "seed" / "tensorflow_slim_usage.txt").read_text("utf-8").splitlines()
    inside = {n for first, last in blocks.BLOCKS.values() for n in range(first, last + 1)}
    code = re.compile(r"\s*(import |from |with |def |for |if |return |[\w., ]+ = |slim\.|tf\.|# |\.\.\.)")
    assert [line for n, line in enumerate(lines, 1) if n not in inside and code.match(line)] == []


def test_the_tables_name_blocks_that_there_are():
    named = {row[0] for table in (blocks.FILLED, blocks.PLACES, blocks.ERRATA) for row in table}
    assert named | {*blocks.BEFORE} <= {*blocks.BLOCKS}
    assert {*CHECKS} == {*blocks.BLOCKS}


@pytest.mark.parametrize("name", blocks.BLOCKS)
def test_the_block_runs_and_does_what_the_document_says(run, name, request):
    CHECKS[name](run, request)


@pytest.mark.slow  # a thousand batches of vgg_16, and a step of it on 32 images, take minutes
@pytest.mark.parametrize("name", sorted({row[0] for row in blocks.SHORTENED}))
def test_the_block_runs_without_being_shortened(run, name, request):
    CHECKS[name](functools.partial(run, shortened=False), request)


def check(function):
    """Notes `function` as what has to hold for the block of its name."""
    CHECKS[function.__name__.removeprefix("check_")] = function
    return function


def shapes(graph):
    """Returns {name: shape} of all variables of `graph`, in their order."""
    with graph.as_default():
        return {v.op.name: v.shape.as_list() for v in v1.global_variables()}


def variable(graph, name):
    """Returns the variable of `graph` called `name`."""
    with graph.as_default():
        return slim.get_unique_variable(name)


def values(graph, *fetches):
    """Runs `fetches` in a session of `graph` after all initialisers."""
    with graph.as_default(), v1.Session() as session:
        session.run([v1.global_variables_initializer(), v1.local_variables_initializer()])
        return session.run(fetches)


@check
def check_import(run, request):
    assert run("import")["slim"].conv2d is slim.conv2d


@check
def check_variable(run, request):
    found = run("variable")
    assert found["weights"].op.name == "weights"
    assert found["weights"].device.endswith("CPU:0")
    with found["graph"].as_default():
        assert slim.get_variables() == [found["weights"]] and slim.get_model_variables() == []
        assert len(slim.losses.get_regularization_losses()) == 1


@check
def check_model_variables(run, request):
    found = run("model_variables")
    assert found["model_variables"] == [found["weights"]]
    assert found["regular_variables_and_model_variables"] == [found["weights"], found["my_var"]]


@check
def check_custom_variable(run, request):
    found = run("custom_variable")
    with found["graph"].as_default():
        assert slim.get_model_variables() == [found["my_model_variable"]]


@check
def check_plain_layer(run, request):
    found = run("plain_layer")
    assert found["conv1"].op.name == "conv1_1" and found["conv1"].shape == (2, 8, 8, 128)


@check
def check_slim_layer(run, request):
    plain, by_slim = run("plain_layer"), run("slim_layer")
    assert shapes(by_slim["graph"]) == shapes(plain["graph"])
    assert by_slim["net"].shape == plain["conv1"].shape


def check_convolutions(run, request):
    found = run(request.node.callspec.params["name"])
    prefix = "conv3/" if "repeat" in request.node.name else ""
    expected = {f"{prefix}conv3_{i}/{kind}": None for i in (1, 2, 3) for kind in ("weights", "biases")}
    assert [*shapes(found["graph"])] == [*expected]
    assert found["net"].shape == (1, 4, 4, 256)


CHECKS |= dict.fromkeys(("three_convolutions", "loop", "repeat"), check_convolutions)


@check
def check_stack_dense(run, request):
    found = run("stack_dense")  # the second way, reusing the variables of the first, makes none of its own
    made = {name: shape for name, shape in shapes(found["graph"]).items() if name.endswith("weights")}
    assert made == {"fc/fc_1/weights": [16, 32], "fc/fc_2/weights": [32, 64], "fc/fc_3/weights": [64, 128]}


@check
def check_stack_convolutions(run, request):
    made = shapes(run("stack_convolutions")["graph"])
    assert {name: shape for name, shape in made.items() if name.endswith("weights")} == {
        "core/core_1/weights": [3, 3, 3, 32],
        "core/core_2/weights": [1, 1, 32, 32],
        "core/core_3/weights": [3, 3, 32, 64],
        "core/core_4/weights": [1, 1, 64, 64],
    }


def check_three_ways_to_say_it(run, request):
    found = run(request.node.callspec.params["name"])
    strided = 1 if "arg_scope" in request.node.name else 4  # that block leaves the stride of conv1 out
    assert found["net"].shape == (2, 96 // strided - 10, 96 // strided - 10, 256)
    assert shapes(found["graph"])["conv2/weights"] == [11, 11, 64, 128]
    with found["graph"].as_default():
        assert len(slim.losses.get_regularization_losses()) == 3
    (weights,) = values(found["graph"], variable(found["graph"], "conv3/weights"))
    assert weights.std() == pytest.approx(0.0088, abs=2e-4)  # 0.01, cut at two deviations


CHECKS |= dict.fromkeys(("repeated_arguments", "shared_defaults", "arg_scope"), check_three_ways_to_say_it)


@check
def check_nested_arg_scopes(run, request):
    found = run("nested_arg_scopes")
    assert found["net"].shape == (2, 22, 22, 1000)
    spread = values(
        found["graph"], *(variable(found["graph"], f"{name}/weights") for name in ("conv1", "conv2"))
    )
    assert [w.std() for w in spread] == pytest.approx([0.0088, 0.0264], rel=0.03)  # the inner setting wins


@check
def check_vgg16(run, request):
    found = run("vgg16")
    with tf.Graph().as_default() as graph:
        net = found["vgg16"](tf.zeros([1, 224, 224, 3]))
        made = shapes(graph)
    assert net.shape == (1, 7, 7, 1000)  # fully_connected keeps the map, as TF 1.15's does
    assert len(made) == 32 and made["fc6/weights"] == [512, 4096] and "conv5/conv5_3/biases" in made


@check
def check_loss(run, request):
    found = run("loss")
    (loss,) = values(found["graph"], found["loss"])
    assert loss == pytest.approx(math.log(1000), rel=0.2)  # untrained: near the loss of a guess


@check
def check_multi_task_losses(run, request):
    found = run("multi_task_losses")
    parts = [found["classification_loss"], found["sum_of_squares_loss"]]
    *losses, total = values(found["graph"], *parts, found["total_loss"])
    assert total == pytest.approx(sum(losses), rel=1e-6)


@check
def check_custom_loss(run, request):
    found = run("custom_loss")
    first, second, penalty = values(
        found["graph"], found["total_loss1"], found["total_loss2"], found["regularization_loss"]
    )
    assert penalty > 0 and first == pytest.approx(second, rel=1e-6)


@check
def check_training_loop(run, request):
    folder = Path(run("training_loop")["folder"])
    assert tf.train.latest_checkpoint(str(folder)).endswith("model.ckpt-1000")
    run("training_loop")  # again, from its logdir: as under TF 1.15.5, one step, after which it looks
    assert tf.train.latest_checkpoint(str(folder)).endswith("model.ckpt-1001")
    assert [event for event in events(folder) if event.HasField("graph_def")]


@check
def check_train_vgg16(run, request):
    folder = run("train_vgg16")["folder"]
    steps = int(tf.train.latest_checkpoint(folder).rpartition("-")[2])
    assert steps in (2, 3)  # of three batches; the thread of the summaries may take one
    assert "losses/total_loss" in tags(folder)


@check
def check_saver(run, request):
    first, second = run("saver")["restored"]
    assert first.tolist() == [5.0, 6.0] and second.tolist() == [[7.0]]


@check
def check_restore_in_part(run, request):
    found = run("restore_in_part")
    assert found["variables_to_restore"] == [found["v2"]]
    assert found["restored"].tolist() == [7.0, 8.0]


@check
def check_restore_renamed(run, request):
    found = run("restore_renamed")
    assert {old: v.op.name for old, v in found["variables_to_restore"].items()} == {
        "conv1/params1": "conv1/weights",
        "conv1/params2": "conv1/bias",
    }


@check
def check_fine_tune(run, request):
    caplog = request.getfixturevalue("caplog")
    with caplog.at_level(logging.WARNING):
        found = run("fine_tune")
    assert "vgg_16/fc8" in caplog.text  # nothing is called fc8 alone: the warning names what is nearest
    before = converters.read(found["checkpoint"])
    after = converters.read(tf.train.latest_checkpoint(found["folder"]))
    assert after["global_step"] == before["global_step"] + 1
    for name in ("vgg_16/conv1/conv1_1/weights", "vgg_16/fc8/weights"):  # all restored, then one small step
        assert 0 < np.abs(after[name] - before[name]).max() < 0.1 * np.abs(before[name]).max()


@check
def check_metrics(run, request):
    found = run("metrics")
    images, labels = values(found["graph"], found["predictions"], found["labels"])
    error = np.abs(images - labels).astype(np.float64)
    with found["graph"].as_default(), v1.Session() as session:
        session.run(v1.local_variables_initializer())
        for _ in range(2):
            session.run([found[f"{metric}_update_op"] for metric in ("mae", "mre", "pl")])
        mae, mre, pl = session.run([found[f"{metric}_value_op"] for metric in ("mae", "mre", "pl")])
    assert [mae, mre, pl] == pytest.approx([error.mean(), error.mean(), (error < 0.3).mean()], rel=1e-5)


@check
def check_aggregate_metrics(run, request):
    found = run("aggregate_metrics")
    with found["graph"].as_default(), v1.Session() as session:
        session.run(v1.local_variables_initializer())
        session.run([found["update_ops"], found["names_to_updates"]])
        assert session.run(found["value_ops"]) == [1.25, 2.125]
        by_name = session.run(found["names_to_values"])
    assert by_name == {"eval/mean_absolute_error": 1.25, "eval/mean_squared_error": 2.125}


@check
def check_track_metrics(run, request):
    capsys = request.getfixturevalue("capsys")
    run("track_metrics")
    printed = capsys.readouterr().out
    assert len(re.findall(r"Metric eval/\w+ has value: [\d.]+", printed)) == 2


@check
def check_evaluation_loop(run, request):
    folder = request.getfixturevalue("tmp_path") / "evaluation_loop" / "made"
    folder.mkdir(parents=True)
    heard = document.interrupt_when_summarised(tf, str(folder), "recall")
    with pytest.raises(KeyboardInterrupt):
        run("evaluation_loop")
    heard.set()
    # The metrics took the names first: TF 1.15.5 makes the same tags.
    assert {"accuracy_1", "precision_1", "recall_1"} <= tags(folder)


def events(folder):
    """Returns what the event files of `folder` hold."""
    return [
        e for path in sorted(Path(folder).glob("*tfevents*")) for e in v1.train.summary_iterator(str(path))
    ]


def tags(folder):
    """Returns the tags of the summaries in the event files of `folder`."""
    return {value.tag for event in events(folder) for value in event.summary.value}
