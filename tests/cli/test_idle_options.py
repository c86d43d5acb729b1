"""Options that would do nothing, or cannot be, are refused before anything is read."""

import pytest
from click.testing import CliRunner

from slimzoo.cli import main
from slimzoo.cli.crossvalidate import Candidates


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("finetune folder --train x --find-lr --dry-run", "leave out --dry-run"),
        ("finetune folder --train x --find-lr --profile 3 --log mlflow", "leave out --profile, --log"),
        ("finetune folder --train x --validation 1.5", "1.5 is no part; it lies between 0 and 1"),
        ("pack voc --data x --out y --validation 0", "0 is no part"),
        ("crossvalidate voc --data VOC --out y --choose epochs=1,2 --choose epochs=3,4", "a setting twice"),
    ],
)
def test_what_would_do_nothing_is_said(line, said):
    result = CliRunner().invoke(main, line.split())
    assert result.exit_code == 2 and said in result.output


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ("learning-rate=0.1", ("learning_rate", (0.1,))),
        ("weight_decay=none,0.05", ("weight_decay", (None, 0.05))),
        ("mixup=OFF,0.2", ("mixup", (None, 0.2))),
        ("rand_augment=off,2", ("rand_augment", (0, 2))),
        ("augmentation=none,mild", ("augmentation", (None, "mild"))),
        ("sync_batch_norm=true,false", ("sync_batch_norm", (True, False))),
        ("crop_area=none,0.3 1", ("crop_area", (None, (0.3, 1)))),
        ("optimizer=adam,none", ("optimizer", ("adam", "none"))),  # which the recipe then refuses
    ],
)
def test_what_is_chosen_between_is_said_as_a_recipe_has_it(given, values):
    assert Candidates().convert(given, None, None) == values
