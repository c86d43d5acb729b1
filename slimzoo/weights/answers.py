"""What servers answer over HTTP, of which nothing is believed before it was looked at.

requests asks; redirections are followed here, as it would read the body of each whole.
"""

import re
import socket
import time
import urllib.parse
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import slimzoo
from slimzoo.errors import SlimzooError

if TYPE_CHECKING:
    import requests

TEMPORARY_STATUS = (408, 425, 429, 500, 502, 503, 504)  # worth another attempt
REDIRECTIONS = (301, 302, 303, 307, 308)
HOPS = 10  # redirections in a row
LONGEST = 200  # characters of a server's words in a message
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.ASCII)


class SourceError(SlimzooError):
    """One source cannot deliver the file; the message is the reason, another source may do better."""


class LostError(Exception):
    """A connection that broke off, stalled or brought a temporary answer; `pause`: what the server asks."""

    def __init__(self, reason: str, slow: bool = False, pause: float = 0.0):
        super().__init__(reason)
        self.slow, self.pause = slow, pause


def session() -> "requests.Session":
    """Returns a session with slimzoo's name; proxies and certificates are those of the environment."""
    import requests

    class Asking(requests.Session):
        def get_redirect_target(self, resp: requests.Response) -> None:
            """None, or requests would read the body of each redirection whole."""

    made = Asking()
    made.headers.update({"User-Agent": f"slimzoo/{slimzoo.__version__}", "Accept-Encoding": "identity"})
    return made


def ask(
    session: "requests.Session",
    url: str,
    headers: Mapping[str, str],
    timeout: float,
    check: Callable[[str], None] = lambda url: None,
) -> "requests.Response":
    """Returns the answer to a GET of `url`, or of where that leads; its body is not read yet.

    Args:
      headers: what says who asks is not told to another host.
      check: raises for an address that is not to be asked.
    Raises: LostError: another attempt may do better. SourceError: it will not.
    """
    for _ in range(HOPS + 1):
        check(url)
        answer = _get(session, url, headers, timeout)
        if answer.status_code not in REDIRECTIONS:
            return answer
        answer.close()
        target = _target(answer, url)
        if session.should_strip_auth(url, target):
            headers = {name: text for name, text in headers.items() if name.lower() != "authorization"}
        url = target
    raise SourceError(f"leads from one address to the next, {HOPS} times")


def check_status(answer: "requests.Response", ranged: bool) -> None:
    """Raises unless `answer` brings the file: LostError for trouble that may pass, else SourceError.

    Args:
      ranged: a part of it was asked for, which may be answered with a part.
    """
    status = answer.status_code
    if status == 200 or (status == 206 and ranged):
        return
    if status == 206:
        raise SourceError("answered with a part of the file, which nobody asked for")
    reason = f"HTTP {status} {shown(answer.reason or '')}".rstrip()
    if status not in TEMPORARY_STATUS:
        raise SourceError(reason)
    raise LostError(reason, pause=_seconds(answer.headers.get("Retry-After", "")))


def length(answer: "requests.Response") -> int | None:
    """Returns how many bytes the body will have, None where that is not said. Raises: SourceError."""
    given = answer.headers.get("Content-Length")
    if given is None:
        return None
    if not re.fullmatch("[0-9]{1,18}", given):
        raise SourceError(f"says that the file has {shown(given)!r} bytes")
    return int(given)


def start(answer: "requests.Response", offset: int, size: int) -> int:
    """Returns where the body begins: 0 for a server that sends the whole file though asked for a part.

    Args:
      size: bytes of the whole file; 0 where unknown.
    Raises: SourceError: it brings another part.
    """
    if answer.status_code != 206:
        return 0
    given = answer.headers.get("Content-Range", "")
    found = _RANGE.fullmatch(given)
    if found:
        first, last = int(found[1]), int(found[2])
        whole = size or last + 1 if found[3] == "*" else int(found[3])
        fits = first == offset and last + 1 == whole == (size or whole)
        if fits and length(answer) in (None, whole - offset):
            return offset
    raise SourceError(f"answered a request for the bytes from {offset} with {shown(given)!r}")


def reason(error: BaseException) -> str:
    """Returns the innermost reason of an error that libraries have wrapped."""
    while error.args and isinstance(inner := getattr(error.args[0], "reason", error.args[0]), Exception):
        error = inner
    return shown(str(error)) or type(error).__name__


def shown(text: str, longest: int = LONGEST) -> str:
    """Returns what a server said as a message can hold it: one line, not long, no control characters."""
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= longest else f"{text[:longest]}..."


def _get(
    session: "requests.Session", url: str, headers: Mapping[str, str], timeout: float
) -> "requests.Response":
    import requests
    import urllib3

    try:
        return session.get(url, headers=dict(headers), stream=True, timeout=timeout, allow_redirects=False)
    except (requests.ConnectionError, requests.Timeout) as error:
        if _is_unknown_name(error):
            raise SourceError(
                f"there is no {urllib.parse.urlsplit(url).hostname}: {reason(error)}"
            ) from error
        raise LostError(reason(error), slow=isinstance(error, requests.Timeout)) from error
    # an address that is none, headers that are none: requests lets some errors of others through
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError, OverflowError) as error:
        raise SourceError(reason(error)) from error


def _is_unknown_name(error: BaseException | None) -> bool:
    """Whether the host's name could not be resolved, somewhere behind `error`."""
    while error is not None:
        if isinstance(error, socket.gaierror):
            return True
        error = error.__cause__ or error.__context__
    return False


def _target(answer: "requests.Response", url: str) -> str:
    """Returns the address that a redirection names. Raises: SourceError: it names none."""
    given = answer.headers.get("Location", "")
    try:
        target = urllib.parse.urljoin(url, given.replace(" ", "%20"))
        parts = urllib.parse.urlsplit(target)
        known = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not given or not known or not re.fullmatch(r"[\x20-\x7e]+", given):
        raise SourceError(f"HTTP {answer.status_code} leads to {shown(given)!r}, which is no address")
    return target


def _seconds(given: str) -> float:
    """Returns the pause that a Retry-After asks for, in seconds or as a date; 0 where it says neither."""
    if re.fullmatch("[0-9]{1,18}", given):
        return float(given)
    try:
        return max(0.0, parsedate_to_datetime(given).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError, IndexError, OSError):
        return 0.0
