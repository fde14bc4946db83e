"""A directory that really runs: UnboundID's in-memory server, with TLS, people and groups.

It takes ordinary LDAP writes, so a test takes somebody out of a group as an administrator would.
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import ldap3
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import NameOID

from config.stack import children, jars, ports
from config.stack.children import Launch
from config.stack.java import find_java, java_environment
from config.stack.paths import JARS, Folders
from config.stack.service import start
from governance.identity import mapping
from governance.identity.options import LdapOptions

VERSION = "7.0.3"
COORDINATES = (f"com.unboundid:unboundid-ldapsdk:{VERSION}",)
TOOL = "com.unboundid.ldap.listener.InMemoryDirectoryServerTool"
BASE = "dc=acme,dc=example"
PEOPLE = f"ou=people,{BASE}"
GROUPS = f"ou=groups,{BASE}"
WEIR = f"cn=weir,{BASE}"
ADMIN = "cn=admin"
PASSWORD = "swordfish-1"
LDIF = f"""dn: {BASE}
objectClass: domain
dc: acme

dn: {PEOPLE}
objectClass: organizationalUnit
ou: people

dn: {GROUPS}
objectClass: organizationalUnit
ou: groups

dn: {WEIR}
objectClass: applicationProcess
objectClass: simpleSecurityObject
cn: weir
userPassword: {PASSWORD}
"""


@dataclass(frozen=True, slots=True)
class Directory:
    """One small server, a service as those of `config/stack`."""

    data: Path
    port: int
    name: str = "directory"
    patience: float = 60

    @property
    def ca_file(self) -> Path:
        return self.data / "ca.pem"

    def prepare(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        (self.data / "start.ldif").write_text(LDIF)
        _certificate(self.ca_file, self.data / "key.p12")

    def launch(self) -> Launch:
        class_path = jars.resolve(JARS / f"unboundid-{VERSION}", COORDINATES)
        argv = [str(find_java()), "-Xmx64m", "-cp", class_path, TOOL]
        argv += ["--baseDN", BASE, "--port", str(self.port), "--useStartTLS"]
        argv += ["--ldifFile", str(self.data / "start.ldif")]
        argv += ["--keyStorePath", str(self.data / "key.p12"), "--keyStoreType", "PKCS12"]
        argv += ["--keyStorePassword", PASSWORD]
        argv += ["--additionalBindDN", ADMIN, "--additionalBindPassword", PASSWORD]
        return Launch(argv, java_environment(), self.data)

    def ready(self) -> bool:
        return ports.answers(self.port)

    def options(self, rules: str = "", **other: object) -> LdapOptions:
        """What an installation would say of it."""
        said: dict[str, object] = {
            "url": f"ldap://127.0.0.1:{self.port}",
            "user_base": PEOPLE,
            "group_base": GROUPS,
            "bind_dn": WEIR,
            "bind_password": PASSWORD,
            "start_tls": True,
            "ca_file": str(self.ca_file),
            "label": "the Acme directory",
            "rules": mapping.folded(mapping.parse(rules)),
        }
        return LdapOptions(**(said | other))  # type: ignore[arg-type]  # fields by name

    @contextmanager
    def administrator(self) -> Iterator[ldap3.Connection]:
        server = ldap3.Server("127.0.0.1", port=self.port, get_info=ldap3.NONE)
        with ldap3.Connection(
            server, ADMIN, PASSWORD, auto_bind=True, raise_exceptions=True
        ) as connection:
            yield connection

    def add_person(self, uid: str, password: str, **attributes: str) -> str:
        """Her DN."""
        dn = f"uid={uid},{PEOPLE}"
        values = {"cn": uid.capitalize(), "sn": uid, "mail": f"{uid}@acme.example", **attributes}
        with self.administrator() as admin:
            admin.add(dn, ["inetOrgPerson"], {"uid": uid, "userPassword": password, **values})  # type: ignore[no-untyped-call]  # in its stubs
        return dn

    def add_group(self, name: str, *members: str) -> str:
        """Its DN."""
        dn = f"cn={name},{GROUPS}"
        with self.administrator() as admin:
            admin.add(dn, ["groupOfNames"], {"cn": name, "member": [WEIR, *members]})  # type: ignore[no-untyped-call]  # in its stubs
        return dn

    def take_out(self, group: str, member: str) -> None:
        with self.administrator() as admin:
            admin.modify(group, {"member": [(ldap3.MODIFY_DELETE, [member])]})  # type: ignore[no-untyped-call]  # in its stubs

    def remove(self, dn: str) -> None:
        with self.administrator() as admin:
            admin.delete(dn)  # type: ignore[no-untyped-call]  # in its stubs


@contextmanager
def running(folder: Path) -> Iterator[Directory]:
    """A server of its own; `stop` in between is `children.stop`."""
    folders = Folders(folder)
    folders.make()
    service = Directory(folder / "directory", ports.free_block(1)[0])
    child = start(service, folders)
    try:
        yield service
    finally:
        children.stop([child])


def _certificate(pem: Path, store: Path) -> None:
    """A certificate that vouches for itself, for the address that the tests use."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem.write_bytes(made.public_bytes(Encoding.PEM))
    secret = BestAvailableEncryption(PASSWORD.encode())
    store.write_bytes(pkcs12.serialize_key_and_certificates(b"weir", key, made, None, secret))
