"""Addresses of the pages that belong to no kind."""

from django.urls import path

from governance.views import audit, compose, home, policies, requests, session, teams, tokens

urlpatterns = [
    path("", home.home, name="home"),
    path("search/", home.search, name="search"),
    path("sign-in/", session.sign_in, name="login"),
    path("sign-out/", session.sign_out, name="logout"),
    path("theme/", session.theme, name="theme"),
    path("keyboard/", session.shortcuts, name="shortcuts"),
    path("inbox/", requests.inbox, name="inbox"),
    path("requests/", requests.request_list, name="requests"),
    path("requests/new/", compose.new, name="request-new"),
    path("requests/check/", compose.check, name="request-check"),
    path("requests/<int:number>/", requests.detail, name="request"),
    path("requests/<int:number>/edit/", compose.edit, name="request-edit"),
    path("requests/<int:number>/live/", requests.live, name="request-live"),
    path("requests/<int:number>/decide/", requests.decide, name="request-decide"),
    path("requests/<int:number>/comment/", requests.comment, name="request-comment"),
    path("requests/<int:number>/submit/", requests.submit, name="request-submit"),
    path("requests/<int:number>/withdraw/", requests.withdraw, name="request-withdraw"),
    path("requests/<int:number>/retry/", requests.retry, name="request-retry"),
    path("policies/", policies.policies, name="policies"),
    path("policies/<slug:name>/", policies.policy, name="policy"),
    path("policies/<slug:name>/activate/", policies.activate, name="policy-activate"),
    path("policies/<slug:name>/off/", policies.deactivate, name="policy-off"),
    path("audit/", audit.events, name="audit"),
    path("teams/", teams.teams, name="teams"),
    path("teams/new/", teams.new, name="team-new"),
    path("teams/<slug:slug>/", teams.team, name="team"),
    path("teams/<slug:slug>/people/", teams.add_member, name="team-member-add"),
    path("teams/<slug:slug>/people/remove/", teams.remove_member, name="team-member-remove"),
    path("teams/<slug:slug>/applications/", teams.add_application, name="team-application-add"),
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/<int:number>/revoke/", tokens.revoke, name="token-revoke"),
]
