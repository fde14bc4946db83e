"""Tables of people, requests, rules and the audit."""

from governance.models.event import Event, Seal, SealedEvent
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
from governance.models.throttle import SignInCount
from governance.models.token import IdempotencyKey, ServiceToken

__all__ = [
    "Application",
    "ApplicationPrefix",
    "Comment",
    "DataClass",
    "DeclaredBase",
    "Delivery",
    "DeliveryState",
    "Environment",
    "Event",
    "Finding",
    "Hook",
    "IdempotencyKey",
    "Item",
    "ItemAuthor",
    "Lifecycle",
    "Membership",
    "NoticeChoice",
    "Notification",
    "OrgRole",
    "OrgRoleName",
    "Policy",
    "PolicyVersion",
    "Request",
    "Requirement",
    "Resource",
    "Review",
    "Seal",
    "SealedEvent",
    "ServiceToken",
    "Severity",
    "SignInCount",
    "Team",
    "TeamRole",
    "User",
    "Verdict",
]
