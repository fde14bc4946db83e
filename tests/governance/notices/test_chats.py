"""Which addresses of apprise are let through, and that apprise reads them the same way."""

from __future__ import annotations

import apprise
import pytest

from governance.errors import Invalid
from governance.notices import chat
from governance.notices.chats import SERVICES, host_fits, quiet, scheme_of
from governance.secrets import Secret

TEAMS = "workflows://prod-1.westeurope.logic.azure.com:443/643e69f83c8944/signature"
GOOD = {
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    "workflows": TEAMS,
    "discord": "discord://123456789012345678/abcdefghijklmnopqrstuvwxyz",
    "gchat": "gchat://workspace/key/token",
    "wxteams": f"wxteams://{'a' * 80}",
    "tgram": "tgram://123456789:abcdefg_hijklmnop/123",
    "pagerduty": "pagerduty://ABCDEFGH@apikeyapikey",
    "opsgenie": "opsgenie://apikeyapikey",
    "splunk": f"splunk://route@{'a' * 36}",
    "pagertree": "pagertree://int_abcdefghijkl",
    "signl4": "signl4://secretsecret",
}


@pytest.mark.parametrize("scheme", SERVICES)
def test_each_service_takes_an_address_as_it_gives_it(scheme: str) -> None:
    assert chat.check(Secret(GOOD[scheme])) == scheme


@pytest.mark.parametrize(
    "address",
    [
        "json://localhost", "jsons://h", "form://h", "xml://h", "dbus://", "gnome://", "syslog://",
        "windows://", "macosx://", "mailto://u:p@h", "exec://rm", "script:///bin/sh", "mqtt://h",
        "ntfy://h/t", "gotify://h/t", "mmosts://h/t", "zulip://b@evil.example/t", "file:///etc/passwd",
        "", "slack", "slack://", "SLACK ://x", "slack://a b", "slack://a\r\nb", "slack:\\\\x",
        f"slack://{'x' * 2_000}", "slack://ü/a/b",
    ],
)  # fmt: skip
def test_everything_else_is_refused(address: str) -> None:
    with pytest.raises(Invalid):
        chat.check(Secret(address))


@pytest.mark.parametrize(
    "asked", ["verify=no", "redirect=yes", "cto=9999", "rto=9999", "+X-Header=1", "-x=1", "to=x"]
)
def test_how_weir_calls_is_not_the_addresss_to_say(asked: str) -> None:
    assert scheme_of(GOOD["slack"]) == "slack"
    with pytest.raises(Invalid, match="after its question mark"):
        scheme_of(f"{GOOD['slack']}?{asked}")


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "logic.azure.com.evil.example", "evil.example%2f.logic.azure.com",
        "evil.example#.logic.azure.com", "127.0.0.1", "x.logic.azure.com@evil.example",
    ],
)  # fmt: skip
def test_teams_goes_to_microsofts_hosts_alone(host: str) -> None:
    assert scheme_of(TEAMS) == "workflows"
    with pytest.raises(Invalid):
        chat.check(Secret(f"workflows://{host}/643e69f83c8944/signature"))
    assert not host_fits("workflows", host)


def test_the_services_have_plugins_that_talk_https_and_follow_no_redirect() -> None:
    for scheme, address in GOOD.items():
        plugin = chat._service(Secret(address), scheme)
        protocols = plugin.secure_protocol
        assert scheme in ([protocols] if isinstance(protocols, str) else list(protocols or []))
        assert not plugin.protocol
        assert plugin.redirects is False
        assert plugin.verify_certificate is True
    assert (
        apprise.Apprise.instantiate("json://localhost") is not None
    )  # which is why there is a list


def test_what_a_service_says_is_told_without_the_secret() -> None:
    said = "Failed: https://hooks.slack.com/services/T1JJ3T3L2/a1brtd4jd/TIiajkdnlazkcOXrIdevi7FQ"
    told = chat.scrubbed(said, Secret(GOOD["slack"]))
    for part in GOOD["slack"].removeprefix("slack://").split("/"):
        assert part.lower() not in told.lower()
    assert told.startswith("Failed: ")


@pytest.mark.parametrize(
    "address",
    [
        "/".join([GOOD["slack"], *(f"c{number}" for number in range(600))]),
        f"{GOOD['slack']}/a%2Cb,c%20d",
        f"{GOOD['tgram']}/124/125/126",
        f"{GOOD['opsgenie']}/@a/@b/@c/@d",
    ],
)
def test_one_address_names_few_places(address: str) -> None:
    assert chat.check(Secret(f"{GOOD['slack']}/a/b/c")) == "slack"
    with pytest.raises(Invalid, match=r"places to send to; 3 at most|It begins with one of"):
        chat.check(Secret(address))


@pytest.mark.parametrize(
    "call", ["@everyone", "@here", "<!channel>", "<!subteam^S1>", "<@U1>", "<@&7>", "<users/all>"]
)
def test_nobody_is_called_by_what_is_told(call: str) -> None:
    told = quiet(f"Now {call} look: 1 < 2, a <b>")
    assert call not in told
    assert told.replace("\u200b", "") == f"Now {call} look: 1 < 2, a <b>"
    assert quiet("1 < 2, a <b>") == "1 < 2, a <b>"
