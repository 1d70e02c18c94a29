"""The same documents as pages to read: plain HTML with the house's colours, nothing to load, no script."""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from gis.store.collections import Collection
from styles.web import css

Json = Mapping[str, Any]
Trail = Sequence[tuple[str, str]]


def _link(href: str, text: str) -> str:
    return f'<a href="{escape(href, quote=True)}">{escape(text)}</a>'


def page(title: str, trail: Trail, body: str, json_href: str) -> bytes:
    """Return a page.

    Parameters
    ----------
    title : str
    trail : sequence of (href, text)
        The way to it.
    body : str
        HTML.
    json_href : str
        The same as JSON.
    """
    way = " › ".join(_link(href, text) for href, text in trail)
    style = css() + files("api.ogc").joinpath("pages.css").read_text(encoding="utf-8")
    other = escape(json_href, quote=True)
    text = (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="alternate" type="application/json" href="{other}"><style>{style}</style></head>'
        f"<body><header><nav>{way}</nav>{_link(json_href, 'JSON')}</header><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return text.encode()


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are HTML."""
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


ITEMS = {"feature": "要素", "record": "记录"}
SHOWN = ("data", "conformance", "service-desc", "service-doc")
"""Links of the landing page that people follow."""


def landing(document: Json) -> str:
    """Return the landing page's body."""
    listed = "".join(f"<li>{_link(one['href'], one['title'])}</li>" for one in document["links"] if one["rel"] in SHOWN)
    return f"<p>{escape(document['description'])}</p><ul>{listed}<li>{_link('/', '三维一张图')}</li></ul>"


def collections(document: Json, groups: Mapping[str, str]) -> str:
    """Return the list of collections with the groups that kinds are of."""
    rows = [
        (
            _link(f"/collections/{one['id']}?f=html", one["title"]),
            _link(f"/collections/{one['id']}/items?f=html", ITEMS[one["itemType"]]) if one["itemType"] in ITEMS else "",
            _link(f"/look/{one['id']}", "速览") if one["id"] in groups else "",
            escape(groups.get(one["id"], "")),
            escape(one["id"]),
        )
        for one in document["collections"]
    ]
    return table(["图层", "", "", "组", "标识"], rows)


def collection(document: Json, one: Collection) -> str:
    """Return what is said of a collection, with its properties."""
    rows = [
        (
            escape(column.name),
            escape(column.title),
            escape(str(column.type or "json")),
            escape(column.unit or ""),
            escape("、".join(f"{code} {label}" for code, label in (column.codes or {}).items())),
        )
        for column in one.columns
    ]
    links = " · ".join(_link(link["href"], link["title"]) for link in document["links"] if link["rel"] not in ("self", "alternate"))
    return f"<p>{escape(one.description)}</p><p>{links}</p>{table(['属性', '名称', '类型', '单位', '代码'], rows)}"


def plain(document: Json) -> str:
    """Return a document's lists as they are."""
    if "conformsTo" in document:
        return "<ul>" + "".join(f"<li>{_link(one, one)}</li>" for one in document["conformsTo"]) + "</ul>"
    if "functions" in document:
        return table(["函数", "说明", "参数", "结果"], map(_function, document["functions"]))
    return table(["属性", "名称", "类型", "单位"], [_property(name, one) for name, one in document.get("properties", {}).items()])


def _function(told: Json) -> tuple[str, ...]:
    arguments = "、".join(part["type"][0] for part in told["arguments"])
    return escape(told["name"]), escape(told["description"]), escape(arguments), told["returns"][0]


def _property(name: str, told: Json) -> tuple[str, ...]:
    type_ = told.get("type") or told.get("format", "")
    return tuple(escape(str(one)) for one in (name, told.get("title", ""), type_, told.get("x-ogc-unit", "")))


INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def value(given: Any, codes: Mapping[str, str] | None = None) -> str:
    """Return a property's value as text."""
    if isinstance(given, dict):
        return "<br>".join(_reading(name, one) for name, one in given.items())
    if isinstance(given, list):
        return escape("、".join(map(str, given)))
    if isinstance(given, bool):
        return "是" if given else "否"
    if isinstance(given, str):
        return escape(f"{given[:10]} {given[11:19]} UTC" if INSTANT.match(given) else (codes or {}).get(given, given))
    return "" if given is None else escape(str(given))


def _reading(name: str, told: Any) -> str:
    if not isinstance(told, dict):
        return f"{escape(name)}：{escape(str(told))}"
    return escape(f"{told.get('label', name)}：{told.get('value')} {told.get('unit') or ''}")


def items(one: Collection, document: Json) -> str:
    """Return a page of features as a table; columns without any value are left out."""
    features = document["features"]
    named = [column for column in one.columns if column.name not in (one.id_column, "name")]
    told = [column for column in named if any(feature["properties"].get(column.name) not in (None, [], {}) for feature in features)]
    rows = [(_item_link(one, feature), *(value(feature["properties"].get(c.name), c.codes) for c in told)) for feature in features]
    heads = ["要素", *(f"{column.title}（{column.unit}）" if column.unit else column.title for column in told)]
    return _turned(document, table(heads, rows))


def _turned(document: Json, body: str) -> str:
    """Return a page's body between the ways to the next and the one before."""
    words = {"next": "下一页", "prev": "上一页"}
    turns = " · ".join(_link(link["href"], words[link["rel"]]) for link in document["links"] if link["rel"] in words)
    counted = f"共 {document['numberMatched']} 个，本页 {document['numberReturned']} 个"
    return f"<p>{counted}　{turns}</p>{body}<p>{turns}</p>"


def _item_link(one: Collection, feature: Json) -> str:
    return _link(f"/collections/{one.id}/items/{feature['id']}?f=html", str(feature["properties"].get("name") or feature["id"]))


def item(one: Collection, feature: Json) -> str:
    """Return a feature with all its properties."""
    given = feature["properties"]
    rows = [(escape(column.title), value(given.get(column.name), column.codes), escape(column.unit or "")) for column in one.columns]
    history = f"/collections/{one.id}/items/{feature['id']}/history?f=html"
    return (f"<p>{_link(history, '谁在何时因何修改')}</p>" if one.kind else "") + table(["属性", "值", "单位"], rows)


def links(document: Json) -> str:
    """Return a document's description and its links to elsewhere."""
    listed = " · ".join(_link(one["href"], one["title"]) for one in document["links"] if one["rel"] not in ("self", "alternate"))
    return f"<p>{escape(str(document.get('description', '')))}</p><p>{listed}</p>"


def container(document: Json) -> str:
    """Return what is said of a 3D container, with those that it holds."""
    rows = [(_link(f"/collections/{one['id']}?f=html", one["title"]), _box(one)) for one in [document, *document.get("children", [])]]
    return links(document) + table(["三维容器", "范围（经纬度，椭球高米）"], rows)


def _box(document: Json) -> str:
    west, south, low, east, north, high = document["extent"]["spatial"]["bbox"][0]
    return escape(f"{west:.5f}, {south:.5f}, {low:.1f} — {east:.5f}, {north:.5f}, {high:.1f}")


def records(document: Json, types: Mapping[str, str]) -> str:
    """Return a page of records."""
    rows = [
        (
            _link(f"/collections/records/items/{one['id']}?f=html", one["properties"]["title"]),
            escape(types[one["properties"]["type"]]),
            escape(one["properties"]["description"]),
            value(one["properties"].get("updated")),
        )
        for one in document["features"]
    ]
    return _turned(document, table(["记录", "类型", "说明", "更新"], rows))


def record(document: Json, types: Mapping[str, str]) -> str:
    """Return a record with its links."""
    told = document["properties"]
    rows = [
        ("类型", escape(types[told["type"]])),
        ("关键词", escape("、".join(told["keywords"]))),
        ("更新", value(told.get("updated"))),
    ]
    return links({**document, "description": told["description"]}) + table(["属性", "值"], rows)


def history(document: Json) -> str:
    """Return who changed what, when and why."""
    rows = [
        (*(escape(str(one[name])[:19] if name == "recorded_from" else str(one[name])) for name in WHO), _changes(one["changes"]))
        for one in document["history"]
    ]
    return table(["时间（UTC）", "谁", "原因", "来源", "改了什么"], rows)


WHO = ("recorded_from", "author", "reason", "origin")


def _changes(listed: Iterable[Json]) -> str:
    return "<br>".join(escape(f"{one['label']}：{one['old']} → {one['new']}") for one in listed)


def operations(document: Json) -> str:
    """Return the definition of the interface as a table."""
    named = document["components"]["parameters"]
    rows = []
    for path, operation in document["paths"].items():
        used = [named[one["$ref"].rsplit("/", 1)[-1]] for one in operation["get"]["parameters"]]
        told = "<br>".join(f"<b>{escape(one['name'])}</b> {escape(one['description'])}" for one in used)
        rows.append((f"GET {escape(path)}", escape(operation["get"]["summary"]), told))
    return table(["路径", "内容", "参数"], rows)
