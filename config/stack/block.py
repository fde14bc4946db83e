"""The one block of text that `make up` ends with."""

from collections.abc import Iterator, Mapping
from typing import Any

from config.stack.kafka import ADMIN, ADMIN_SECRET
from config.stack.options import Options

RULE = "─" * 78


def block(
    options: Options, demo: Mapping[str, Any], why_no_kafka: str | None, seconds: float
) -> Iterator[str]:
    """Its lines. `demo` is what `manage.py demo --json` said, or empty."""
    yield RULE
    yield f"Weir is up ({seconds:.0f} s)."
    yield ""
    yield f"  Web          {options.base_url}"
    yield f"  Registry     {options.registry_url}   {_access(options)}"
    yield from _kafka(options, demo, why_no_kafka)
    yield from _people(demo) if demo else _first_steps(options, why_no_kafka)
    yield ""
    yield f"  Logs         {options.folders.logs}"
    yield "  Commands     .venv/bin/python manage.py … finds this stack by itself"
    yield "  To stop      Ctrl-C here, or `make down`; `make reset` also removes its data"
    yield RULE


def _access(options: Options) -> str:
    match options.registry_anonymous:
        case "full":
            return "anybody on this machine may read and write; it listens on loopback alone"
        case "read":
            return "anybody on this machine may read; writing takes a token"
        case _:
            return "takes a service token: user name anything, password the token"


def _kafka(options: Options, demo: Mapping[str, Any], why_no_kafka: str | None) -> Iterator[str]:
    if why_no_kafka is not None:
        yield f"  Kafka        none: {why_no_kafka}"
        return
    yield f"  Kafka        {options.kafka_bootstrap or f'127.0.0.1:{options.kafka_port}'}"
    if application := demo.get("application"):
        user, password = application.get("username"), application.get("password")
        yield f"               application {application.get('principal')}"
        yield f"               SASL_PLAINTEXT, SCRAM-SHA-512, {user} / {password}"


def _first_steps(options: Options, why_no_kafka: str | None) -> Iterator[str]:
    """What an administrator needs who begins without the demo."""
    yield ""
    yield "  First steps, without the demo"
    yield "    a person     .venv/bin/python manage.py person add NAME --role platform"
    yield "    policies     .venv/bin/python manage.py policies starter"
    yield "    a cluster    in the pages: Environments first, then Clusters → Connect a cluster"
    if why_no_kafka is None and options.kafka_bootstrap is None:
        yield f"                 Weir's own door to this Kafka: 127.0.0.1:{options.kafka_port + 1}"
        yield f"                 SASL_PLAINTEXT, SCRAM-SHA-512, {ADMIN}, its password in"
        yield f"                 {options.folders.secrets / ADMIN_SECRET}"


def _people(demo: Mapping[str, Any]) -> Iterator[str]:
    accounts = demo.get("accounts") or []
    if not accounts:
        return
    yield ""
    yield "  Sign in as"
    for account in accounts:
        who = f"{account['username']} / {account['password']}"
        role = " · ".join(str(account[key]) for key in ("name", "role", "team") if account.get(key))
        yield f"    {who:<34} {role}"
