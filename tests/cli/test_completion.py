"""`slimzoo completion`: what a shell is told, and that it takes the script."""

import shutil
import subprocess

import pytest
from click.testing import CliRunner

from slimzoo.cli import main
from slimzoo.cli.completion import SHELLS, VARIABLE
from slimzoo.preprocessing.augmentation import AUGMENTATIONS as KINDS_OF_AUGMENTATION
from slimzoo.training.recipes import AUGMENTATIONS


def completed(line: str) -> list[str]:
    """What a shell is offered at the end of `line`: names, or "file" and "dir" where it looks itself."""
    words = line.split() + [""] * line.endswith(" ")
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), VARIABLE: "bash_complete"}
    result = CliRunner().invoke(main, [], env=asked, prog_name="slimzoo")
    pairs = [found.split(",", 1) for found in result.stdout.split()]
    return [value if kind == "plain" else kind for kind, value in pairs]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("slimzoo fine", ["finetune"]),
        ("slimzoo finetune ", ["boxes", "folder", "list", "tfrecord", "voc"]),
        ("slimzoo finetune voc --learning-rate", ["--learning-rate", "--learning-rates"]),
        (
            "slimzoo finetune voc --optimizer ",
            ["momentum", "adam", "rmsprop", "nesterov", "adamw", "lion", "lamb"],
        ),
        ("slimzoo finetune voc --schedule p", ["polynomial", "plateau"]),
        ("slimzoo finetune voc --batch-norm f", ["frozen"]),
        ("slimzoo finetune folder --class-w", ["--class-weights"]),
        ("slimzoo finetune voc --augmentation m", ["mild"]),
        ("slimzoo finetune voc --precision mixed_b", ["mixed_bfloat16"]),
        ("slimzoo convert --background s", ["synthetic"]),
        ("slimzoo convert --from ti", ["timm"]),
        ("slimzoo list --sort t", ["top-1"]),
        ("slimzoo list vgg_1", ["vgg_16", "vgg_19"]),
        ("slimzoo convert --network lene", ["lenet"]),
        ("slimzoo info vgg_19.s", ["vgg_19.slim_in1k"]),
        ("slimzoo download inception_v4.s", ["inception_v4.slim_in1k"]),
        ("slimzoo predict --model mobilenet_v1_025 --weights slim_in1k_2", ["slim_in1k_224"]),
        ("slimzoo predict --model runs/", ["file"]),
        ("slimzoo predict --weights old.", ["file"]),
        ("slimzoo inspect model.", ["file"]),
        ("slimzoo finetune folder --train flo", ["dir"]),
        ("slimzoo completion f", ["fish"]),
    ],
)
def test_a_shell_is_offered_what_can_stand_there(line, found):
    offered = completed(line)
    assert [name for name in offered if name in found] == found
    assert len(offered) <= len(found) + ("slim_in1k_2" in line)


def test_the_names_of_augmentations_are_those_that_exist():
    assert set(AUGMENTATIONS) == set(KINDS_OF_AUGMENTATION)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_takes_its_script(slimzoo, shell):
    script = slimzoo("completion", shell).out
    assert VARIABLE in script
    if shutil.which(shell) is not None:  # fish has the same flag
        done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_a_shell_that_is_none_is_answered_with_those_there_are(refused):
    refused("completion", "tcsh", words=["tcsh", "bash", "zsh", "fish"])
