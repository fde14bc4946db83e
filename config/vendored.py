"""Brings the browser's third-party files into ``static/vendor``: ``python -m config.vendored``.

Run by hand when a version changes; the result is committed, so that nothing is fetched or built
when Weir is installed or run. Needs ``npm`` (only its ``pack`` command, no install scripts).
"""

import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "static" / "vendor"

TABLER = "@tabler/core@1.6.1"
ICONS = "@tabler/icons@3.52.0"
# django-htmx 1.29 ships its own copy of 2.0.10: the line it is tested with.
HTMX = "htmx.org@2.0.10"

# The icons that templates and the states' table use; one more is one word here.
ICON_NAMES = [
    "alert-triangle",
    "arrow-down",
    "arrow-right",
    "arrow-up",
    "arrows-diff",
    "ban",
    "bell",
    "braces",
    "check",
    "chevron-down",
    "chevron-left",
    "chevron-right",
    "circle-check",
    "circle-dashed",
    "circle-dot",
    "circle-x",
    "clock",
    "contrast",
    "copy",
    "eye",
    "file-text",
    "git-compare",
    "history",
    "hourglass",
    "inbox",
    "info-circle",
    "key",
    "keyboard",
    "loader",
    "lock",
    "logout",
    "menu-2",
    "message",
    "minus",
    "moon",
    "pencil",
    "player-pause",
    "plug-off",
    "plus",
    "refresh",
    "ripple",
    "search",
    "selector",
    "server-2",
    "shield-check",
    "stack-2",
    "sun",
    "trash",
    "user",
    "users",
    "webhook",
    "x",
]

NOTICES = f"""\
Third-party files of Weir's pages, brought here by `python -m config.vendored`.

{TABLER}   MIT    tabler/tabler.min.css    without source map and data: images, in @layer tabler
{ICONS}  MIT    icons.svg                {len(ICON_NAMES)} outline icons as one sprite
{HTMX}       0BSD   htmx/htmx.min.js         unchanged

Tabler's script is left out on purpose: menus are <details>, and nothing else of it was used.
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        unpacked = {package: _unpack(package, Path(scratch)) for package in (TABLER, ICONS, HTMX)}
        _write_tabler(unpacked[TABLER])
        _write_icons(unpacked[ICONS])
        _write_htmx(unpacked[HTMX])
    (VENDOR / "VERSIONS").write_text(NOTICES)


def _unpack(package: str, scratch: Path) -> Path:
    name = subprocess.run(  # noqa: S603 -- the package names above, nothing from outside
        ["npm", "pack", "--silent", package],  # noqa: S607 -- the developer's own npm
        cwd=scratch,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    target = scratch / name.removesuffix(".tgz")
    with tarfile.open(scratch / name) as archive:
        archive.extractall(target, filter="data")
    return target / "package"


def _write_tabler(package: Path) -> None:
    css = (package / "dist/css/tabler.min.css").read_text()
    css = re.sub(r"/\*# sourceMappingURL=.*?\*/", "", css).strip()
    charset = '@charset "UTF-8";'
    # In a layer every rule of ours wins, whatever its specificity: no !important, no order games.
    # The pages' content policy lets no data: image in; a browser that meets one before our own
    # rules replace it would say so in its console.
    body = re.sub(r'url\("data:[^"]*"\)', "none", css.removeprefix(charset))
    folder = VENDOR / "tabler"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tabler.min.css").write_text(f"{charset}@layer tabler{{{body}}}\n")
    (folder / "LICENSE").write_text(MIT.format(holders=TABLER_HOLDERS))


def _write_icons(package: Path) -> None:
    symbols = [_symbol(name, package / "icons/outline" / f"{name}.svg") for name in ICON_NAMES]
    notice = f"<!-- {ICONS}, MIT licence. {ICON_HOLDERS}. See icons.LICENSE -->"
    svg = '<svg xmlns="http://www.w3.org/2000/svg">'
    VENDOR.mkdir(parents=True, exist_ok=True)
    (VENDOR / "icons.svg").write_text("\n".join([notice, svg, *symbols, "</svg>", ""]))
    (VENDOR / "icons.LICENSE").write_text((package / "LICENSE").read_text())


def _symbol(name: str, source: Path) -> str:
    paths = re.findall(r"<path (?!stroke=\"none\")[^>]*/>", source.read_text())
    return f'<symbol id="{name}" viewBox="0 0 24 24">{"".join(paths)}</symbol>'


def _write_htmx(package: Path) -> None:
    folder = VENDOR / "htmx"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "htmx.min.js").write_text((package / "dist/htmx.min.js").read_text())
    (folder / "LICENSE").write_text((package / "LICENSE").read_text())


TABLER_HOLDERS = (
    "Copyright (c) 2018-2026 The Tabler Authors\nCopyright (c) 2018-2026 codecalm.net Paweł Kuna"
)
ICON_HOLDERS = "Copyright (c) 2020-2026 Paweł Kuna"
# The package of @tabler/core names its licence and carries no text of it.
MIT = """\
MIT License

{holders}

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""


if __name__ == "__main__":
    main()
