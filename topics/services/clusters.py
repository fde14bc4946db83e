"""Clusters: registering them, changing their records, and opening the door to one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction

from governance import audit, dispatch, secrets
from governance.actors import Actor
from governance.errors import Invalid, NotFound, Taken
from governance.models import Environment
from governance.permissions import Action, demand
from topics.errors import BadSecurity
from topics.kafka import client
from topics.kafka.values import Settings, Timeouts
from topics.models import Cluster, DriftMode
from topics.profiles import table as profiles
from topics.services import lease

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
SECURITY_FIELDS = frozenset(
    {"protocol", "mechanism", "username", "ca_file", "certificate_file", "key_file",
     "check_hostname"}
)  # fmt: skip
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
ADDRESS = re.compile(r"(\[[0-9a-fA-F:]+\]|[a-zA-Z0-9._-]+):(\d{1,5})")
# Fields a person can set; each change is told field by field in the event.
FIELDS = (
    "name", "environment", "bootstrap", "security", "password_ref", "key_password_ref", "profile",
    "account", "region", "boundary", "zones", "drift_mode",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """A cluster's record as a person writes it.

    `password` and `key_password` are references (``env:NAME``, ``file:/path``) or plain text,
    which is sealed before it is stored; None leaves what is there.
    """

    name: str
    environment: str
    bootstrap: str
    security: Mapping[str, object] = field(default_factory=dict)
    password: str | None = field(default=None, repr=False)
    key_password: str | None = field(default=None, repr=False)
    profile: str = "apache-kafka"
    account: str = ""
    region: str = ""
    boundary: str = ""
    zones: int = 1
    drift_mode: str = DriftMode.REPORT


@transaction.atomic
def register(slug: str, spec: ClusterSpec, *, by: Actor) -> Cluster:
    """A new cluster record; a worker observes it right after. Taken: the slug is."""
    demand(by, Action.MANAGE_CLUSTERS, "cluster")
    if not SLUG.fullmatch(slug) or slug == "new":  # the address of the form
        raise Invalid(
            f"{slug!r} cannot be the short name of a cluster: it stands in addresses. Use small "
            "letters, digits and dashes.",
            path="slug",
        )
    cluster = Cluster(slug=slug, **_values(spec))
    try:
        with transaction.atomic():
            cluster.save(force_insert=True)
    except IntegrityError:
        raise Taken(
            f"There is a cluster {slug} already. Choose another short name.", slug=slug
        ) from None
    audit.record("cluster.registered", by=by, about=cluster, data=_told(cluster))
    dispatch.after_commit("topics.observe", cluster.pk, queue="clusters")
    return cluster


@transaction.atomic
def change(slug: str, spec: ClusterSpec, *, by: Actor) -> Cluster:
    """Changes a cluster's record; nothing is written when nothing differs."""
    demand(by, Action.MANAGE_CLUSTERS, "cluster")
    try:
        cluster = Cluster.objects.select_for_update().get(slug=slug)
    except Cluster.DoesNotExist:
        raise NotFound(f"There is no cluster {slug}.", slug=slug) from None
    before = _told(cluster)
    values = _values(spec)
    if spec.password is None:
        values.pop("password_ref")
    if spec.key_password is None:
        values.pop("key_password_ref")
    changed = [name for name, value in values.items() if getattr(cluster, name) != value]
    if not changed:
        return cluster
    for name in changed:
        setattr(cluster, name, values[name])
    cluster.save(update_fields=changed)
    after = _told(cluster)
    audit.record(
        "cluster.changed",
        by=by,
        about=cluster,
        data={
            "fields": changed,
            "before": {k: v for k, v in before.items() if after[k] != v},
            "after": {k: v for k, v in after.items() if before[k] != v},
        },
    )
    dispatch.after_commit("topics.observe", cluster.pk, queue="clusters")
    return cluster


def observe_now(cluster: Cluster, *, by: Actor) -> None:
    """Asks a worker to look at the cluster now: the test of a connection, and "refresh"."""
    demand(by, Action.VIEW, "cluster")
    dispatch.after_commit("topics.observe", cluster.pk, queue="clusters")


def _values(spec: ClusterSpec) -> dict[str, object]:
    try:
        environment = Environment.objects.get(slug=spec.environment)
    except Environment.DoesNotExist:
        raise Invalid(
            f"There is no environment {spec.environment!r}. Create it first.", path="environment"
        ) from None
    if spec.profile not in profiles.PROFILES:
        raise Invalid(
            f"There is no platform profile {spec.profile!r}. Choose one of "
            f"{', '.join(sorted(profiles.PROFILES))}.",
            path="profile",
        )
    if spec.drift_mode not in DriftMode.values:
        raise Invalid(
            f"Drift cannot be {spec.drift_mode!r}. Choose one of {', '.join(DriftMode.values)}.",
            path="drift_mode",
        )
    if not 1 <= spec.zones <= 100:
        raise Invalid("A cluster lies in 1 to 100 zones. Correct the number.", path="zones")
    return {
        "name": spec.name.strip()[:120] or "Cluster",
        "environment": environment,
        "bootstrap": ",".join(addresses(spec.bootstrap)),
        "security": checked_security(spec.security),
        "password_ref": _reference(spec.password),
        "key_password_ref": _reference(spec.key_password),
        "profile": spec.profile,
        "account": spec.account.strip(),
        "region": spec.region.strip(),
        "boundary": spec.boundary.strip(),
        "zones": spec.zones,
        "drift_mode": spec.drift_mode,
    }


