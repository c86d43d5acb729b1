"""Progress bars: tqdm's, in a notebook too; a line for each tenth where stderr is a file or a program."""

import functools
import sys
import warnings
from typing import Any

TENTHS = 10
QUICK = 1.0  # seconds, in which no line is worth writing


def bar(*arguments: Any, **settings: Any) -> Any:
    """Returns a progress bar as tqdm.tqdm makes one; the arguments are its own."""
    if settings.get("disable") is not True and not _is_seen():
        return _lines()(*arguments, **settings)
    with warnings.catch_warnings():  # that ipywidgets are not there, where it then draws with characters
        warnings.simplefilter("ignore")
        from tqdm.auto import tqdm
    return tqdm(*arguments, **settings)


def _is_seen() -> bool:
    return sys.stderr.isatty() or "ipykernel" in sys.modules


@functools.cache
def _lines() -> type:
    """Returns a tqdm that writes a line at the end of each tenth of what is to be done, and nothing else."""
    from tqdm import tqdm

    class Lines(tqdm):
        """Of a bar without a total, the last line alone is written."""

        disable: bool
        monitor_interval = 0  # no thread looks after it: every step is looked at

        def __init__(self, *arguments: Any, **settings: Any):
            self.tenths, self.said = 0, None
            each = {
                "mininterval": 0,
                "miniters": 1,
                "ascii": True,
                "smoothing": 0,
            }  # the rate is of all till now
            super().__init__(*arguments, **{"delay": QUICK, **settings, **each})

        def display(self, *arguments: Any, **settings: Any) -> bool:
            del arguments, settings
            tenths = TENTHS * self.n // self.total if self.total else 0
            if tenths > self.tenths:
                self.tenths, self.said = int(tenths), self.postfix
                self._write()
            return True

        def clear(self, *arguments: Any, **settings: Any) -> None:
            """Takes nothing back: a line is not drawn over."""
            del arguments, settings

        def close(self) -> None:
            is_news = self.tenths and self.postfix != self.said  # as of an evaluation after the last step
            if not self.disable and self.n and (is_news or not self.total):
                self._write()
            self.disable = True
            self._decr_instances(self)

        def _write(self) -> None:
            self.fp.write(f"{self}\n")
            self.fp.flush()

    return Lines
