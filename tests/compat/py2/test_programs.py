"""Programs in Python 2, and what Python 2.7.18 printed: tools/record_python_2.py recorded it."""

import builtins
import sys
from types import ModuleType

import pytest

from slimzoo.compat import importing
from slimzoo.compat.program import Program
from slimzoo.compat.py2 import loading, printing, translation
from tools.record_python_2 import FOLDER, sections

PROGRAMS, OUTPUTS = sections(FOLDER / "programs.txt"), sections(FOLDER / "outputs.txt")


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    """Runs a program's text in this process as `slimzoo run --py2` does; returns what it printed."""
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    monkeypatch.setattr(sys, "argv", ["program.py"])

    def run_text(text):
        file = tmp_path / "program.py"
        file.write_text(text, encoding="utf-8")
        program = Program(str(tmp_path), file=str(file))
        sys.meta_path.insert(0, loading.Finder(program))
        unhook = importing.hook(program, py2=True)
        made = translation.translate(file.read_bytes(), str(file))
        module = ModuleType("__main__")
        vars(module).update(__file__=str(file), __builtins__=builtins)
        loading.prepare(module, made)
        try:
            exec(made.code, vars(module))
        finally:
            unhook()
            printing._end_lines()
        return capsys.readouterr().out

    return run_text


@pytest.mark.parametrize("title", PROGRAMS)
def test_a_program_prints_what_python_2_7_printed(title, run):
    assert run(PROGRAMS[title]).splitlines() == OUTPUTS[title].splitlines()
