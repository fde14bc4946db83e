"""Addresses of the pages and of `/api/v1`; each app keeps its own."""

from django.urls import include, path

urlpatterns = [
    path("", include("governance.urls")),
    path("", include("topics.urls")),
]

handler403 = "governance.views.errors.forbidden"
handler404 = "governance.views.errors.not_found"
handler500 = "governance.views.errors.failed"
handler400 = "governance.views.errors.bad_request"
