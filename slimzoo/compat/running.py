"""Runs an old program as `python` would have, with TensorFlow 1's behaviour and names."""

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType, TracebackType

from slimzoo.compat import finder, importing, leftovers
from slimzoo.compat.program import Program
from slimzoo.errors import SlimzooError

_OURS = str(Path(__file__).resolve().parent)
_PY2 = os.path.join(_OURS, "py2")


class ScriptError(SlimzooError):
    """The program cannot be started."""


def check(script: str, py2: bool = False) -> None:
    """Raises ScriptError where `script` is no file that can be read, or is Python 2 and stays so."""
    path = Path(script)
    if not path.is_file():
        raise ScriptError(f"{script}: {'a folder' if path.is_dir() else 'no such file'}; give a Python file")
    if script.endswith(leftovers.NOTEBOOKS):
        raise ScriptError(f"{script}: {leftovers.A_NOTEBOOK}")
    try:
        source = path.read_bytes()
        if py2:
            _check_translation(source, script)
        else:
            compile(source, script, "exec", dont_inherit=True)
    except OSError as error:
        raise ScriptError(f"{script}: {error.strerror}") from None
    except SyntaxError as error:
        if (told := leftovers.report(script, error)) is not None:
            raise ScriptError(told) from None


def _check_translation(source: bytes, script: str) -> None:
    from slimzoo.compat.py2 import syntax

    syntax.check()
    syntax.read(source, script)


def run(script: str, arguments: Sequence[str], py2: bool = False) -> None:
    """Runs the file `script` as a program; the process is the program's from here on.

    `py2`: what is Python 2 in it and in its modules is translated.

    TensorFlow's v2 behaviour is switched off. An exception that the program does not catch comes out of
    here; sys.excepthook shows it without frames of slimzoo.
    """
    sys.excepthook = show_all if py2 else show
    file = os.path.abspath(script)
    source = Path(file).read_bytes()
    _disable_v2_behavior()
    _print_numbers_as_then()
    folder = os.path.dirname(os.path.realpath(script))
    sys.argv = [script, *arguments]
    if not sys.flags.safe_path:
        sys.path[0] = folder
    main = _main_module(file)
    program = Program(folder, file=file, shared=_python_path())
    importing.hook(program, py2)
    finder.serve()
    exec((_translated if py2 else _compiled)(source, main, program), vars(main))


def diff(script: str) -> str:
    """Returns the unified diff of what is translated, in `script` and in modules of its folder."""
    from slimzoo.compat.py2 import siblings

    return "".join(made.diff() for made in siblings.translations(script))


def _compiled(source: bytes, main: ModuleType, program: Program) -> CodeType:
    return compile(source, vars(main)["__file__"], "exec", dont_inherit=True)


def _translated(source: bytes, main: ModuleType, program: Program) -> CodeType:
    from slimzoo.compat.py2 import loading, translation

    sys.meta_path.insert(0, loading.Finder(program))
    made = loading.tell(translation.translate(source, vars(main)["__file__"]))
    loading.prepare(main, made)
    return made.code


def _disable_v2_behavior() -> None:
    import tensorflow as tf

    logger = tf.get_logger()
    level = logger.level  # not set: absl's flags decide, and tf.app.run shows what is INFO
    logger.setLevel("ERROR")  # it warns of itself, which says nothing about the program
    tf.compat.v1.disable_v2_behavior()
    logger.setLevel(level)


def _print_numbers_as_then() -> None:
    """Makes a list of NumPy's numbers print as [1, 2], not as [np.int64(1), np.int64(2)]."""
    import numpy as np

    np.set_printoptions(legacy="1.25")


def _python_path() -> list[str]:
    return [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder]


def _main_module(file: str) -> ModuleType:
    module = ModuleType("__main__")
    vars(module).update(__file__=file, __builtins__=sys.modules["builtins"])
    sys.modules["__main__"] = module
    return module


def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Writes an uncaught exception to stderr: what is Python 2, or the traceback without our frames."""
    told = _python_2(error, trace)
    if told is not None:
        print(told, file=sys.stderr)
    else:
        show_all(kind, error, trace)


def show_all(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Writes an uncaught exception to stderr, the traceback without our frames."""
    if _is_translation_error(error):
        print(error, file=sys.stderr)
        return
    shown = traceback.TracebackException(kind, error, trace)
    _leave_out_ours(shown)
    lines = shown.format() if shown.stack else shown.format_exception_only()
    print("".join(lines), end="", file=sys.stderr)


def _python_2(error: BaseException, trace: TracebackType | None) -> str | None:
    frames = [f.filename for f in traceback.extract_tb(trace) if not _is_ours(f.filename)]
    file = error.filename if isinstance(error, SyntaxError) else frames[-1] if frames else None
    return leftovers.report(file, error) if file is not None and Path(file).is_file() else None


def _leave_out_ours(shown: traceback.TracebackException) -> None:
    """Takes the frames that started the program, and those of its imports, out of a traceback."""
    started = [i for i, frame in enumerate(shown.stack, start=1) if _is_start(frame)]
    program = shown.stack[started[0] if started else 0 :]
    shown.stack[:] = [frame for frame in program if not _is_ours(frame.filename)]
    for other in (shown.__cause__, shown.__context__):
        if other is not None:
            _leave_out_ours(other)


def _is_start(frame: traceback.FrameSummary) -> bool:
    return os.path.abspath(frame.filename) == os.path.abspath(__file__) and frame.name == "run"


def _is_translation_error(error: BaseException) -> bool:
    syntax = sys.modules.get("slimzoo.compat.py2.syntax")
    return syntax is not None and isinstance(error, syntax.TranslationError)


def _is_ours(filename: str) -> bool:
    return os.path.dirname(os.path.abspath(filename)) in (_OURS, _PY2) or filename.startswith(
        "<frozen importlib"
    )
