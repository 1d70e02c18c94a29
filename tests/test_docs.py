"""The documents say what the code does: settings, routes, verbs, links."""

import re
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from typer.main import get_command

from api.app import ROUTERS
from api.cli import app
from gis.rules.basis import STATES, bases, page
from gis.settings import Settings

TOP = Path(__file__).parents[1]
DOCUMENTS = sorted([*TOP.glob("*.md"), *TOP.glob("docs/**/*.md"), *TOP.glob("data/**/*.md")])


def verbs() -> set[str]:
    """Return every verb of the command, `noun verb` or a single word."""
    found: set[str] = set()
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        found |= {f"{name} {verb}" for verb in getattr(command, "commands", {})} or {name}
    return found


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    named = {"DATABASE_URL" if name == "database_url" else f"QUANJING_{name.upper()}" for name in Settings.__dataclass_fields__}
    assert set(re.findall(r"^\| `([A-Z_]+)`", (TOP / "docs/settings.md").read_text(encoding="utf-8"), re.MULTILINE)) == named


def test_every_route_is_in_the_contract() -> None:
    text = (TOP / "docs/contract.md").read_text(encoding="utf-8").replace("…", "{path}")
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    named = {f"{method} {route.path.replace('{path:path}', '{path}')}" for route in routes for method in route.methods}
    assert {name for name in named if not re.search(rf"`{re.escape(name)}(\?[^`]*)?`", text)} == set()


def test_every_verb_is_in_the_changes_or_the_readme() -> None:
    text = (TOP / "README.md").read_text(encoding="utf-8") + (TOP / "CHANGES.md").read_text(encoding="utf-8")
    listed = {f"{noun} {verb}" for noun, several in re.findall(r"quanjing (\w+) ([\w|]+)", text) for verb in several.split("|")}
    missing = verbs() - listed - set(re.findall(r"quanjing (\w+)", text))
    assert missing == set()


def test_documents_name_no_verb_that_is_not_there() -> None:
    known = verbs()
    nouns = {name.split()[0] for name in known}
    wrong = []
    for document in DOCUMENTS:
        for noun, several in re.findall(r"`quanjing ([a-z]+)(?: ([a-z]+(?:\|[a-z]+)*))?", document.read_text(encoding="utf-8")):
            named = {f"{noun} {verb}" for verb in several.split("|")} if several else {noun}
            wrong += [f"{document.name}: {name}" for name in sorted(named - known - (set() if several else nouns))]
    assert wrong == []


def test_every_package_of_verbs_is_part_of_the_command() -> None:
    named = {
        name
        for file in TOP.glob("*/**/*cli.py")
        if ".venv" not in file.parts and "tests" not in file.parts
        for name in re.findall(r"typer\.Typer\(\s*name=\"(\w+)\"", file.read_text(encoding="utf-8"))
    }
    assert named - {word for name in verbs() for word in name.split()} == {"quanjing"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", document.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (document.parent / target).exists(), target


def test_both_readmes_show_the_same_commands() -> None:
    blocks = [
        re.findall(r"^(make \w+|quanjing [^#\n]+?) *(?:#|$)", (TOP / name).read_text(encoding="utf-8"), re.MULTILINE)
        for name in ("README.md", "README.zh.md")
    ]
    assert blocks[0] == blocks[1] != []


def test_the_basis_of_every_table_of_rules_is_told_and_the_page_says_it() -> None:
    tables = {str(file.relative_to(TOP)) for file in (TOP / "gis/rules").glob("*.yaml")} | {"gis/transmission.yaml"}
    assert tables - {one.where for one in bases()} == {"gis/rules/basis.yaml"}
    assert {one.state for one in bases()} <= STATES.keys()
    assert all((TOP / one.where).exists() for one in bases())
    assert (TOP / "docs/basis.zh.md").read_text(encoding="utf-8") == page()


def test_pictures_are_small_and_each_is_shown() -> None:
    shown = "".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    pictures = sorted((TOP / "docs/images").iterdir())
    assert [picture.name for picture in pictures if picture.stat().st_size > 200_000] == []
    assert [picture.name for picture in pictures if f"images/{picture.name}" not in shown] == []
