"""Settings: the only place that reads the environment. Every variable is `HFP_<FIELD NAME>`."""

import os
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from hf_platform.errors import ConfigError
from hf_platform.fitting.overrides import Override, parse_override
from hf_platform.horizons import Horizon

_FAMILY_FILES = Path(__file__).parent / "models" / "families"


class Settings(BaseSettings):
    """Where things live and how large they may grow; read once, validated, never written to.

    Each field is set by the environment variable `HFP_` + its name in capitals. Lists are
    separated by blanks. Secrets are `SecretStr`: they never appear in a repr, a log or metadata.
    """

    model_config = SettingsConfigDict(env_prefix="HFP_", frozen=True, extra="ignore")

    home: Annotated[Path, Field(description="lake, Dagster home, models, reports, inbox")] = Path(".hfp")
    lake_catalog: Annotated[
        SecretStr | None,
        Field(description="DuckLake catalogue: sqlite:PATH or postgres:DSN; default sqlite under HFP_HOME"),
    ] = None
    lake_data: Annotated[
        str | None, Field(description="folder or s3:// prefix of the lake's Parquet files; default under HFP_HOME")
    ] = None
    dagster_postgres: Annotated[
        SecretStr | None, Field(description="postgresql+psycopg2:// URL for runs and events; default SQLite")
    ] = None
    s3_endpoint: Annotated[str | None, Field(description="host:port of an S3 server other than AWS")] = None
    s3_key_id: Annotated[str | None, Field(description="S3 access key")] = None
    s3_secret: Annotated[SecretStr | None, Field(description="S3 secret key")] = None
    s3_use_ssl: Annotated[bool, Field(description="speak TLS to the S3 endpoint")] = True
    horizons: Annotated[tuple[str, ...], NoDecode, Field(description="horizons of the model grid")] = (
        "1d", "5d", "20d", "1w", "1mo",
    )  # fmt: skip
    families: Annotated[
        tuple[str, ...] | None,
        NoDecode,
        Field(description="model families of the demo, the nightly run and `*`; default: all that need no extra"),
    ] = None
    device: Annotated[
        Literal["auto", "cpu", "cuda"],
        Field(description="where models that can use a GPU run"),
    ] = "auto"
    tracking: Annotated[
        Literal["on", "off"], Field(description="one MLflow run per materialised family, under HFP_HOME/mlflow")
    ] = "on"
    threads: Annotated[
        int, Field(ge=1, le=256, description="parallel fits on this machine: threads, or workers of a local Ray")
    ] = 2
    executor: Annotated[
        Literal["inline", "ray", "kuberay"],
        Field(description="where models are fitted: threads of the run, an own Ray, or a Ray job on Kubernetes"),
    ] = "inline"
    placement: Annotated[
        tuple[Override, ...] | None,
        NoDecode,
        Field(description="overrides by family: `nbeats:gpus=0.5,timeout=3600 garch:where=inline`, see Executors"),
    ] = None
    model_timeout: Annotated[float, Field(gt=0, description="seconds that one model may take in a worker")] = 600.0
    worker_memory_gb: Annotated[
        float, Field(gt=0, description="memory that a worker may add to what it starts with, in GiB")
    ] = 8.0
    ready_timeout: Annotated[
        float, Field(gt=0, description="seconds to wait for a cluster, and for a machine that fits a family's request")
    ] = 600.0
    gpu_memory_gb: Annotated[
        float, Field(gt=0, description="memory of one GPU, or slice, as the cluster counts them, in GB")
    ] = 24.0
    ray_address: Annotated[
        str | None, Field(description="Ray to join instead of an own one: ray://HOST:10001; RAY_ADDRESS is ignored")
    ] = None
    ray_job: Annotated[
        Path | None, Field(description="manifest with the RayJob of `kuberay`, see deploy/kubernetes/base/ray.yaml")
    ] = None
    mlflow_uri: Annotated[
        SecretStr | None, Field(description="postgresql+psycopg2:// URL for MLflow's runs; default SQLite in HFP_HOME")
    ] = None
    timesfm_folder: Annotated[
        Path | None, Field(description="folder of TimesFM 2.0 or 2.5 weights in the transformers format")
    ] = None
    seed: Annotated[int, Field(ge=0, description="root of every random number")] = 0
    interest_rate: Annotated[
        float, Field(gt=-0.5, lt=1.0, description="continuous interest a year that options are priced with, decimal")
    ] = 0.0
    prices: Annotated[
        Path | None, Field(description="price table of capacity plans, TOML; default: the bundled one")
    ] = None
    feeds: Annotated[
        Path | None, Field(description="TOML file that lists vendors and what they deliver (README, Vendors)")
    ] = None
    rest_token: Annotated[SecretStr | None, Field(description="token of the feed `rest`")] = None
    database_url: Annotated[
        SecretStr | None, Field(description="SQLAlchemy URL of the feed `database`, with its credential")
    ] = None
    refinitiv_app_key: Annotated[SecretStr | None, Field(description="application key of the feed `refinitiv`")] = None
    alert_webhook: Annotated[SecretStr | None, Field(description="URL that gets a JSON POST for each failed run")] = (
        None
    )
    alert_smtp: Annotated[
        SecretStr | None, Field(description="mail server: smtp://, smtp+starttls:// or smtps://USER:PASSWORD@HOST:PORT")
    ] = None
    alert_to: Annotated[tuple[str, ...], NoDecode, Field(description="who gets an e-mail for each failed run")] = ()
    stuck_minutes: Annotated[
        float, Field(gt=0, description="minutes without an event after which the watchdog ends a run")
    ] = 180.0
    lock_timeout: Annotated[float, Field(gt=0, description="seconds a writer waits for the lake's lock")] = 120.0
    snapshot_days: Annotated[int, Field(ge=1, description="days before an unpinned snapshot may expire")] = 30
    inbox_max_mb: Annotated[int, Field(ge=1, description="largest file that ingestion accepts, in MiB")] = 1024
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], Field(description="level of the platform's own log lines")
    ] = "INFO"

    @field_validator("horizons", "families", "alert_to", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(value.split()) if isinstance(value, str) else value

    @field_validator("horizons")
    @classmethod
    def _known_horizons(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or len(set(value)) != len(value):
            raise ValueError(f"at least one horizon, none twice; found {value!r}")
        for name in value:
            Horizon.parse(name)
        return value

    @field_validator("families")
    @classmethod
    def _known_families(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        # The files of the folder are the list: reading their names imports no model library.
        known = sorted(path.stem for path in _FAMILY_FILES.glob("*.py") if path.stem != "__init__")
        unknown = sorted(set(value or ()) - set(known))
        if value is not None and (not value or unknown):
            raise ValueError(f"at least one of {' '.join(known)}; found {' '.join(unknown) or 'none'}")
        return value

    @field_validator("placement", mode="before")
    @classmethod
    def _overrides(cls, value: object) -> object:
        return tuple(map(parse_override, value.split())) if isinstance(value, str) else value

    @field_validator("placement")
    @classmethod
    def _known_overrides(cls, value: tuple[Override, ...] | None) -> tuple[Override, ...] | None:
        named = tuple(one.family for one in value or ())
        if value is not None:
            cls._known_families(named)
        if len(set(named)) != len(named):
            raise ValueError(f"each family at most once; found {' '.join(named)}")
        return value

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @classmethod
    def from_env(cls) -> "Settings":
        """Read the environment.

        Raises
        ------
        ConfigError
            Naming each variable that breaks its rule, the value found and the rule.
        """
        try:
            return cls()
        except ValidationError as error:
            lines = [
                f"HFP_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}, found {e['input']!r}" for e in error.errors()
            ]
            raise ConfigError("settings break a rule. " + "; ".join(lines) + ". Set the variable anew.") from error

    @cached_property
    def parsed_horizons(self) -> tuple[Horizon, ...]:
        """The horizons of the model grid, parsed."""
        return tuple(Horizon.parse(name) for name in self.horizons)

    @property
    def catalog_uri(self) -> str:
        """The DuckLake catalogue, without the `ducklake:` prefix."""
        if self.lake_catalog is not None:
            return self.lake_catalog.get_secret_value()
        return f"sqlite:{self.home / 'lake' / 'catalog.sqlite'}"

    @property
    def data_path(self) -> str:
        """The folder or prefix of the lake's data files, with a trailing slash."""
        path = self.lake_data or str(self.home / "lake" / "data")
        return path if path.endswith("/") else path + "/"

    @property
    def lock_path(self) -> Path:
        """The file whose lock serialises writers on one machine."""
        return self.home / "lake" / "writer.lock"

    @property
    def dagster_home(self) -> Path:
        """Runs, events and schedules of Dagster."""
        return self.home / "dagster"

    @property
    def inbox(self) -> Path:
        """Dropped price files are picked up here."""
        return self.home / "inbox"

    @property
    def reports(self) -> Path:
        """HTML pages."""
        return self.home / "reports"

    @property
    def model_states(self) -> Path:
        """Native model files."""
        return self.home / "models"

    def child_environment(self) -> dict[str, str]:
        """Copy this process's environment for a child process that reads the same settings."""
        return {**os.environ, _ONE_PLANNED_EVENT: "true", "HFP_HOME": str(self.home)}


# Dagster reads this variable itself: one planned event for all keys of a run instead of one for each.
_ONE_PLANNED_EVENT = "DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS"


def plan_keys_together() -> None:
    """Make runs of this process plan all their keys in one event; a user's own choice stands."""
    os.environ.setdefault(_ONE_PLANNED_EVENT, "true")


def tell_nobody() -> None:
    """Switch off what MLflow and Ray would report about their use; a user's own choice stands."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")


def keep_ray_on_loopback() -> None:
    """Let a Ray that this process starts listen on loopback only, to callers with its token; before ray is imported.

    Ray binds to every interface by default. The first variable makes it treat the machine as one that can
    have no second node, as it does on a Mac.
    """
    tell_nobody()
    os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    os.environ.setdefault("RAY_AUTH_MODE", "token")


def keep_tune_quiet() -> None:
    """Let Ray Tune obey `verbose=0`, which its newer printer does not; before ray.tune is imported."""
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
