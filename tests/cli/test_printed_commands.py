"""Every command of slimzoo's that a page or a message prints is one that its command line takes."""

import ast
import re
import shlex
from pathlib import Path

import click
import pytest

import slimzoo as package
from slimzoo.cli import main, options
from slimzoo.errors import SlimzooError
from slimzoo.report.page import load_lines
from tests.cli.support import check_tags

ROOT = Path(package.__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("slimzoo/**/*.md")]
SOURCES = [*ROOT.glob("slimzoo/**/*.py"), *ROOT.glob("converters/**/*.py")]
VALUE = "1"  # for what a message fills in: a number and a name
ENDS = {"|", "||", "&&", ";", ">", "2>&1", "&"}  # of a command in a shell


def in_backticks(text):
    return re.findall(r"`(slimzoo [^`]+)`", text.replace("``", ""))


def in_blocks(text):
    """The commands in fenced blocks, each on one line."""
    blocks = "\n".join(re.findall(r"^```(?:sh|bash|shell|console|text)?\n(.*?)^```", text, re.S | re.M))
    lines = blocks.replace("\\\n", " ").splitlines()
    found = (re.fullmatch(r"\s*(?:\$ )?(?:python3? -m )?(slimzoo .*)", line) for line in lines)
    return [match[1] for match in found if match]


def texts(source):
    """The texts of a program, docstrings too, with VALUE for what is filled in."""
    tree = ast.parse(source)
    inside = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else VALUE for part in node.values]
            inside |= {id(part) for part in node.values}
            yield "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.value


def printed():
    """(where, command) of every one."""
    for path in PAGES:
        text = path.read_text("utf-8")
        found = [*in_blocks(text), *in_backticks(re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))]
        yield from ((path, line) for line in found)
    for path in SOURCES:
        for text in texts(path.read_text("utf-8")):
            yield from ((path, " ".join(line.split())) for line in in_backticks(text))


def parse(line):
    """Takes `line` as the command line would; a command with no words or one option is only mentioned."""
    words = shlex.split(line, comments=True)
    ends = [i for i, word in enumerate(words) if word in ENDS or word.startswith("#")]
    words = [word for word in words[: min(ends, default=None)] if word not in ("...", "[...]")]
    assert words[0] == "slimzoo"
    command, rest, context = main, words[1:], click.Context(main, info_name="slimzoo")
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        command, rest = command.commands[rest[0]], rest[1:]
    if not rest:
        return
    try:
        check_tags(command.make_context(command.name, [*rest], parent=context).params)
    except click.MissingParameter as missing:
        if not rest[0].startswith("-") or not isinstance(missing.param, click.Argument):
            raise


@pytest.mark.quick
def test_every_command_that_a_page_or_a_message_prints_can_be_given(monkeypatch):
    monkeypatch.setattr(options, "import_networks", lambda source: None)
    problems, count = [], 0
    for path, line in printed():
        count += 1
        try:
            parse(line)
        except (click.ClickException, SlimzooError, KeyError, ValueError, AssertionError) as error:
            problems.append(f"{path.relative_to(ROOT)}: {line}: {error}")
        except click.exceptions.Exit:  # --help, --version
            pass
    assert not problems, "\n".join(problems)
    assert count > 40, "the pages and messages print more than that"


@pytest.mark.parametrize(
    "folder", ["runs/voc", "/a b/it's", "-rf", "--model", "ünï", "a=1", "$HOME", "x;y", "."]
)
def test_the_command_of_a_report_reads_folder_and_image_as_one_word_each(folder, monkeypatch):
    imported = []
    monkeypatch.setattr(options, "import_networks", imported.append)
    given = "slimzoo finetune folder --train x --import 'my nets.py' --import=other --model my_net"
    words = shlex.split(load_lines(Path(folder), given, folder)["shell"])
    context = main.commands["predict"].make_context("predict", words[2:])
    assert words[:2] == ["slimzoo", "predict"]
    assert context.params["model"] == folder and context.params["images"][0].removeprefix("./") == folder
    assert imported == ["my nets.py", "other"]
    call = load_lines(Path(folder), "")["python"].partition("load(")[2]
    assert ast.literal_eval(call.removesuffix(")")) == folder


def test_a_command_that_no_shell_reads_still_gives_the_lines():
    assert load_lines(Path("run"), "slimzoo 'open")["shell"] == "slimzoo predict --model run photo.jpg"
