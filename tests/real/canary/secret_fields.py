"""What is secret, and what stands for it: a new secret is one line here, and one step of the test.

`STANDS_FOR` names, for each column and variable, the canary that `test_canary.py` puts there. A
column whose name sounds like a secret and is none is in `NO_SECRETS`, with the reason.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from django.apps import apps

from config.stack.paths import ROOT

STANDS_FOR: Final[Mapping[str, str]] = {
    # Columns, as app.Model.field
    "topics.Cluster.password_ref": "SASL password",
    "topics.Cluster.key_password_ref": "password of the TLS key",
    "governance.User.password": "own password",
    "governance.ServiceToken.digest": "service token",
    "governance.SecondFactor.secret": "second factor",
    "governance.RecoveryCode.digest": "recovery code",
    "governance.ProviderSession.tokens": "provider's token",
    "governance.Hook.secret_ref": "webhook's secret",
    # Variables that are read by `env.secret`
    "WEIR_SECRET_KEY": "Django's key",
    "WEIR_OIDC_CLIENT_SECRET": "OIDC client secret",
    "WEIR_LDAP_BIND_PASSWORD": "LDAP bind password",
    "WEIR_EMAIL_URL": "mail server's password",
    "WEIR_DEMO_KAFKA_PASSWORD": "demo broker's password",
}
NO_SECRETS: Final[Mapping[str, str]] = {
    "governance.ServiceToken.prefix": "shown in lists, so that people know which token it is",
    "governance.IdempotencyKey.key": "chosen by a client for one call",
    "governance.Notification.key": "names the happening",
    "governance.Delivery.key": "names the happening",
    "governance.User.session_epoch": "a count",
    "governance.SignInCount.key": "a digest of who tries to sign in, and from where",
    "topics.Drift.key": "a path of a spec",
    "registry.SubjectRight.token": "which token a right is for",
    "account.EmailConfirmation.key": "a table of allauth that Weir never writes",
    "socialaccount.SocialApp.key": "a table of allauth that Weir never writes",
    "socialaccount.SocialApp.secret": "a table of allauth that Weir never writes",
    "socialaccount.SocialToken.token": "a table of allauth that Weir never writes",
    "socialaccount.SocialToken.token_secret": "a table of allauth that Weir never writes",
    "sessions.Session.session_key": "what a cookie holds; the row is how it is found",
    "WEIR_OIDC_GROUPS": "rules, read from a file when they are long",
    "WEIR_LDAP_GROUPS": "rules, read from a file when they are long",
}
READERS: Final = frozenset({"env.secret", "named.mail_server"})
SOUNDS_SECRET: Final = re.compile(
    r"secret|passw|token|digest|credential|(^|_)key($|_)|_ref$|signing|private", re.IGNORECASE
)


def columns() -> Iterator[str]:
    """Every column of ours that holds text or bytes and sounds like a secret."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            holds = field.get_internal_type() in {"CharField", "TextField", "BinaryField"}
            if model._meta.app_label != "toy" and holds and SOUNDS_SECRET.search(field.name):
                yield f"{model._meta.app_label}.{model.__name__}.{field.name}"


def variables() -> Iterator[str]:
    """Every variable that the settings read as a secret, or as an address that holds one."""
    for path in Path(ROOT / "config").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in READERS:
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    yield str(first.value)
                else:  # a reader that passes on the name it was given
                    assert path.name == "named.py", f"{path.name} reads a secret by another way"
