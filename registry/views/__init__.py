"""Pages of the registry: subjects, one of them, and the sandbox. The wire API is `rest/`."""

from registry.forms import SubjectForm  # noqa: F401 -- puts the form into the composer's table
from registry.views import relations  # noqa: F401 -- registers searches and relations
from registry.views.governing import give_right, places, set_gate, take_right
from registry.views.sandbox import sandbox
from registry.views.subject import subject
from registry.views.subjects import subjects

__all__ = [
    "give_right",
    "places",
    "sandbox",
    "set_gate",
    "subject",
    "subjects",
    "take_right",
]
