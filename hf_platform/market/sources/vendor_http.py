"""HTTP with manners: a pace, retries that wait as told, and answers that are checked before they are believed."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from hf_platform.errors import DataError

if TYPE_CHECKING:
    import httpx
    from tenacity import RetryCallState

_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_WAIT: Final = 60.0  # seconds
_MOST_BYTES: Final = 256 * 1024 * 1024


class Pace:
    """Let calls through no faster than a rate.

    Parameters
    ----------
    per_second : float
    clock, sleep : callable, optional
        Time in seconds, and waiting; the machine's by default.
    """

    def __init__(
        self,
        per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gap, self._clock, self._sleep = 1.0 / per_second, clock, sleep
        self._next = float("-inf")

    def wait(self) -> None:
        """Return when the next call may start."""
        now = self._clock()
        if now < self._next:
            self._sleep(self._next - now)
        self._next = max(now, self._next) + self._gap


class _TryAgainError(Exception):
    """An answer after which the same call may succeed."""

    def __init__(self, said: str, after: float | None = None) -> None:
        self.said, self.after = said, after
        super().__init__(said, after)


class VendorClient:
    """A client of one vendor.

    Parameters
    ----------
    name : str
        Of the feed, for texts.
    pace : Pace
    attempts : int
        Calls until it gives up.
    timeout : float
        Seconds for one call.
    headers : mapping of str to str
        Sent with each call; they may hold a credential and are never shown.
    sleep : callable, optional
        Waits between attempts.
    """

    def __init__(
        self,
        name: str,
        pace: Pace,
        *,
        attempts: int,
        timeout: float,
        headers: Mapping[str, str],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._name, self._pace, self._attempts, self._sleep = name, pace, attempts, sleep
        self._timeout, self._headers = timeout, dict(headers)

    def get_json(self, url: str, parameters: Mapping[str, str], who: str) -> object:
        """Get one page of JSON.

        Parameters
        ----------
        url : str
        parameters : mapping of str to str
            May hold a credential: never shown.
        who : str
            What is asked for, for texts.

        Raises
        ------
        DataError
            If the vendor refuses, keeps failing, or answers with something else than JSON.
        """
        import httpx
        from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

        with httpx.Client(timeout=self._timeout, headers=self._headers, follow_redirects=False) as client:
            retrying = Retrying(
                retry=retry_if_exception_type(_TryAgainError), stop=stop_after_attempt(self._attempts),
                wait=_how_long, sleep=self._sleep, reraise=True,
            )  # fmt: skip
            try:
                return retrying(self._once, client, url, parameters, who)
            except _TryAgainError as error:
                raise DataError(
                    f"{who}: {self._name} answers within {self._attempts} attempts, found {error.said}. "
                    "Ask again later, or lower requests_per_second in the feed file."
                ) from error

    def _once(self, client: "httpx.Client", url: str, parameters: Mapping[str, str], who: str) -> object:
        import httpx

        self._pace.wait()
        try:
            answer = client.get(url, params={**parameters})
        except httpx.TransportError as error:
            raise _TryAgainError(type(error).__name__) from error
        if answer.status_code in _AGAIN:
            wait = answer.headers.get("retry-after", "")
            raise _TryAgainError(f"status {answer.status_code}", float(wait) if wait.isdigit() else None)
        if answer.status_code != 200:
            step = (
                "Check the credential."
                if answer.status_code in (401, 403)
                else "Check symbol and url in the feed file."
            )
            raise DataError(f"{who}: {self._name} answers with status 200, found {answer.status_code}. {step}")
        if len(answer.content) > _MOST_BYTES:
            raise DataError(f"{who}: {self._name} answers with at most 256 MiB, found more. Ask for fewer rows a page.")
        try:
            return answer.json()
        except ValueError as error:
            raise DataError(
                f"{who}: {self._name} answers in JSON, found {answer.text[:60]!r}. Check url in the feed file."
            ) from error


def _how_long(state: "RetryCallState") -> float:
    """Wait as long as the vendor says, else 0.5, 1, 2, 4 ... seconds."""
    error = state.outcome.exception() if state.outcome is not None else None
    told = error.after if isinstance(error, _TryAgainError) else None
    return min(told if told is not None else 0.5 * 2.0 ** (state.attempt_number - 1), _LONGEST_WAIT)
