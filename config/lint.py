"""Checks that no linter has: `python -m config.lint`; `--write` renews documents; `audit` asks for
known vulnerabilities. Each finding is one line: where, what, and what to do."""

import ast
import difflib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("config", "governance", "registry", "topics", "tests", "bench")
OPENAPI = ROOT / "docs" / "openapi.json"
LOCKS = (
    "requirements.lock",
    "requirements-dev.lock",
    "config/stack/tools.lock",
    "tests/real/clients/node/package-lock.json",
)

# What installs, builds and documents: it names no place that packages come from, since that is the
# machine's to say, and differs between them.
PLAIN = (
    *("Dockerfile", "docker-compose.yml", "Makefile", ".ci/run", "config/stack/*.sh"),
    *("config/stack/*.in", "*.toml", "*.md", "docs/**/*.md"),
)
ADDRESS = re.compile(r"https?://(?:[^\s/@]*@)?([^\s/:?#'\"`)}>]+)")
# This machine, names that stand for somebody's own, and pages that are only read.
KNOWN = re.compile(
    r"localhost|127\.0\.0\.1|host|…|([\w-]+\.)*example(\.com)?|\$.*|semver\.org|keepachangelog\.com"
)
SOURCE = re.compile(r"--(extra-)?index-url|--find-links|--registry[= ]|\bGOPROXY=|\bdeb \[?http")

# Native crashes of confluent-kafka 2.16.1 that no `except` catches: a denied describe, and asking
# for offsets on a cluster that never had a group, each take the whole worker with them.
KILLERS = {
    "describe_user_scram_credentials": "use kafka-python's",
    "list_consumer_group_offsets": "use kafka-python's list_group_offsets",
}


def main(arguments: list[str]) -> int:
    if arguments == ["audit"]:
        return audit()
    if arguments == ["--write"]:
        OPENAPI.write_text(openapi(), encoding="utf-8")
        return 0
    findings = [*locks(), *sources(ROOT), *calls(), *documents()]
    for finding in findings:
        sys.stderr.write(finding + "\n")
    return 1 if findings else 0


def locks() -> Iterator[str]:
    """A lock that names a registry works only where that registry is."""
    for name in LOCKS:
        for number, line in enumerate((ROOT / name).read_text().splitlines(), 1):
            if "://" in line or line.startswith("--"):
                yield f"{name}:{number}: names an address: write it anew with `make lock`."


def sources(root: Path) -> Iterator[str]:
    """Addresses, and options that name one, where packages are installed or spoken of."""
    for path in sorted({path for pattern in PLAIN for path in root.glob(pattern)}):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            hosts = [host for host in ADDRESS.findall(line) if not KNOWN.fullmatch(host)]
            if hosts or SOURCE.search(line):
                said = f"names {hosts[0]}" if hosts else "says where packages come from"
                yield f"{path.relative_to(root)}:{number}: {said}: leave that to the machine."


def calls() -> Iterator[str]:
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
            for line, said in _banned(tree):
                yield f"{path.relative_to(ROOT)}:{line}: {said}"


def _banned(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """A file that uses confluent-kafka is taken to mean its methods: the other library, which has
    methods of the same names, belongs in a file of its own."""
    nodes = list(ast.walk(tree))
    confluent = any(_imports(node, "confluent_kafka") for node in nodes)
    for node in nodes:
        if confluent and isinstance(node, ast.Attribute) and node.attr in KILLERS:
            yield node.lineno, f"{node.attr} can kill the process: {KILLERS[node.attr]}."
        if isinstance(node, ast.keyword) and node.arg == "operation_timeout" and _zero(node.value):
            yield (
                node.value.lineno,
                "operation_timeout=0 reports success and does nothing: leave it out.",
            )


def _imports(node: ast.AST, package: str) -> bool:
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] == package
    if isinstance(node, ast.Import):
        return any(alias.name.split(".")[0] == package for alias in node.names)
    return False


def _zero(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and node.value < 1


def openapi() -> str:
    """The document of /api/v1 as the code has it now."""
    made = subprocess.run(
        [sys.executable, "manage.py", "spectacular", "--format", "openapi-json", "--validate"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise SystemExit(f"manage.py spectacular failed:\n{made.stderr[-2000:]}")
    return made.stdout.rstrip() + "\n"


def documents() -> Iterator[str]:
    """What clients were promised changes only together with the document that says so."""
    committed = OPENAPI.read_text(encoding="utf-8") if OPENAPI.exists() else ""
    now = openapi()
    if not committed or json.loads(committed) != json.loads(now):
        lines = difflib.unified_diff(
            committed.splitlines(), now.splitlines(), "docs/openapi.json", "the code", n=1
        )
        shown = "\n".join(list(lines)[:40])
        yield f"docs/openapi.json is not what the code does: `make fmt`, and look at:\n{shown}"


def audit() -> int:
    """What pip-audit says of the locked packages, and of how many it can say nothing."""
    argv = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"]
    argv += ["--progress-spinner", "off", "--format", "json", "-r", "requirements-dev.lock"]
    asked = subprocess.run(  # noqa: S603  a fixed command
        argv, cwd=ROOT, capture_output=True, text=True, check=False
    )
    try:
        packages = json.loads(asked.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        packages = []
    if not packages:
        last = (asked.stderr.strip().splitlines() or ["it said nothing"])[-1]
        sys.stdout.write(f"NOT AUDITED: pip-audit could not do its work here: {last[:200]}\n")
        return 0
    skipped = [package for package in packages if "skip_reason" in package]
    found = [(package, vuln) for package in packages for vuln in package.get("vulns", ())]
    for package, vuln in found:
        fixed = ", ".join(vuln["fix_versions"]) or "no version"
        sys.stdout.write(
            f"{package['name']} {package['version']}: {vuln['id']}, fixed in {fixed}\n"
        )
    sys.stdout.write(
        f"{len(packages) - len(skipped)} packages audited, {len(found)} vulnerabilities known.\n"
    )
    if skipped:
        sys.stdout.write(
            f"NOT AUDITED: {len(skipped)} packages, the vulnerability service did not answer for"
            f" them (the first: {skipped[0]['skip_reason']}). Run `make audit` where it does.\n"
        )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
