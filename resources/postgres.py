"""Whether a PostgreSQL server can be used, in one sentence."""

from urllib.parse import urlsplit

import psycopg2
from pydantic import SecretStr

from hf_platform.errors import StoreError


def check_postgres(url: SecretStr, variable: str) -> None:
    """Connect once, so that trouble with a server is one sentence and not the traceback of a library.

    Raises
    ------
    StoreError
        If the server cannot be reached or refuses; names the setting, never the password.
    """
    plain = url.get_secret_value().replace("postgresql+psycopg2://", "postgresql://", 1)
    try:
        psycopg2.connect(plain, connect_timeout=15).close()
    except psycopg2.Error as error:
        said = " ".join(str(error).split()).replace(urlsplit(plain).password or plain, "***")
        raise StoreError(
            f"the PostgreSQL server of {variable} cannot be used: {said}. "
            "Check the URL, its credentials and the server."
        ) from None
