from pathlib import Path

import pytest

from config.stack.paths import Folders


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    made = Folders(tmp_path / "weir")
    made.make()
    return made
