"""Which exceptions are the user's business, and how they read."""

import errno
import re
import sys
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import click

from slimzoo.errors import SlimzooError, readable, tensorflow_says, without_nodes
from slimzoo.facts import tricks
from slimzoo.files import write_error

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
_TENSORFLOW = (  # that come from files, images and memory; the others are mistakes of a program
    "DataLossError",
    "InvalidArgumentError",
    "NotFoundError",
    "PermissionDeniedError",
    "ResourceExhaustedError",
    "UnimplementedError",
)
_WORDS = (  # Python's, the command line's
    ("method='", "--recipe '"),
    ("slimzoo.list_models() lists all", "`slimzoo list` shows all"),
    ("is registered first, by slimzoo.register", "is registered first, by --import FILE"),
    ("leave pretrained out to start from new values", "fine-tune from new values, --weights none"),
    ("import first what registers it", "--import FILE first, which registers it"),
)
GIVEN = "slimzoo.given"  # of a context's meta: the parameters of the command that failed
_SMALLER = (
    ("batch_size", "--batch-size"),
    ("size", "--size"),
)  # what takes memory, in parameters of commands
_DETAILS = "(slimzoo --debug ..., or SLIMZOO_DEBUG=1, shows where this comes from)"


class Terminated(SystemExit):
    """SIGTERM came: the program is unwound, and says so."""


class Failure(click.ClickException):
    """Ends the command with a message."""

    def __init__(self, message: str, exit_code: int = 2):
        super().__init__(message)
        self.code = exit_code

    def in_options(self, command: click.Command | None) -> "Failure":
        """Returns the same with the options of `command` where it names arguments."""
        return Failure(naming_options(self.message, command), self.code)


def failure_for(
    error: Exception, verbose: bool = False, given: Mapping[str, Any] = MappingProxyType({})
) -> Failure | None:
    """Returns how the command ends with `error`; None where the error is not the user's.

    Args:
      verbose: the message is not to be shortened.
      given: the command's parameters, by which it says what needs less memory.
    """
    if isinstance(error, (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError)):
        return None
    if isinstance(error, _loaded("slimzoo.training.interrupt", "Stopped")):
        return Failure(str(error), 128 + getattr(error, "signal", 0))
    if isinstance(error, (MemoryError, *_tensorflow("ResourceExhaustedError"))):
        return Failure(f"out of memory. {needs_less(given)}")
    if isinstance(error, SlimzooError):
        return Failure((error.full if verbose else "") or str(error))
    if isinstance(error, OSError):
        return Failure(readable(_os_message(error)))
    if isinstance(error, _tensorflow(*_TENSORFLOW)):
        return Failure(readable(f"TensorFlow: {tensorflow_says(error)} {_DETAILS}"))
    if isinstance(error, ValueError):
        return Failure(readable(f"{without_nodes(str(error)).strip()} {_DETAILS}"))
    return None


def needs_less(given: Mapping[str, Any]) -> str:
    """Returns what needs less memory than a command with these parameters: no smaller batch than 1."""
    flags = [flag for name, flag in _SMALLER if name in given and given[name] != 1]
    if not flags:
        return "A smaller network needs less: `slimzoo list --sort multiply-adds` shows which there are"
    return f"A smaller {' or '.join(flags)} needs less"


def stop_behind(error: BaseException) -> BaseException | None:
    """Returns the Ctrl-C or SIGTERM in whose place `error` was raised, as TensorFlow does amid a graph."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, (KeyboardInterrupt, Terminated)):
        found = found.__context__
    return found


def naming_options(message: str, command: click.Command | None) -> str:
    """Returns `message` with the options of `command` where it names arguments: --ema for ema=True.

    What follows must look like an example, as exclude="scope", new=["scope"] or weights=PATH; a file may be
    called a=1.
    """
    for ours, theirs in _WORDS:
        message = message.replace(ours, theirs)
    for option in _parameters(command):
        flag = next((text for text in option.opts if text.startswith("--")), "")
        if flag and option.name:
            name = rf"(?<![\w/.-]){option.name}="
            message = re.sub(rf"{name}True\b(?!/)", flag, message)
            message = re.sub(rf'{name}\[("[^"\]]*"(?:, "[^"\]]*")*)\]', partial(_each, flag), message)
            message = re.sub(rf'{name}\{{("[^{{}}]*")\}}', partial(_each, flag), message)
            shown = r"(?=[\d(-])|" if option.name in tricks.ROWS else ""
            message = re.sub(
                rf"(?m)(^ *|[:;] ){option.name}(?= is (?:[-\d'\"(\[]|(?:None|nan|inf)\b))",
                rf"\1{flag}",
                message,
            )
            message = re.sub(rf"{name}({shown}(?=['\"]|[A-Z]+\b(?!/)))", f"{flag} ", message)
            message = re.sub(rf"(?m)(^ *|\band ){name}(?=[\d(-]|nan\b|inf\b)", rf"\1{flag} ", message)
    return message


def _each(flag: str, example: re.Match) -> str:
    """Returns what `flag` is given where a list or a dict of texts stands in an example."""
    values = re.findall(r'"([^"]*)"(?:: "([^"]*)")?', example[1])
    paired = '": "' in example[1]
    return " ".join(f"{flag} {old}={new}" if paired else f"{flag} {old}" for old, new in values)


def _parameters(command: click.Command | None) -> list[click.Parameter]:
    """Returns the options of `command` and of the commands in it."""
    inner = command.commands.values() if isinstance(command, click.Group) else ()
    own = command.params if command else []
    return [*own, *(parameter for other in inner for parameter in _parameters(other))]


def _os_message(error: OSError) -> str:
    if error.errno is None or error.strerror is None:
        return str(error)
    if error.errno in _NO_ROOM:
        return str(write_error(error, error.filename or "the output"))
    return f"{error.filename}: {error.strerror}" if error.filename is not None else error.strerror


def _loaded(module: str, *names: str) -> tuple[type, ...]:
    """Returns these classes of `module`; none where it was not imported: nothing can have raised them."""
    imported: Any = sys.modules.get(module)
    return tuple(getattr(imported, name) for name in names if hasattr(imported, name))


def _tensorflow(*names: str) -> tuple[type, ...]:
    tensorflow: Any = sys.modules.get("tensorflow")
    errors = getattr(tensorflow, "errors", None)
    return tuple(getattr(errors, name) for name in names if hasattr(errors, name))
