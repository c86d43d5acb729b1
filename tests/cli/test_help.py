"""What the command line says about itself, and how quickly."""

import re
import shlex
import subprocess
import sys

import click
import pytest

import slimzoo as package
from slimzoo.cli import main, options
from tests.cli.support import check_tags


def commands(group: click.Group = main, path: tuple[str, ...] = ()):
    """Every command with its words: ("finetune", "voc")."""
    yield path, group
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def examples():
    for path, command in commands():
        lines = (command.epilog or "").partition("Examples:\n")[2].splitlines()
        yield from (pytest.param(path, line.strip(), id=line.strip()) for line in lines)


@pytest.mark.parametrize("path", [path for path, _ in commands()], ids=" ".join)
def test_each_help_ends_with_examples_of_that_command(slimzoo, path):
    result = slimzoo(*path, "--help")
    assert result.code == 0
    shown = result.out.partition("Examples:\n")[2].splitlines()
    assert shown
    assert all(line.strip().startswith(" ".join(("slimzoo", *path))) for line in shown)


@pytest.mark.parametrize(("path", "line"), examples())
def test_the_examples_of_the_help_use_options_and_weights_that_exist(path, line, monkeypatch):
    monkeypatch.setattr(options, "import_networks", lambda source: None)
    words = shlex.split(line)
    assert words[0] == "slimzoo"
    command: click.Command = main
    context = click.Context(main, info_name="slimzoo")
    rest = words[1:]
    while isinstance(command, click.Group):
        command, rest = command.commands[rest[0]], rest[1:]
    made = command.make_context(path[-1] if path else "", rest, parent=context)  # raises UsageError
    check_tags(made.params)


def test_every_option_and_argument_is_explained_or_speaks_for_itself():
    plain = {"--batch-size", "--seed", "--year"}
    silent = [
        f"{' '.join(path)} {parameter.opts[0]}"
        for path, command in commands()
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.help and parameter.opts[0] not in plain
    ]
    assert not silent


def test_help_and_version_need_no_tensorflow():
    code = (
        "import sys, slimzoo.cli\n"
        "for arguments in (['--help'], ['--version'], ['finetune', 'voc', '--help']):\n"
        "    try: slimzoo.cli.main(arguments)\n"
        "    except SystemExit as end: assert not end.code, end.code\n"
        "heavy = {'tensorflow', 'keras', 'numpy', 'rich', 'matplotlib'} & sys.modules.keys()\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_list_prints_a_table_and_nothing_of_tensorflow_s_start():
    code = "from slimzoo.cli import main; main(['list', 'lenet'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"lenet +classification +3,274,634 +13\.9 M +28 px +10", done.stdout)


def test_the_version_is_the_package_s(slimzoo):
    assert slimzoo("--version").out == f"slimzoo {package.__version__}\n"


def test_no_command_shows_the_help(slimzoo):
    for path in ((), ("finetune",), ("evaluate",)):
        result = slimzoo(*path)
        assert result.code == 0
        assert "Commands:" in result.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lst"], ["no command 'lst'", "list"]),
        (["finetune", "vox"], ["no command 'vox'", "voc"]),
        (["predict", "--modle", "lenet", "a.jpg"], ["--modle", "--model"]),
        (["convert", "a.ckpt"], ["DST"]),
        (["predict", "--model", "lenet"], ["IMAGE"]),
        (["finetune", "voc"], ["--data"]),
        (["finetune", "voc", "--data", "x", "--steps", "0"], ["--steps", "x>=1"]),
        (["finetune", "voc", "--data", "x", "--learning-rates", "conv1"], ["SCOPE=FACTOR"]),
    ],
)
def test_a_misspelt_command_line_is_answered_with_what_was_meant(refused, arguments, words):
    refused(*arguments, words=words)
