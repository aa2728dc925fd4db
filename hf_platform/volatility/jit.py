"""The one way this package compiles: cached on disk, without the interpreter lock, no fast-math."""

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile on first use for the argument types found; keep the static type for the reader."""
    return cast(F, numba.njit(cache=True, nogil=True)(function))


def compiled_as(signature: Any) -> Callable[[F], F]:
    """Compile on first use for one signature, for functions that take other compiled functions as typed pointers."""

    def decorate(function: F) -> F:
        @cache
        def compile_once() -> Any:
            return numba.njit(signature, cache=True, nogil=True)(function)

        @wraps(function)
        def call(*args: Any) -> Any:
            return compile_once()(*args)

        return cast(F, call)

    return decorate
