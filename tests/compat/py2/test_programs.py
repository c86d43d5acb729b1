"""Programs in Python 2, and what Python 2.7.18 printed: tools/record_python_2.py recorded it."""

import pytest

from tools.record_python_2 import FOLDER, sections

PROGRAMS, OUTPUTS = sections(FOLDER / "programs.txt"), sections(FOLDER / "outputs.txt")


@pytest.mark.parametrize("title", PROGRAMS)
def test_a_program_prints_what_python_2_7_printed(title, run_py2):
    assert run_py2(PROGRAMS[title]).splitlines() == OUTPUTS[title].splitlines()
