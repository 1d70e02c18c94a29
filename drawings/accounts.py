"""What became of every entity of every drawing in a folder, as one page."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from drawings.decode import LABELS, decode
from drawings.encodings import UTF8
from drawings.frames import METHODS
from drawings.guard import guard
from drawings.ledger import printable
from drawings.options import Options
from drawings.read import Progress, reading_of
from drawings.report import SEVERITY_LABELS
from drawings.sandbox import refusal
from drawings.units import METRE, declared
from gis.child import Failure, run
from gis.issues import Issue
from gis.kinds import KINDS
from gis.models.plan import Counts, SitePlan

RELEASES = {
    "AC1009": "R12",
    "AC1012": "R13",
    "AC1014": "R14",
    "AC1015": "R2000",
    "AC1018": "R2004",
    "AC1021": "R2007",
    "AC1024": "R2010",
    "AC1027": "R2013",
    "AC1032": "R2018",
}
"""$ACADVER → release (DXF reference, header variables)."""
MENDED = {"W301": "outlines closed (W301)", "W305": "doubles left out (W305)"}
"""Issues that each say of one thing that it was put right."""
ESCAPES = r"`\U+` and `\M+` escapes"
LONGEST = 160
"""Characters of a sample."""


@dataclass(frozen=True, slots=True)
class Account:
    """One drawing: how it was read, and what became of its entities."""

    plan: SitePlan
    inputs: tuple[str, ...] = ()
    """Names of the mapping and control point files it was read by."""
    release: str = "—"
    page: str = "—"
    """$DWGCODEPAGE."""
    taken: str = "—"
    """Codec that the release or the page stands for."""
    codecs: dict[str, int] = field(default_factory=dict)
    """Codec that read them → strings beyond ASCII."""
    unit: str = "—"
    """What the header declares, in Chinese."""
    scale: float | None = None
    """Metres a drawing unit; None where the drawing could not be read."""
    known: bool = False
    method: str = "none"
    """Key of `METHODS`."""
    kinds: dict[str, int] = field(default_factory=dict)
    """Kind → entities of which features of that kind were made, whether or not they have a place."""

    @property
    def adds_up(self) -> bool:
        """Whether each entity is stored, ignored with a reason, or refused."""
        counts = self.plan.counts
        reasons = sum(self.plan.ignored_by.values())
        return counts.stored + counts.ignored + counts.refused == counts.entities and reasons == counts.ignored


def _header(data: bytes, name: bytes) -> str:
    """Return the value of a header variable in a DXF's text."""
    found = re.search(re.escape(name) + rb"\s+\d+\s+(\S+)", data)
    return found[1].decode("ascii", "replace") if found else "—"


def _account(data: bytes, file_name: str, options: Options, *, progress: Progress) -> Account:
    """Read one drawing; run in a child."""
    tags, _ = guard(data, file_name)
    document, reading = reading_of(data, file_name, options, progress=progress)
    if tags is None or document is None or reading.frame is None:
        return Account(reading.plan)
    decoded = decode(tags, file_name)
    version = _header(decoded.data, b"$ACADVER")
    made = Counter(reading.kinds.values())
    return Account(
        plan=reading.plan,
        release=RELEASES.get(version, version),
        page=_header(decoded.data, b"$DWGCODEPAGE"),
        taken=decoded.declared,
        codecs=dict(sorted(decoded.rules.items())),
        unit=str(declared(document)),
        scale=reading.frame.scale,
        known=reading.frame.known,
        method=reading.frame.method,
        kinds={kind: made[kind] for kind in KINDS if made[kind]},
    )


def account(path: Path, mappings: Path) -> Account:
    """Return the account of a drawing, read in a child process.

    Parameters
    ----------
    path : Path
        DXF file.
    mappings : Path
        Folder in which `NN.mapping.yaml` and `NN.gcp.csv` are taken for a file called `NN_….dxf`.

    Raises
    ------
    OSError
        A file can't be opened.
    """
    number = path.name.partition("_")[0]
    files = {suffix: mappings / f"{number}.{suffix}" for suffix in ("mapping.yaml", "gcp.csv")}
    texts = {suffix: file.read_text(encoding="utf-8") for suffix, file in files.items() if file.is_file()}
    read = run(_account, path, path.name, Options(mapping=texts.get("mapping.yaml"), gcp=texts.get("gcp.csv")))
    if isinstance(read, Failure):
        plan = SitePlan("A", None, path.name, "", (), (refusal(read, path, path.name),), Counts(0, 0, 0, 0))
        return Account(plan)
    return replace(read, inputs=tuple(files[suffix].name for suffix in texts))


def _cell(text: str) -> str:
    """Return text that can stand in a cell of a table."""
    line = " ".join(printable(text).split())
    line = line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
    return re.sub(r"([|*_<>`\[\]\\])", r"\\\1", line)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]], numbers: str = "") -> list[str]:
    """Return a table; `numbers` says which columns are numbers, `n` for each, `-` for the others."""
    rule = ["--:" if letter == "n" else "---" for letter in numbers.ljust(len(head), "-")]
    return [f"| {' | '.join(map(str, row))} |" for row in (head, rule, *rows)]


