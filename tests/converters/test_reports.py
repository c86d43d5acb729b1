"""Reports as people and programs read them."""

import json

from slimzoo.converters import RestoreReport

REPORT = RestoreReport(
    restored=("vgg_16/conv1/conv1_1/weights", "vgg_16/conv1/conv1_1/biases"),
    reinitialised=("vgg_16/fc8/weights", "vgg_16/fc8/biases"),
    missing=(),
    unused=["net/conv/BatchNorm/beta", "net/conv/weights", "step"],
    parameters_restored=750,
    parameters_total=1000,
)


def test_a_restore_report_says_how_much_was_restored():
    assert REPORT.fraction == 0.75
    text = str(REPORT)
    assert text.splitlines()[0] == "2 variables restored: 750 of 1,000 parameters (75.0%)"
    assert [line.split() for line in text.splitlines()[1:]] == [
        ["new", "vgg_16/fc8", "2", "variables"],
        ["unused", "net/conv", "2", "variables"],
        ["unused", "step", "1", "variables"],
    ]


def test_a_restore_report_is_json():
    rows = json.loads(json.dumps(REPORT.to_dict()))
    assert rows["fraction"] == 0.75 and rows["reinitialised"] == ["vgg_16/fc8/weights", "vgg_16/fc8/biases"]


def test_a_network_without_parameters_is_no_division_by_zero():
    assert RestoreReport((), (), (), (), 0, 0).fraction == 0
