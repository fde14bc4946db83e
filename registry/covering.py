"""Places that several subjects lie in: one subject, all whose name begins so, a whole context.

Rows of gate levels and of rights name one in three columns; the empty prefix is the context.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, cast

from django.db.models import F, Model, Q, QuerySet, TextField, Value
from django.db.models.functions import Length

from registry.naming import SubjectName

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True, order=True)
class Covered:
    """A place. `prefix` tells names that begin with `subject` from the one that is called so."""

    context: str
    subject: str = ""
    prefix: bool = False

    @property
    def name(self) -> SubjectName:
        return SubjectName(self.context, self.subject)

    def holds(self, subject: SubjectName) -> bool:
        """Whether the subject lies in it, as `covering` has it."""
        if subject.context != self.context:
            return False
        if self.prefix:
            return subject.name.startswith(self.subject)
        return subject.name == self.subject

    @property
    def words(self) -> str:
        """What it is, as a part of a sentence."""
        if not self.prefix:
            return f"the subject {self.name}"
        if not self.subject:
            return f"the context {self.context}"
        return f"subjects {self.name}*"


def covering(rows: QuerySet[Row], subject: SubjectName) -> QuerySet[Row]:
    """Rows of places that hold the subject, the narrowest first."""
    begins = Q(prefix=True, asked__startswith=F("subject"))
    found = (
        rows.filter(context=subject.context)
        .alias(asked=Value(subject.name, TextField()))
        .filter(begins | Q(prefix=False, subject=subject.name))
        .order_by("prefix", Length("subject").desc())
    )
    return cast("QuerySet[Row]", found)  # what is compared with is no column of the row
