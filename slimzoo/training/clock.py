"""How long a run has trained, over all the processes that it took."""

import time
from typing import Any

from slimzoo.files import schema
from slimzoo.files.schema import needed

SCHEMA: schema.Schema = {
    "seconds": needed(schema.number(0)),
    "stepping": needed(schema.number(0)),
    "images": needed(schema.whole()),
    "complete": needed(schema.flag()),
}


class Clock:
    """Time of training: `seconds` in all, `stepping` of it in the steps that trained on `images`.

    What a killed run did after its last checkpoint is not in it: that is done again. It is not `complete`
    where an older slimzoo began the run, which did not count.
    """

    def __init__(
        self, seconds: float = 0.0, stepping: float = 0.0, images: int = 0, complete: bool = True
    ) -> None:
        self.seconds, self.stepping, self.images, self.complete = seconds, stepping, images, complete
        self._last = time.monotonic()

    def begin(self) -> None:
        """What came before is not counted."""
        self._last = time.monotonic()

    def lap(self, images: int = 0) -> None:
        """Counts the time since the last call, as one of steps if they trained on `images`."""
        now = time.monotonic()
        self.seconds += now - self._last
        if images:
            self.stepping += now - self._last
            self.images += images
        self._last = now

    @property
    def images_per_second(self) -> float | None:
        """None before there was a step to measure."""
        return self.images / self.stepping if self.stepping else None

    def to_dict(self) -> dict[str, Any]:
        """What a checkpoint remembers; Clock(**it) goes on from there."""
        fields = {"seconds": self.seconds, "stepping": self.stepping, "images": self.images}
        return {**fields, "complete": self.complete}
