"""Addresses of the pages and of `/api/v1`; each app keeps its own. Probes: `config/health.py`."""

from django.urls import include, path, re_path

from governance.api.views.meta import NoSuchAddress

urlpatterns = [
    path("api/v1/", include("governance.api.urls")),
    path("api/v1/", include("topics.api.urls")),
    path("api/v1/", include("registry.api.urls")),
    re_path(r"^api(/|$)", NoSuchAddress.as_view()),
    path("", include("governance.urls")),
    path("", include("topics.urls")),
    path("", include("registry.urls")),
]

handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.failed"
handler400 = "config.errors.bad_request"
