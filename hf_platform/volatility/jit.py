"""The one way this package compiles: cached on disk, without the interpreter lock, no fast-math.

Numba keys its cache by the file of each function alone, so a change in a helper module would leave stale machine code
in its callers. Here the key is a digest of all sources of this package instead.
"""

# ruff: noqa: ANN401
# pyright: basic
# (numba's dispatchers carry no types)

from collections.abc import Callable
from functools import cache, wraps
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


@cache
def source_digest() -> str:
    """Digest of every source file of this package."""
    digest = sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def compile_function(function: Callable[..., Any], signature: Any = None, **options: Any) -> Any:
    """Make a dispatcher, compiled at once if a signature is given, else on first use for the types found.

    Division by zero follows IEEE rules (``error_model="numpy"``): a wild trial point gives infinity, not an exception.
    """
    dispatcher: Any = numba.njit(nogil=True, error_model="numpy", **options)(function)
    dispatcher.enable_caching()
    dispatcher._cache._cache_file._source_stamp = source_digest()  # numba has no public way to set it
    if signature is not None:
        dispatcher.compile(signature)
        dispatcher.disable_compile()
    return dispatcher


def compiled(function: F) -> F:
    """Compile on first use for the argument types found; keep the static type for the reader."""
    return cast(F, compile_function(function))


def inlined(function: F) -> F:
    """Compile into each caller: for helpers of a hot loop whose many array arguments cost more than their work."""
    return cast(F, compile_function(function, forceinline=True))


def compiled_as(signature: Any) -> Callable[[F], F]:
    """Compile on first use for one signature, for functions that take other compiled functions as typed pointers."""

    def decorate(function: F) -> F:
        @cache
        def compile_once() -> Any:
            return compile_function(function, signature)

        @wraps(function)
        def call(*args: Any) -> Any:
            return compile_once()(*args)

        return cast(F, call)

    return decorate
