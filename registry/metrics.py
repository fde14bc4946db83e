"""What the registry counts, for `/metrics`."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

READS: Final = Counter("weir_registry_reads", "Reads answered before Django", ["source"])
ANSWERS: Final = Counter("weir_registry_answers", "Answers given by views, by status", ["status"])
BY_PROCESS: Final = Counter(
    "weir_registry_by_process",
    "Requests left to the process for what is large, by what is",
    ["what"],
)
SECONDS: Final = Histogram(
    "weir_registry_view_seconds",
    "Time from a request's last byte to its answer, waiting for a thread included",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
CACHE_BYTES: Final = Gauge("weir_registry_cache_bytes", "Bytes of ready answers in memory")
