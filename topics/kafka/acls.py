"""ACL lines of a cluster, read and written over the wire classes.

confluent-kafka answers a denied read with an empty list and no error (`kafka-admin`, pitfall 10),
from which a reconciler would conclude that everything is to be made; here it raises.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from kafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest

from topics.errors import ClusterError, Fault
from topics.kafka.connection import Connection
from topics.kafka.errors import fault_of
from topics.kinds.grant.bindings import Binding, Operation, Resource

ANY: Final = 1
LITERAL, PREFIXED = 3, 4
DENY, ALLOW = 2, 3

_RESOURCES: Final[Mapping[Resource, int]] = {
    Resource.TOPIC: 2,
    Resource.GROUP: 3,
    Resource.CLUSTER: 4,
    Resource.TRANSACTIONAL_ID: 5,
    Resource.DELEGATION_TOKEN: 6,
    Resource.USER: 7,
}
_OPERATIONS: Final[Mapping[Operation, int]] = {
    Operation.ALL: 2,
    Operation.READ: 3,
    Operation.WRITE: 4,
    Operation.CREATE: 5,
    Operation.DELETE: 6,
    Operation.ALTER: 7,
    Operation.DESCRIBE: 8,
    Operation.CLUSTER_ACTION: 9,
    Operation.DESCRIBE_CONFIGS: 10,
    Operation.ALTER_CONFIGS: 11,
    Operation.IDEMPOTENT_WRITE: 12,
    Operation.CREATE_TOKENS: 13,
    Operation.DESCRIBE_TOKENS: 14,
    Operation.TWO_PHASE_COMMIT: 15,
}
_RESOURCE_OF: Final = {code: resource for resource, code in _RESOURCES.items()}
_OPERATION_OF: Final = {code: operation for operation, code in _OPERATIONS.items()}

# The broker looks at all its lines for each filter, so these are not asked for one by one.
LINES_A_REQUEST: Final = 1_000

Settled = dict[Binding, ClusterError | None]


class AclCalls(Connection):
    """A cluster's ACL lines."""

    def acls(self, principal: str | None = None) -> list[Binding]:
        """All lines, or those of one principal. Raises ClusterError where the cluster has no
        authorizer, or Weir may not see them: no line is never taken for "none"."""
        request = DescribeAclsRequest(
            resource_type_filter=ANY,
            resource_name_filter=None,
            pattern_type_filter=ANY,
            principal_filter=principal,
            host_filter=None,
            operation=ANY,
            permission_type=ANY,
        )
        answer = self._call(request, self.timeouts.read_ms)
        if fault := fault_of(
            answer.error_code, answer.error_message, about=f"ACLs of {self.settings.where}"
        ):
            raise fault
        return [_binding(found, line) for found in answer.resources for line in found.acls]

    def create_acls(self, bindings: Sequence[Binding]) -> Settled:
        """Adds lines; one entry each, None where it is there now. Adding one twice is no error."""
        settled: Settled = {}
        for part in _parts(bindings):
            creation = CreateAclsRequest.AclCreation
            request = CreateAclsRequest(
                creations=[
                    creation(
                        resource_type=_RESOURCES[one.resource],
                        resource_name=one.name,
                        resource_pattern_type=_pattern(one),
                        principal=one.principal,
                        host=one.host,
                        operation=_OPERATIONS[one.operation],
                        permission_type=ALLOW if one.allow else DENY,
                    )
                    for one in part
                ]
            )
            answer = self._call(request, self.timeouts.write_ms, changes=True)
            settled |= _settled(part, answer.results)
        return settled

    def delete_acls(self, bindings: Sequence[Binding]) -> Settled:
        """Removes exactly these lines; one entry each, None where it is gone, also before."""
        settled: Settled = {}
        for part in _parts(bindings):
            wanted = DeleteAclsRequest.DeleteAclsFilter
            request = DeleteAclsRequest(
                filters=[
                    wanted(
                        resource_type_filter=_RESOURCES[one.resource],
                        resource_name_filter=one.name,
                        pattern_type_filter=_pattern(one),
                        principal_filter=one.principal,
                        host_filter=one.host,
                        operation=_OPERATIONS[one.operation],
                        permission_type=ALLOW if one.allow else DENY,
                    )
                    for one in part
                ]
            )
            answer = self._call(request, self.timeouts.write_ms, changes=True)
            settled |= _settled(part, answer.filter_results)
        return settled


def _pattern(binding: Binding) -> int:
    return PREFIXED if binding.prefixed else LITERAL


def _binding(found: Any, line: Any) -> Binding:
    return Binding(
        resource=_RESOURCE_OF.get(found.resource_type, Resource.UNKNOWN),
        name=found.resource_name,
        prefixed=found.pattern_type == PREFIXED,
        principal=line.principal,
        operation=_OPERATION_OF.get(line.operation, Operation.UNKNOWN),
        host=line.host,
        allow=line.permission_type == ALLOW,
    )


def _settled(part: Sequence[Binding], results: Sequence[Any]) -> Settled:
    """Answers come in the order in which they were asked."""
    settled: Settled = {
        one: fault_of(result.error_code, result.error_message, about=one.words())
        for one, result in zip(part, results, strict=False)
    }
    for one in part[len(results) :]:
        settled[one] = ClusterError(
            f"{one.words()}: the broker's answer leaves it out.", fault=Fault.UNKNOWN
        )
    return settled


def _parts(bindings: Sequence[Binding]) -> Iterable[Sequence[Binding]]:
    return (
        bindings[start : start + LINES_A_REQUEST]
        for start in range(0, len(bindings), LINES_A_REQUEST)
    )
