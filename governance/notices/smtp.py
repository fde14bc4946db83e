"""Handing mail to the server of WEIR_EMAIL_URL."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from typing import Protocol

from governance.notices.errors import NotDelivered

TIMEOUT_S = 10.0


class Server(Protocol):
    """Where mail is handed in; `config.named.MailServer` is one."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def encrypted(self) -> bool: ...
    @property
    def user(self) -> str: ...
    @property
    def password(self) -> str: ...


def send(server: Server, message: EmailMessage) -> None:
    """Sends one mail to one person. Raises NotDelivered, which never holds the password."""
    try:
        with _connected(server) as connection:
            _sign_in(connection, server)
            connection.send_message(message)
    except smtplib.SMTPAuthenticationError as error:
        raise NotDelivered(
            f"The mail server refused Weir's name or password ({error.smtp_code})."
        ) from None
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()), (550, b""))
        raise _refused("the recipient", code, words) from None
    except smtplib.SMTPResponseException as error:
        raise _refused("the mail", error.smtp_code, error.smtp_error) from None
    except smtplib.SMTPNotSupportedError:
        raise NotDelivered(
            "The mail server cannot do what this mail or the sign-in needs.", final=True
        ) from None
    except (smtplib.SMTPException, ssl.SSLError, OSError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise NotDelivered(f"The mail server {server.host} cannot be reached: {why}.") from None


def _connected(server: Server) -> smtplib.SMTP:
    if server.encrypted:
        return smtplib.SMTP_SSL(
            server.host, server.port, timeout=TIMEOUT_S, context=ssl.create_default_context()
        )
    connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
    connection.ehlo()
    if connection.has_extn("starttls"):
        connection.starttls(context=ssl.create_default_context())
        connection.ehlo()
    return connection


def _sign_in(connection: smtplib.SMTP, server: Server) -> None:
    if not server.user:
        return
    encrypted = isinstance(connection.sock, ssl.SSLSocket)
    if not encrypted and server.host not in {"localhost", "127.0.0.1", "::1"}:
        raise NotDelivered(
            "The mail server offers no encryption, so Weir does not tell it the password. Use "
            "smtps://, or a server with STARTTLS."
        )
    connection.login(server.user, server.password)


def _refused(what: str, code: int, words: bytes | str) -> NotDelivered:
    """A refusal in the server's words. One that begins with 5 stays one."""
    said = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    plain = " ".join("".join(c if c.isprintable() else " " for c in said).split())[:200]
    return NotDelivered(
        f"The mail server refused {what}: {code} {plain}".strip(), final=500 <= code < 600
    )