def _codecs(one: Account) -> str:
    """Say which rule chose the codec, and what it read."""
    if one.scale is None:
        return "—"
    taken = LABELS.get(one.taken, one.taken)
    named = f"{one.page} named" if one.page != "—" else "no page named"
    if one.taken == UTF8:
        named += f", {one.release} is UTF-8"
    elif one.page == "—":
        named += f", {taken} assumed"
    names = LABELS | {"escape": ESCAPES}
    read = ", ".join(f"{count} as {names.get(codec, codec)}" for codec, count in one.codecs.items())
    return f"{named}: {read or 'all ASCII'}"


def _place(one: Account) -> str:
    if one.scale is None:
        return "not read"
    # Where nothing proves a unit a metre is a stopgap, no finding.
    unit = f"{one.unit}, 1 unit = {one.scale:.6g} m" if one.known or one.scale != METRE else one.unit
    if one.known:
        return f"{unit}; {METHODS[one.method]}"
    codes = sorted({issue.code for issue in one.plan.issues if issue.code.startswith("E6")})
    return f"{unit}; {METHODS['none']}（{'、'.join(codes)}）"


def _mended(one: Account) -> str:
    """Say what was repaired: the structure in the reader's words, the rest as counts."""
    said = [_cell(issue.message) for issue in one.plan.issues if issue.code == "W104"]
    counts = Counter(issue.code for issue in one.plan.issues)
    return "; ".join([*said, *(f"{what}: {counts[code]}" for code, what in MENDED.items() if counts[code])]) or "—"


def _overview(accounts: Sequence[Account]) -> list[str]:
    head = ("file", "release", "text", "declared unit, unit as proven; place", "entities", "stored", "ignored", "refused", "mended")
    rows = []
    for one in accounts:
        counts = one.plan.counts
        numbers = (counts.entities, counts.stored, counts.ignored, counts.refused)
        rows.append((f"`{one.plan.file_name}`", one.release, _codecs(one), _place(one), *numbers, _mended(one)))
    return _table(head, rows, "----nnnn-")


def _grouped(issues: Iterable[Issue]) -> dict[str, list[Issue]]:
    groups: dict[str, list[Issue]] = {}
    for issue in issues:
        groups.setdefault(issue.code, []).append(issue)
    return dict(sorted(groups.items()))


def _counted(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{KINDS[kind].label} `{kind}` {number}" for kind, number in kinds.items())


def _section(one: Account) -> list[str]:
    plan, counts = one.plan, one.plan.counts
    lines = [f"## {plan.file_name}", ""]
    lines += [f"Read by {' and '.join(f'`{name}`' for name in one.inputs) or 'the norm alone'}.", ""]
    lines += [f"{counts.entities} entities = {counts.stored} stored + {counts.ignored} ignored + {counts.refused} refused.", ""]
    features = Counter(feature.kind for feature in plan.features)
    if features:
        lines += [f"Features: {_counted({kind: features[kind] for kind in KINDS if features[kind]})}.", ""]
    elif one.kinds:
        lines += [f"Understood, and refused for want of a place (entities): {_counted(one.kinds)}.", ""]
    if plan.ignored_by:
        lines += [*_table(("ignored because", "entities"), [(_cell(why), number) for why, number in plan.ignored_by.items()], "-n"), ""]
    if plan.issues:
        rows = [
            (code, SEVERITY_LABELS[same[0].severity], len(same), _cell(same[0].message), _cell(same[0].hint))
            for code, same in _grouped(plan.issues).items()
        ]
        lines += [*_table(("code", "级别", "issues", "the first of them", "怎么改"), rows, "--n--"), ""]
    return lines


INTRODUCTION = """# Accounts of drawings that nobody here wrote

Public DXF files of other people's programs, each read in a child process with limits, as `quanjing drawing check` reads it. Every entity of
the model space is stored, ignored with a reason, or refused with an issue. The files are not part of this repository; mapping and control
point files are, in `data/examples`. Where none is named, a drawing is read by the norm alone, which knows none of its layers. A drawing
that lies outside Dazhou, or does not say where it lies, is refused whatever it shows: E603 with coordinates of elsewhere, E601 without any.
"text" counts strings beyond ASCII. Messages are the product's own. Written by `make bless`; a test compares.
"""


def page(accounts: Sequence[Account]) -> str:
    """Return the accounts as Markdown; the same drawings give the same text."""
    sections = [line for one in accounts for line in _section(one)]
    return "\n".join([INTRODUCTION, *_overview(accounts), "", *sections]).rstrip() + "\n"


def drawings_in(folder: Path) -> list[Path]:
    """Return the DXF files of a folder by name."""
    return sorted((path for path in folder.iterdir() if path.suffix.lower() == ".dxf"), key=lambda path: path.name)
