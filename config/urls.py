"""Addresses of the pages and of `/api/v1`; each app keeps its own."""

from django.urls import include, path

from config import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("", include("governance.urls")),
    path("", include("topics.urls")),
    path("", include("registry.urls")),
]

handler403 = "governance.views.errors.forbidden"
handler404 = "governance.views.errors.not_found"
handler500 = "governance.views.errors.failed"
handler400 = "governance.views.errors.bad_request"
