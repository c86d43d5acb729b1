"""Tables and messages in a terminal of 60, 80 and 120 columns: names and words stay whole."""

import re
import sys

import pytest
from click.testing import CliRunner

from slimzoo.cli import main, output
from tests.cli.test_help import commands

COMMANDS = {  # a command: names that must be found whole
    ("list", "mobilenet_v3*"): ["mobilenet_v3_large_minimalistic", "mobilenet_v3_small_075", "75.2 %"],
    ("compare", "mobilenet_v3*", "nasnet*"): ["mobilenet_v3_small_minimalistic", "nasnet_mobile"],
    ("info", "mobilenet_v1"): ["MobilenetV1/Conv2d_13_pointwise", "slim_in1k_224_2018_02_22"],
    ("info", "vgg_16.keras_in1k"): ["vgg_16/conv1/conv1_1", "102,764,544", "preprocessing:"],
    ("inspect", "FILE"): ["CifarNet/logits/weights", "5 x 5 x 3 x 64", "6,291,456"],
    ("info", "vgg16"): ["vgg_16,", "--import"],
}


@pytest.fixture(params=[60, 80, 120])
def columns(request, monkeypatch):
    """A terminal of so many columns."""
    real = output.width
    for module in [m for name, m in sys.modules.items() if name.startswith("slimzoo.cli.")]:
        if getattr(module, "width", None) is real:
            monkeypatch.setattr(module, "width", lambda err=False: request.param)
    return request.param


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_names_stay_whole_and_lines_fit(slimzoo, cifarnet, columns, command):
    result = slimzoo(*(str(cifarnet) if word == "FILE" else word for word in command))
    text = result.out + result.err
    assert not [name for name in COMMANDS[command] if name not in text]
    # A path or an address is a word, which nothing breaks.
    long = [line for line in text.splitlines() if len(line) > columns and len(line.split()) > 1]
    assert not [line for line in long if "/" not in line]


@pytest.mark.parametrize("room", [60, 80, 110])
def test_no_word_of_a_help_is_broken(room):
    for path, _ in commands():
        text = CliRunner().invoke(main, [*path, "--help"], terminal_width=room).stdout
        assert not [line for line in text.splitlines() if re.search(r"\w-$", line)], path


@pytest.mark.parametrize(
    "number, words", [(0.1234, "0.123"), (12.34, "12.3"), (1140.4, "1,140"), (99.96, "100")]
)
def test_a_rate_is_no_power_of_ten(number, words):
    assert output.short_rate(number) == words


def test_columns_give_way_in_their_order_and_that_is_said(monkeypatch):
    monkeypatch.setattr(output, "width", lambda err=False: 24)
    rows = [("a_long_name", 1234567, "same", "two words")]
    text = output.table(("name", "size>", "maths", "note"), rows, spare=("maths", "size>"))
    assert [line.split() for line in text.splitlines() if line.strip()][2:] == [
        ["a_long_name", "two"],
        ["words"],
        ["(no", "room", "for", "size,", "maths)"],
    ]


def test_what_goes_to_a_file_or_a_program_is_neither_cut_nor_broken(slimzoo, capsys):
    output.echo("word " * 100)
    assert capsys.readouterr().out == "word " * 100 + "\n"
    assert "no room" not in slimzoo("list").out
