"""What follows a run as it trains, and decides nothing of it: TensorBoard, a tracker, a profile."""

import contextlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from slimzoo.errors import SlimzooError, counted, listing
from slimzoo.training.followers import trackers
from slimzoo.training.recipes import METHODS, Recipe
from slimzoo.training.run_folder import RunFolder

log = logging.getLogger("slimzoo")
TENSORBOARD = "tensorboard"  # in the folder of the run
WARM_UP = 3  # steps of a process that no trace has: the first of them builds its graph


class Follower(Protocol):
    """What is told of each row of the history."""

    def record(self, row: Mapping[str, Any]) -> None:
        """Tells a row."""

    def close(self) -> None:
        """No row comes any more."""


@dataclass(frozen=True)
class Following:
    """What is wanted.

    Attributes:
      tracker: a name of trackers.KINDS.
      profile: steps to trace; 0: none.
    """

    tensorboard: bool = True
    tracker: str | None = None
    profile: int = 0

    def check(self, recipe: Recipe, steps: int) -> None:
        """Raises SlimzooError with everything that cannot be; it needs no TensorFlow.

        Args:
          steps: of the whole run; a longer trace than these is warned of.
        """
        problems = []
        if isinstance(self.profile, bool) or not isinstance(self.profile, int) or self.profile < 0:
            problems.append(f"profile is {self.profile!r}; it must be a whole number of steps, at least 1")
        elif self.profile and not METHODS[recipe.method].steps:
            problems.append(
                f"profile={self.profile} traces steps, and method={recipe.method!r} trains by none; "
                "method='full' does"
            )
        elif self.profile and steps <= WARM_UP:
            problems.append(
                f"profile={self.profile} traces steps after the first {WARM_UP}, and the run has "
                f"{counted(steps, 'step')}: train for more, or leave it out"
            )
        if self.tracker is not None:
            problems += trackers.problems(self.tracker)
        if problems:
            raise SlimzooError(listing("the run cannot be followed so:", problems))
        if steps < WARM_UP + self.profile and self.profile:
            log.warning(
                "profile: of the %s at most %s will be traced, not %s, as the first %d are left out",
                *(counted(steps, "step"), counted(steps - WARM_UP, "step"), f"{self.profile:,}", WARM_UP),
            )

    @contextlib.contextmanager
    def begun(self, folder: RunFolder, title: str) -> Iterator["Followers"]:
        """Yields those that were wanted; whatever ends the block ends them."""
        from slimzoo.training.followers.events import EventLog
        from slimzoo.training.followers.profiling import Profile

        with contextlib.ExitStack() as ended:
            found: list[Follower] = []
            if self.tensorboard:
                found.append(EventLog(folder.path / TENSORBOARD, folder.history))
                ended.callback(found[-1].close)
            if self.tracker:
                found.append(trackers.begin(self.tracker, folder.path, title, folder.settings))
                ended.callback(found[-1].close)
            profile = Profile(folder.path / TENSORBOARD, self.profile, WARM_UP)
            ended.callback(profile.close)
            yield Followers((*found,), profile)


@dataclass(frozen=True)
class Followers:
    """Those that follow a run; none do where it is not this process that writes."""

    found: tuple[Follower, ...] = ()
    profile: "Profiling | None" = None

    def record(self, row: Mapping[str, Any]) -> None:
        """Tells all of them a row."""
        for one in self.found:
            one.record(row)

    def before_step(self) -> None:
        """A step comes."""
        if self.profile is not None:
            self.profile.before_step()


class Profiling(Protocol):
    """What wants to know of the steps."""

    def before_step(self) -> None:
        """A step comes."""
