"""What stops the stack: one sentence that says what to do."""


class StackError(Exception):
    """Something that a person must put right before the stack can run."""


class KafkaUnavailable(StackError):
    """Kafka cannot be had on this machine; everything but the cluster runs without it."""
