"""The embedded Kafka: nobody gets in without a password, and nothing is allowed without a grant."""

import uuid

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from tests.real.estate import eventually
from tests.stack_plugin import KafkaAccess

pytestmark = pytest.mark.real


def test_a_user_sees_a_topic_only_after_the_grant(kafka: KafkaAccess) -> None:
    mark = uuid.uuid4().hex[:8]
    topic, user = f"access-{mark}", f"access-user-{mark}"
    kafka.make_user(user, "swordfish-1")
    admin = AdminClient(kafka.client_settings())
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(30)
    # What the controller acknowledged is read from the broker, some time later.
    eventually(lambda: topic in admin.list_topics(timeout=10).topics)

    client = AdminClient(kafka.client_settings(user, "swordfish-1"))
    assert topic not in client.list_topics(timeout=10).topics

    grant = AclBinding(
        ResourceType.TOPIC,
        topic,
        ResourcePatternType.LITERAL,
        f"User:{user}",
        "*",
        AclOperation.DESCRIBE,
        AclPermissionType.ALLOW,
    )
    admin.create_acls([grant])[grant].result(30)
    eventually(lambda: topic in client.list_topics(timeout=10).topics)


@pytest.mark.parametrize(
    "settings",
    [
        {"sasl.password": "wrong"},
        {"security.protocol": "PLAINTEXT", "sasl.username": "", "sasl.password": ""},
    ],
)
def test_nobody_gets_in_without_the_password(kafka: KafkaAccess, settings: dict[str, str]) -> None:
    for bootstrap in (kafka.bootstrap, kafka.clients):
        client = AdminClient(
            {
                **kafka.client_settings(),
                "bootstrap.servers": bootstrap,
                "log_level": 0,
                **settings,
            }
        )
        with pytest.raises(KafkaException):
            client.list_topics(timeout=2)
