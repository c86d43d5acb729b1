"""Options that would do nothing, or cannot be, are refused before anything is read."""

import pytest
from click.testing import CliRunner

from slimzoo.cli import main


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