def addresses(bootstrap: str) -> list[str]:
    """The addresses of a bootstrap list. Raises Invalid, naming the one that cannot be read."""
    found = [part.strip() for part in bootstrap.split(",") if part.strip()]
    if not found:
        raise Invalid("A cluster needs an address. Write host:9092, for example.", path="bootstrap")
    for address in found:
        match = ADDRESS.fullmatch(address)
        if match is None or not 0 < int(match[2]) < 65_536:
            raise Invalid(
                f"{address!r} is no address of a broker. Write host:9092, for example.",
                path="bootstrap",
            )
    return found


def checked_security(security: Mapping[str, object]) -> dict[str, object]:
    """Security settings that fit together. Raises Invalid, naming the field."""
    unknown = sorted(security.keys() - SECURITY_FIELDS)
    if unknown:
        raise Invalid(
            f"Security has no field {unknown[0]!r}. Its fields are "
            f"{', '.join(sorted(SECURITY_FIELDS))}.",
            path=f"security.{unknown[0]}",
        )
    protocol = str(security.get("protocol") or "PLAINTEXT").upper()
    if protocol not in PROTOCOLS:
        raise Invalid(
            f"{protocol!r} is no security protocol. Choose one of {', '.join(PROTOCOLS)}.",
            path="security.protocol",
        )
    checked: dict[str, object] = {"protocol": protocol}
    if protocol.startswith("SASL"):
        mechanism = str(security.get("mechanism") or "").upper()
        if mechanism not in MECHANISMS:
            raise Invalid(
                f"{mechanism or 'No mechanism'!r} cannot be used with {protocol}. Choose one of "
                f"{', '.join(MECHANISMS)}.",
                path="security.mechanism",
            )
        if not security.get("username"):
            raise Invalid(
                f"{protocol} needs a user. Name Weir's own principal on the cluster.",
                path="security.username",
            )
        checked |= {"mechanism": mechanism, "username": str(security["username"])}
    if protocol.endswith("SSL"):
        for name in ("ca_file", "certificate_file", "key_file"):
            if security.get(name):
                checked[name] = str(security[name])
        if bool(security.get("certificate_file")) != bool(security.get("key_file")):
            raise Invalid(
                "A client certificate and its key go together. Give both files, or neither.",
                path="security.key_file",
            )
        checked["check_hostname"] = bool(security.get("check_hostname", True))
    return checked


def _reference(secret: str | None) -> str:
    """A reference to the secret: as it was given, or sealed."""
    if not secret:
        return ""
    return secret if secrets.is_reference(secret) else secrets.seal(secret)


def _told(cluster: Cluster) -> dict[str, object]:
    """The record for an event: references of secrets only as far as "there is one"."""
    told: dict[str, object] = {}
    for name in FIELDS:
        value = getattr(cluster, name)
        if name.endswith("_ref"):
            told[name.removesuffix("_ref")] = "set" if value else ""
        else:
            told[name] = value.slug if isinstance(value, Environment) else value
    return told


# --- The door (workers only) ------------------------------------------------------------------


def settings_of(cluster: Cluster) -> Settings:
    """How to reach the cluster, its secrets revealed. Raises BadSecurity, naming the cluster."""
    security = cluster.security
    try:
        password = secrets.reveal(cluster.password_ref) if cluster.password_ref else None
        key_password = (
            secrets.reveal(cluster.key_password_ref) if cluster.key_password_ref else None
        )
    except secrets.SecretError as error:
        raise BadSecurity(
            f"The password of cluster {cluster.slug} cannot be read: {error.message}"
        ) from error
    return Settings(
        bootstrap=tuple(cluster.bootstrap.split(",")),
        protocol=str(security.get("protocol", "PLAINTEXT")),
        mechanism=str(security.get("mechanism", "")),
        username=str(security.get("username", "")),
        password=password.reveal() if password else "",
        ca_file=str(security.get("ca_file", "")),
        certificate_file=str(security.get("certificate_file", "")),
        key_file=str(security.get("key_file", "")),
        key_password=key_password.reveal() if key_password else "",
        check_hostname=bool(security.get("check_hostname", True)),
    )


def connect(cluster: Cluster) -> client.KafkaAdmin:
    """This process's client of the cluster. Raises ClusterError or BadSecurity."""
    write_ms = lease.batch_timeout_ms()
    timeouts = Timeouts(connect_ms=min(5_000, write_ms), read_ms=10_000, write_ms=write_ms)
    return client.shared(cluster.pk, settings_of(cluster), timeouts)
