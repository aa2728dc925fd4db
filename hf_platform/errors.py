"""Everything the platform raises on purpose: one root, four branches, few leaves.

Each text states the rule, the value found and the next step. Facts are attributes and are
passed on to `super().__init__`, so that an error survives the trip between processes.
"""


class PlatformError(Exception):
    """Root of every error raised on purpose."""


class DataError(PlatformError, ValueError):
    """The data handed in break a rule."""


class ConfigError(PlatformError, ValueError):
    """A setting, a name or an option breaks a rule."""


class ModelError(PlatformError):
    """A model cannot be fitted or cannot forecast."""


class StoreError(PlatformError):
    """The lake cannot do what was asked."""


class LakeMissingError(StoreError):
    """A reader finds no lake.

    Parameters
    ----------
    where : str
        The catalogue that was looked for, without credentials.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        super().__init__(where)

    def __str__(self) -> str:
        """Name the place and the verbs that make a lake."""
        return f"no lake at {self.where}. Run `hfp demo` or `hfp materialize`, or point HFP_HOME at an existing one."


class LakeBusyError(StoreError):
    """Another writer kept the lake's lock for longer than the time allowed.

    Parameters
    ----------
    seconds : float
        How long this writer waited.
    holder : str or None
        Who holds the lock, where that is known.
    """

    def __init__(self, seconds: float, holder: str | None) -> None:
        self.seconds, self.holder = seconds, holder
        super().__init__(seconds, holder)

    def __str__(self) -> str:
        """Name the holder and the setting."""
        holder = self.holder or "an unknown writer"
        return (
            f"the lake's writer lock was not free within {self.seconds:g} s; held by {holder}. "
            "Wait for it to finish, or raise HFP_LOCK_TIMEOUT."
        )


class UnknownNameError(ConfigError):
    """A name that a user typed is not among the known ones.

    Parameters
    ----------
    kind : str
        What was looked up, for example ``instrument``.
    name : str
        The value found.
    known : tuple of str
        The names that exist; the text lists at most twelve.
    """

    def __init__(self, kind: str, name: str, known: tuple[str, ...]) -> None:
        self.kind, self.name, self.known = kind, name, tuple(known)
        super().__init__(kind, name, self.known)

    def __str__(self) -> str:
        """Name the value found and what may be typed instead."""
        shown = ", ".join(self.known[:12]) + (" ..." if len(self.known) > 12 else "")
        return f"unknown {self.kind} {self.name!r}. Known: {shown or 'none yet'}."


class UnknownFamilyError(UnknownNameError, KeyError):
    """A model family that is not in the registry."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        UnknownNameError.__init__(self, "model family", name, known)

    def __reduce__(self) -> tuple[type["UnknownFamilyError"], tuple[str, tuple[str, ...]]]:
        """Rebuild from the two facts, not from the three that the parent stores."""
        return type(self), (self.name, self.known)


class MigUnsupportedError(ConfigError):
    """A GPU that cannot be cut into MIG instances was asked to be.

    Parameters
    ----------
    gpu : str
        The GPU that was named.
    known : tuple of str
        GPUs whose tables are known.
    """

    def __init__(self, gpu: str, known: tuple[str, ...]) -> None:
        self.gpu, self.known = gpu, tuple(known)
        super().__init__(gpu, self.known)

    def __str__(self) -> str:
        """Name the GPU found and those that would do."""
        return (
            f"MIG needs a GPU that NVIDIA lets be partitioned, found {self.gpu!r}. Name one of "
            f"{', '.join(self.known)}; on other cards share a GPU by Ray's fractions (num_gpus below 1)."
        )


class ExecutorError(PlatformError):
    """The machines that run fits cannot be reached, do not fit, or went away; no model is to blame."""


class TooFewReturnsError(DataError):
    """A series is shorter than a model or a test needs."""

    def __init__(self, instrument: str, required: int, found: int) -> None:
        self.instrument, self.required, self.found = instrument, required, found
        super().__init__(instrument, required, found)

    def __str__(self) -> str:
        """Name both counts."""
        return (
            f"{self.instrument}: at least {self.required} returns needed, found {self.found}. "
            "Load more history or drop the instrument from the universe."
        )


class NotYetKnownError(DataError):
    """A read asks for something that was not known at `as_of`."""

    def __init__(self, what: str, as_of: str, known_at: str) -> None:
        self.what, self.as_of, self.known_at = what, as_of, known_at
        super().__init__(what, as_of, known_at)

    def __str__(self) -> str:
        """Name the knowledge cutoff and the earliest one that would do."""
        return (
            f"{self.what} was not known at {self.as_of}; it became known at {self.known_at}. "
            f"Ask with --as-of {self.known_at} or later."
        )
