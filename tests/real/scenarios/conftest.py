"""What every scenario begins with: the running stack and its demo company."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live import LiveStack
from tests.real.scenarios.company import Company
from tests.real.scenarios.company import company as demo_company


@pytest.fixture
def company(live_stack: LiveStack) -> Iterator[Company]:
    with demo_company(live_stack) as found:
        yield found
