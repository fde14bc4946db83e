"""Where the page of a subject lies, for names that are no path.

A subject may be called ``a/../b``, ``..`` or nothing at all; its context may hold a slash. Browsers
take such parts out of an address before they send it, and an encoded dot counts as a dot to them.
So a part that would not arrive is written with a tilde before it, and a tilde as two.
"""

from __future__ import annotations

import re
from typing import Final

from django.urls import reverse

from registry.naming import DEFAULT, SubjectName

# The default context is in almost every address, so it has the shortest sign.
DEFAULT_IN_ADDRESS: Final = "~"
_GONE: Final = frozenset({"", ".", ".."})
_SLASH: Final = "~-"


def subject_url(subject: SubjectName) -> str:
    """The address of a subject's page, whatever its name."""
    context = subject.context.replace("~", "~~").replace("/", _SLASH)
    context = DEFAULT_IN_ADDRESS if subject.context == DEFAULT else _arriving(context)
    name = "/".join(_arriving(part.replace("~", "~~")) for part in subject.name.split("/"))
    return reverse("subject", args=[context, name])


def subject_at(context: str, name: str) -> SubjectName:
    """The subject whose page has this address; the two parts as `subject_url` wrote them."""
    found = DEFAULT if context == DEFAULT_IN_ADDRESS else _read(context)
    return SubjectName(found, "/".join(_read(part) for part in name.split("/")))


def _arriving(part: str) -> str:
    return f"~{part}" if part in _GONE else part


def _read(part: str) -> str:
    return re.sub("~(.?)", lambda found: "/" if found[0] == _SLASH else found[1], part)
