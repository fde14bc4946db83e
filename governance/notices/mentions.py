"""Names that a text mentions: ``@priya``."""

from __future__ import annotations

import re

MOST = 20
# An address of mail (priya@example.com) mentions nobody, and neither does @@.
_MENTION = re.compile(r"(?<![\w@./+-])@(\w[\w.@+-]{0,149})")


def mentioned(text: str) -> list[str]:
    """Usernames that the text may mean, in small letters, `MOST` at most.

    A sentence may end with a name, and a name may end with a dot: both readings are given.
    """
    found: dict[str, None] = {}
    for match in _MENTION.finditer(text):
        name = match[1].lower()
        found.setdefault(name)
        found.setdefault(name.rstrip(".-+@"))
        if len(found) >= MOST * 2:
            break
    return [name for name in found if name][: MOST * 2]
