"""Tables of people, requests, rules and the audit."""

from governance.models.delegation import Delegation
from governance.models.event import Event, Seal, SealedEvent
from governance.models.identity import (
    Identity,
    ProviderSession,
    RecoveryCode,
    SecondFactor,
    Source,
)
from governance.models.notice import (
    Delivery,
    DeliveryState,
    Hook,
    NoticeChoice,
    Notification,
)
from governance.models.people import (
    Application,
    ApplicationPrefix,
    Membership,
    OrgRole,
    OrgRoleName,
    Team,
    TeamRole,
    User,
)
from governance.models.policy import Policy, PolicyVersion, Severity
from governance.models.request import Finding, Item, ItemAuthor, Request
from governance.models.resource import DataClass, DeclaredBase, Environment, Lifecycle, Resource
from governance.models.review import Comment, Requirement, Review, Verdict
from governance.models.simulation import UNFINISHED, Simulation, SimulationState
from governance.models.suggestion import ItemSnapshot, Suggestion, SuggestionState
from governance.models.throttle import SignInCount
from governance.models.timing import BrokenGlass, Freeze, GlassVerdict
from governance.models.token import IdempotencyKey, ServiceToken
from governance.waivers.model import Waiver

__all__ = [
    "UNFINISHED",
    "Application",
    "ApplicationPrefix",
    "BrokenGlass",
    "Comment",
    "DataClass",
    "DeclaredBase",
    "Delegation",
    "Delivery",
    "DeliveryState",
    "Environment",
    "Event",
    "Finding",
    "Freeze",
    "GlassVerdict",
    "Hook",
    "IdempotencyKey",
    "Identity",
    "Item",
    "ItemAuthor",
    "ItemSnapshot",
    "Lifecycle",
    "Membership",
    "NoticeChoice",
    "Notification",
    "OrgRole",
    "OrgRoleName",
    "Policy",
    "PolicyVersion",
    "ProviderSession",
    "RecoveryCode",
    "Request",
    "Requirement",
    "Resource",
    "Review",
    "Seal",
    "SealedEvent",
    "SecondFactor",
    "ServiceToken",
    "Severity",
    "SignInCount",
    "Simulation",
    "SimulationState",
    "Source",
    "Suggestion",
    "SuggestionState",
    "Team",
    "TeamRole",
    "User",
    "Verdict",
    "Waiver",
]
