"""Word of a failure to people: a webhook, e-mail, or both, as the settings say."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from hf_platform.errors import PlatformError
from hf_platform.settings import Settings

_ATTEMPTS: Final = 4
_TIMEOUT: Final = 10.0  # seconds for each attempt


class AlertError(PlatformError):
    """An alert could not be delivered; the text names the way, never its credentials."""


@dataclass(frozen=True, slots=True)
class Alert:
    """What happened.

    Parameters
    ----------
    subject : str
        One line.
    lines : tuple of str
        What failed and why, and what to type next.
    run_id : str
        Run that the UI shows.
    """

    subject: str
    lines: tuple[str, ...]
    run_id: str

    @property
    def text(self) -> str:
        """The whole as plain text."""
        return "\n".join((self.subject, "", *self.lines))


def is_configured(settings: Settings) -> bool:
    """Say whether anybody would hear of an alert."""
    return settings.alert_webhook is not None or (settings.alert_smtp is not None and bool(settings.alert_to))


def send(settings: Settings, alert: Alert, *, wait: float = 1.0) -> list[str]:
    """Deliver an alert on every configured way, each with retries.

    Parameters
    ----------
    settings : Settings
    alert : Alert
    wait : float
        Seconds before the second attempt; doubled each time.

    Returns
    -------
    list of str
        The ways that worked: ``webhook``, ``e-mail``.

    Raises
    ------
    AlertError
        If a way failed on every attempt; the other one has been tried all the same.
    """
    ways = {
        "webhook": (_post, settings.alert_webhook is not None),
        "e-mail": (_mail, settings.alert_smtp is not None and bool(settings.alert_to)),
    }
    done: list[str] = []
    failed: list[str] = []
    for name, (deliver, wanted) in ways.items():
        if not wanted:
            continue
        attempts = Retrying(
            stop=stop_after_attempt(_ATTEMPTS), wait=wait_exponential(multiplier=wait, max=30), reraise=True,
            retry=retry_if_exception_type((httpx.HTTPError, smtplib.SMTPException, OSError)),
        )  # fmt: skip
        try:
            attempts(deliver, settings, alert)
            done.append(name)
        except httpx.HTTPStatusError as error:
            failed.append(f"{name}: the server answered {error.response.status_code}")
        except (httpx.HTTPError, smtplib.SMTPException, OSError) as error:
            # Such errors can quote the address, and a webhook's address is its password.
            failed.append(f"{name}: {type(error).__name__}")
    if failed:
        raise AlertError(
            f"alert not delivered after {_ATTEMPTS} attempts ({'; '.join(failed)}). "
            "Check HFP_ALERT_WEBHOOK, HFP_ALERT_SMTP and HFP_ALERT_TO."
        )
    return done


def _post(settings: Settings, alert: Alert) -> None:
    # `text` is what Slack, Teams and Mattermost show; the rest is for machines.
    body: dict[str, Any] = {"text": alert.text, "subject": alert.subject, "run_id": alert.run_id}
    assert settings.alert_webhook is not None, "checked by send"
    httpx.post(settings.alert_webhook.get_secret_value(), json=body, timeout=_TIMEOUT).raise_for_status()


def _mail(settings: Settings, alert: Alert) -> None:
    assert settings.alert_smtp is not None, "checked by send"
    url = urlsplit(settings.alert_smtp.get_secret_value())
    message = EmailMessage()
    message["Subject"] = alert.subject
    message["From"] = unquote(url.username) if url.username and "@" in unquote(url.username) else settings.alert_to[0]
    message["To"] = ", ".join(settings.alert_to)
    message.set_content(alert.text)
    context = ssl.create_default_context()
    host = url.hostname or "localhost"
    if url.scheme == "smtps":
        server = smtplib.SMTP_SSL(host, url.port or 465, timeout=_TIMEOUT, context=context)
    else:
        server = smtplib.SMTP(host, url.port or 25, timeout=_TIMEOUT)
    with server:
        if url.scheme == "smtp+starttls":
            server.starttls(context=context)
        if url.username and url.password:
            server.login(unquote(url.username), unquote(url.password))
        server.send_message(message)
