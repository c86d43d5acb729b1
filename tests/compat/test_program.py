"""Whose module is it: the program's own, or a library's?"""

import os
import sysconfig
from pathlib import Path

import pytest

import slimzoo
from slimzoo.compat.importing import import_for
from slimzoo.compat.program import Program, has_code


def globals_of(file, name="m"):
    return {"__file__": str(file), "__name__": name}


@pytest.mark.parametrize(
    ("place", "own"),
    [
        ("a.py", True),
        ("sub/folder/a.py", True),
        ("../other/a.py", False),
        ("venv/lib/python3.11/site-packages/keras/a.py", False),
    ],
)
def test_a_module_below_the_programs_folder_is_its_own_unless_installed_there(tmp_path, place, own):
    program = Program(str(tmp_path / "prog"))
    assert program.wrote(globals_of(tmp_path / "prog" / place)) is own


def test_slimzoo_and_the_standard_library_are_never_a_programs_own():
    program = Program(os.path.sep)
    assert not program.wrote(globals_of(slimzoo.__file__))
    assert not program.wrote(globals_of(Path(sysconfig.get_path("stdlib")) / "json" / "decoder.py"))


def test_folders_that_the_program_puts_on_the_path_are_its_own(tmp_path, monkeypatch):
    program = Program(str(tmp_path / "prog"))
    module = globals_of(tmp_path / "models" / "a.py")
    assert not program.wrote(module)
    monkeypatch.syspath_prepend(str(tmp_path / "models"))
    assert program.wrote(module)


def test_a_package_that_is_a_link_beside_the_program_is_its_own(tmp_path):
    (tmp_path / "elsewhere" / "pkg").mkdir(parents=True)
    (tmp_path / "prog").mkdir()
    (tmp_path / "prog" / "pkg").symlink_to(tmp_path / "elsewhere" / "pkg")
    program = Program(str(tmp_path / "prog"))
    assert program.wrote(globals_of(tmp_path / "prog" / "pkg" / "a.py"))
    assert not program.wrote(globals_of(tmp_path / "elsewhere" / "pkg" / "a.py"))


def test_a_program_reached_by_a_link_is_the_same_program(tmp_path):
    (tmp_path / "prog").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "prog")
    assert Program(str(tmp_path / "link")).wrote(globals_of(tmp_path / "link" / "a.py"))
    assert Program(str(tmp_path / "link")).wrote(globals_of(tmp_path / "prog" / "a.py"))


def write(file, text=""):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return globals_of(file)


def test_of_a_shared_folder_what_imports_tensorflow_is_the_programs(tmp_path):
    program = Program(str(tmp_path / "prog"), shared=[str(tmp_path / "lib")])
    lib = tmp_path / "lib"
    write(lib / "nets" / "vgg.py", "import tensorflow as tf\n")
    assert program.wrote(write(lib / "nets" / "boxes.py", "import numpy as np\n"))
    assert program.wrote(write(lib / "mine.py", "from tensorflow.contrib import slim\n"))
    assert not program.wrote(write(lib / "numbers_only.py", "import numpy as np\n"))
    assert not program.wrote(write(lib / "arrays" / "__init__.py", "import numpy as np\n"))


def test_of_a_shared_folder_what_pip_put_there_is_a_library(tmp_path):
    program = Program(str(tmp_path / "prog"), shared=[str(tmp_path / "lib")])
    write(tmp_path / "lib" / "net-1.0.dist-info" / "RECORD", "net/__init__.py,,\none_file.py,,\n")
    assert not program.wrote(write(tmp_path / "lib" / "net" / "__init__.py", "import tensorflow as tf\n"))
    assert not program.wrote(write(tmp_path / "lib" / "one_file.py", "import tensorflow as tf\n"))


def test_a_shared_folder_around_the_program_is_its_own(tmp_path):
    program = Program(str(tmp_path / "repo" / "tools"), shared=[str(tmp_path / "repo")])
    assert program.wrote(globals_of(tmp_path / "repo" / "lib" / "boxes.py"))


def test_an_interactive_session_is_a_program(tmp_path):
    assert Program(str(tmp_path)).wrote({"__name__": "__main__"})
    assert not Program(str(tmp_path)).wrote({"__name__": "m"})
    assert not Program(str(tmp_path)).wrote(None)


def test_a_folder_of_data_is_no_module(tmp_path):
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "images.bin").touch()
    assert not has_code("datasets", [str(tmp_path)])
    (tmp_path / "datasets" / "reader.py").touch()
    assert has_code("datasets", [str(tmp_path)])


def test_only_the_programs_own_imports_are_served_by_the_tables(tmp_path):
    asked = []
    old_import = import_for(Program(str(tmp_path)), lambda name, *rest: asked.append(name))
    own, other = globals_of(tmp_path / "a.py"), globals_of("/elsewhere/b.py")
    assert old_import("tensorflow", own).contrib.slim.conv2d
    assert old_import("numpy", own).int is int
    assert asked == []
    for name, module, level in (
        ("tensorflow", other, 0),
        ("numpy", other, 0),
        ("json", own, 0),
        ("nets", own, 1),
    ):
        old_import(name, module, None, (), level)
    assert asked == ["tensorflow", "numpy", "json", "nets"]


def test_a_programs_own_nets_are_kept(tmp_path):
    asked = []
    old_import = import_for(Program(str(tmp_path)), lambda name, *rest: asked.append(name))
    own = globals_of(tmp_path / "a.py")
    assert old_import("nets.vgg", own, None, ("vgg_16",), 0).__name__ == "slimzoo.nets.vgg"
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "__init__.py").touch()
    old_import("nets.vgg", own, None, ("vgg_16",), 0)
    assert asked == ["nets.vgg"]
