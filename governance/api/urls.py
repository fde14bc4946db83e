"""Addresses of `/api/v1` that belong to no kind. None ends with a slash."""

from django.urls import path

from governance.api.views import audit, meta, people, requests, rules, tokens

urlpatterns = [
    path("me", people.Me.as_view()),
    path("environments", people.EnvironmentList.as_view()),
    path("people/<str:username>/roles", people.OrgRoles.as_view()),
    path("teams", people.TeamList.as_view()),
    path("teams/<slug:slug>", people.TeamDetail.as_view()),
    path("teams/<slug:slug>/members", people.TeamMembers.as_view()),
    path("teams/<slug:slug>/members/<str:username>/<str:role>", people.TeamMember.as_view()),
    path("teams/<slug:slug>/applications", people.TeamApplications.as_view()),
    path("requests", requests.RequestList.as_view()),
    path("requests/preview", requests.RequestPreview.as_view()),
    path("requests/<int:pk>", requests.RequestDetail.as_view()),
    path("requests/<int:pk>/items", requests.RequestItems.as_view()),
    path("requests/<int:pk>/comments", requests.RequestComments.as_view()),
    path("requests/<int:pk>/submit", requests.RequestSubmit.as_view()),
    path("requests/<int:pk>/approve", requests.RequestApprove.as_view()),
    path("requests/<int:pk>/request-changes", requests.RequestChanges.as_view()),
    path("requests/<int:pk>/decline", requests.RequestDecline.as_view()),
    path("requests/<int:pk>/withdraw", requests.RequestWithdraw.as_view()),
    path("requests/<int:pk>/retry", requests.RequestRetry.as_view()),
    path("policies", rules.PolicyList.as_view()),
    path("policies/<slug:name>", rules.PolicyDetail.as_view()),
    path("policies/<slug:name>/versions", rules.PolicyVersions.as_view()),
    path("policies/<slug:name>/activate", rules.PolicyActivate.as_view()),
    path("policies/<slug:name>/deactivate", rules.PolicyDeactivate.as_view()),
    path("audit/events", audit.EventList.as_view()),
    path("audit/seals", audit.SealList.as_view()),
    path("tokens", tokens.TokenList.as_view()),
    path("tokens/<int:pk>", tokens.TokenDetail.as_view()),
    path("tokens/<int:pk>/revoke", tokens.TokenRevoke.as_view()),
    path("problems", meta.ProblemList.as_view()),
    path("openapi.json", meta.Description.as_view()),
]
