"""A process graph as a table: a YAML file of nodes and streams, for those who would rather write than draw."""

from collections import Counter
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from drawings.ledger import finding
from gis.facts import Loader
from gis.issues import Issue, Place
from gis.kinds import ENUMS
from gis.models.process import NodeType, ProcessGraph, ProcessNode, ProcessStream, Upgrade
from gis.pollutants import known_name

HINT = "nodes 每项有 code、name、type；streams 每项有 from、to"
MESSAGES = {"extra_forbidden": "没有这一项", "missing": "缺少这一项", "literal_error": "取值不对"}
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class _Node(_Part):
    code: Text
    name: Text
    type: NodeType
    unit: Text | None = None
    pollutants: list[Text] = []
    note: str = ""
    amount: str = ""
    upgrade: Upgrade | None = None
    upgraded_on: str = ""


class _Stream(_Part):
    source: Text = Field(alias="from")
    target: Text = Field(alias="to")
    carries: str = ""
    medium: str = "process"


class _Table(_Part):
    nodes: list[_Node] = Field(min_length=1)
    streams: list[_Stream] = []


def is_table(file: str) -> bool:
    """Return whether a file of drawing B is a table, by its name."""
    return file.lower().endswith((".yaml", ".yml"))


def _fault(code: str, message: str, file: str, field: str | None = None) -> Issue:
    return finding(code, message, HINT, Place(file=file or None, field=field))


def _between(table: _Table, file: str) -> list[Issue]:
    """Return what is wrong between the rows: codes used twice, streams from or to nowhere, media that are none."""
    codes = Counter(node.code for node in table.nodes)
    issues = [_fault("E206", f"节点编号 {code} 用了 {times} 次", file, "code") for code, times in codes.items() if times > 1]
    pairs = Counter((stream.source, stream.target) for stream in table.streams)
    issues += [_fault("E206", f"物流 {one} → {other} 写了 {times} 次", file) for (one, other), times in pairs.items() if times > 1]
    for stream in table.streams:
        said = f"物流 {stream.source} → {stream.target}"
        issues += [_fault("E501", f"{said}：没有节点 {end}", file) for end in (stream.source, stream.target) if end not in codes]
        if stream.medium not in ENUMS["pipe_medium"]:
            issues.append(_fault("E204", f"{said}：没有介质 {stream.medium}", file, "medium"))
    return issues


def graph_of(text: str, file: str = "") -> tuple[ProcessGraph | None, list[Issue]]:
    """Return the process graph that a table holds, None where it is faulty, and its faults.

    Parameters
    ----------
    text : str
        YAML: `nodes` in the order of the process, `streams` between their codes.
    file : str
        Name, for the place of issues.
    """
    try:
        document = yaml.load(text, Loader)  # noqa: S506 — a safe loader
        table = _Table.model_validate(document if isinstance(document, dict) else {})
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"第 {mark.line + 1} 行：" if mark else ""
        return None, [_fault("E101", f"{where}不是有效的 YAML", file)]
    except ValidationError as error:
        rows = error.errors()
        return None, [_fault("E101", f"{'.'.join(map(str, row['loc']))}：{MESSAGES.get(row['type']) or row['msg']}", file) for row in rows]
    issues = _between(table, file)
    if issues:
        return None, issues
    nodes = tuple(
        ProcessNode(
            node.code, node.name, node.type, node.unit, tuple(dict.fromkeys(map(known_name, node.pollutants))), node.note, node.amount,
            node.upgrade, node.upgraded_on, seq,
        )
        for seq, node in enumerate(table.nodes, 1)
    )  # fmt: skip
    streams = tuple(ProcessStream(f"{one.source}>{one.target}", one.source, one.target, one.carries, one.medium) for one in table.streams)
    return ProcessGraph(nodes, streams), []
