"""Checks of our own that `make lint` makes."""

from pathlib import Path

import pytest

from config import lint

REGISTRY = "packages.somewhere.net"


def test_what_is_committed_names_no_source_of_packages() -> None:
    assert [*lint.locks(), *lint.sources(lint.ROOT)] == []


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("Dockerfile", f"RUN pip install --index-url https://{REGISTRY}/simple weir"),
        ("Dockerfile", "RUN pip install --extra-index-url $INDEX weir"),
        (".ci/run", f"curl -O https://{REGISTRY}/tool.tar.gz"),
        ("Makefile", "\tnpm ci --registry=$(REGISTRY)"),
        ("docker-compose.yml", f"image: x # http://user:secret@{REGISTRY}:8080/"),
        ("docs/adr/0001.md", f"Packages come from <https://{REGISTRY}>."),
        ("README.md", f"http://localhost:8000 and https://{REGISTRY}/"),
    ],
)
def test_a_source_of_packages_is_found(name: str, line: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"http://localhost:8000 https://weir.example.com/a\n{line}\n")
    (finding,) = lint.sources(tmp_path)
    assert finding.startswith(f"{name}:2: ")
    assert "secret" not in finding
