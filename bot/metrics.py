"""What Prometheus is told when it is asked (docs/operations.md): counted here, served on request.

Names follow Prometheus' own advice (prometheus.io/docs/practices/naming). Labels have few values:
no run, no person, no name from outside is one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

from bot.errors import Vendor, VendorError

# When a counter was made is nobody's question, and each would be a series more.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's own
REGISTRY = CollectorRegistry(auto_describe=True)
ACKNOWLEDGEMENT_SECONDS = Histogram(
    "sunset_acknowledgement_seconds",
    "From a delivery of Slack to its acknowledgement; Slack waits for three seconds.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3),
    registry=REGISTRY,
)
EFFECTS = Counter(
    "sunset_effects",
    "Work outside that was carried out (done), put off (again) or given up (failed), by kind.",
    ("kind", "outcome"),
    registry=REGISTRY,
)
VENDOR_CALLS = Counter(
    "sunset_vendor_calls",
    "Calls to Slack, HubSpot and Salesforce: ok, limited (asked to wait), unavailable, refused.",
    ("vendor", "outcome"),
    registry=REGISTRY,
)
VENDOR_CALL_SECONDS = Histogram(
    "sunset_vendor_call_seconds",
    "How long one call took, the tries after it not counted.",
    ("vendor",),
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)


@contextmanager
def calling(vendor: Vendor) -> Iterator[None]:
    """Count and time one call to a vendor by how it ended."""
    began = time.monotonic()
    outcome = "ok"
    try:
        yield
    except VendorError as error:
        outcome = _outcome(error)
        raise
    except Exception:
        outcome = "refused"
        raise
    finally:
        VENDOR_CALL_SECONDS.labels(vendor).observe(time.monotonic() - began)
        VENDOR_CALLS.labels(vendor, outcome).inc()


def _outcome(error: VendorError) -> str:
    if error.retry_after is not None:
        return "limited"
    return "unavailable" if error.retryable else "refused"
