"""Optional families: which of an extra's packages are missing, and what to type."""

import re
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, requires

from hf_platform.models.base import ModelFamily

_DISTRIBUTION = "hf-platform"
_REQUIREMENT = re.compile(r"""^(?P<name>[A-Za-z0-9._-]+)[^;]*;.*\bextra\s*==\s*['"](?P<extra>[A-Za-z0-9._-]+)['"]""")


def missing_extra(family: ModelFamily) -> str | None:
    """Say why a family cannot be fitted here; None where everything that it needs is installed.

    What an extra brings stands in the package's own metadata, so that there is no second list to keep.
    """
    if family.extra is None:
        return None
    absent = _absent(family.extra)
    if not absent:
        return None
    return (
        f"{family.name} needs the extra {family.extra!r}, found no {', '.join(absent)}. "
        f"Install it: pip install '{_DISTRIBUTION}[{family.extra}]'"
    )


@cache
def _absent(extra: str) -> tuple[str, ...]:
    """List the distributions of an extra that are not installed; the extra itself where nobody declares it."""
    found = [_REQUIREMENT.match(line) for line in requires(_DISTRIBUTION) or []]
    names = [match["name"] for match in found if match is not None and match["extra"] == extra]
    return tuple(name for name in names if not _is_installed(name)) if names else (extra,)


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True
