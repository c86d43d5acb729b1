"""Programs in Python 2, run in this process as `slimzoo run --py2` does."""

import builtins
import sys
from types import ModuleType

import pytest

from slimzoo.compat import importing
from slimzoo.compat.program import Program
from slimzoo.compat.py2 import loading, printing, translation


@pytest.fixture
def run_py2(tmp_path, capsys, monkeypatch):
    """Runs a text as a program in `tmp_path`; returns what it printed."""
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    monkeypatch.setattr(sys, "argv", ["program.py"])
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = {*sys.modules}

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
            for name in {*sys.modules} - before:
                if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
                    del sys.modules[name]
        return capsys.readouterr().out

    return run_text
