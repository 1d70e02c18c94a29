# ruff: noqa: E501 — a row of a table is a line
"""A permit's copy (副本) in the national layout, made by other programs than the reader's: printed by Chromium from HTML, or as a workbook.

The layout is that of permit.mee.gov.cn as far as it was read there (table of limits); the other tables are from memory of real copies.
"""

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pdfplumber
from browser import chromium
from openpyxl import Workbook
from openpyxl.styles import Alignment
from PIL import Image

CODE = "91511700MADEMA00X6001P"
CREDIT = CODE[:18]
AIR = {
    "DA001": ("窑尾排气筒", "主要排放口", 90.0, 4.2),
    "DA002": ("窑头排气筒", "主要排放口", 40.0, 3.0),
    "DA003": ("水泥磨排气筒", "一般排放口", 25.0, 1.2),
}
ORES = [f"配料{number}" for number in range(1, 31)]

Cell = str | tuple[str, int, int]
"""Text, or text with how many rows and columns it covers."""
Table = tuple[str, list[list[Cell]], list[list[Cell]]]
"""Title, heading, rows."""

HEAD = [
    ("单位名称", "达州示范水泥有限公司", "统一社会信用代码", CREDIT),
    ("注册地址", "四川省达州市达川区示范路1号", "邮政编码", "635000"),
    ("生产经营场所地址", "四川省达州市达川区示范路1号", "行业类别", "水泥制造（C3011），工业炉窑"),
    ("法定代表人（主要负责人）", "张示范", "技术负责人", "李示范"),
    ("联系电话", "0818-0000000", "投产日期", "2009-05-04"),
]
LINES = [
    "排污许可证（副本）",
    f"证书编号：{CODE}",
    "有效期限：自2024年03月01日至2029年02月28日止",
    "发证机关：（盖章）达州市生态环境局（示范）",
    "发证日期：2024年03月01日",
]


def tables() -> list[Table]:
    """Return the tables of the copy."""
    return [
        (
            "表2 主要产品及产能信息表",
            [
                [("序号", 2, 1), ("主要生产单元名称", 2, 1), ("主要工艺名称", 2, 1), ("生产设施名称", 2, 1), ("生产设施编号", 2, 1), ("设施参数", 1, 3), ("产品名称", 2, 1), ("生产能力", 2, 1), ("计量单位", 2, 1)],
                ["参数名称", "设计值", "计量单位"],
            ],
            [
                [("1", 2, 1), ("熟料煅烧", 2, 1), ("新型干法", 2, 1), ("回转窑", 2, 1), ("MF0001", 2, 1), "直径", "4.8", "m", ("熟料", 2, 1), ("150", 2, 1), ("万t/a", 2, 1)],
                ["长度", "74", "m"],
                ["2", "水泥粉磨", "粉磨", "水泥磨", "MF0002", "能力", "180", "t/h", "水泥", "200", "万t/a"],
            ],
        ),
        (
            "表3 主要原辅材料及燃料信息表",
            [["序号", "种类", "名称", "年最大使用量", "计量单位", "有毒有害成分及占比", "其他信息"]],
            [
                *([str(number), "原料", name, str(number * 1000), "t/a", "/", "外购" if number == 7 else ""] for number, name in enumerate(ORES, 1)),
                ["31", "辅料", "氨水（20%）", "3200", "t/a", "氨 20%", ""],
                ["32", "燃料", "天然气", "120", "万m3/a", "/", ""],
            ],
        ),
        (
            "表4 废气产排污节点、污染物及污染治理设施信息表",
            [
                [("序号", 2, 1), ("产污设施编号", 2, 1), ("产污设施名称", 2, 1), ("对应产污环节名称", 2, 1), ("污染物种类", 2, 1), ("排放形式", 2, 1), ("污染治理设施", 1, 3), ("有组织排放口编号", 2, 1), ("有组织排放口名称", 2, 1), ("排放口类型", 2, 1)],
                ["污染治理设施编号", "污染治理设施名称", "污染治理设施工艺"],
            ],
            [
                [("1", 2, 1), ("MF0001", 2, 1), ("回转窑", 2, 1), ("煅烧", 2, 1), "颗粒物", ("有组织", 2, 1), "TA001", "袋式除尘器", "袋式除尘", ("DA001", 2, 1), ("窑尾排气筒", 2, 1), ("主要排放口", 2, 1)],
                ["二氧化硫，氮氧化物", "TA002", "SNCR", "SNCR 脱硝"],
                ["2", "MF0002", "水泥磨", "粉磨", "颗粒物", "有组织", "TA003", "袋式除尘器", "袋式除尘", "DA003", "水泥磨排气筒", "一般排放口"],
            ],
        ),
        (
            "表5 废水类别、污染物及污染治理设施信息表",
            [["序号", "废水类别", "污染物种类", "污染治理设施编号", "污染治理设施名称", "污染治理设施工艺", "设计处理水量（t/h）", "排放去向", "排放方式", "排放规律", "排放口编号", "排放口名称", "排放口类型"]],
            [["1", "生活污水", "化学需氧量,氨氮", "TW001", "污水处理站", "A/O", "5", "进入城市污水处理厂", "间接排放", "间断排放", "DW001", "生活污水排放口", "一般排放口"]],
        ),
        (
            "表6 大气排放口基本情况表",
            [
                [("序号", 2, 1), ("排放口编号", 2, 1), ("排放口名称", 2, 1), ("污染物种类", 2, 1), ("排放口地理坐标", 1, 2), ("排气筒高度（m）", 2, 1), ("排气筒出口内径（m）", 2, 1), ("排气温度", 2, 1)],
                ["经度", "纬度"],
            ],
            [
                [str(number), code, name, "颗粒物，二氧化硫，氮氧化物" if code == "DA001" else "颗粒物", "107°28′12″", "31°12′36.5″", f"{high:g}", f"{wide:g}", "常温"]
                for number, (code, (name, _, high, wide)) in enumerate(AIR.items(), 1)
            ],
        ),
        (
            "表7 废气污染物排放执行标准表",
            [
                [("序号", 2, 1), ("排放口编号", 2, 1), ("排放口名称", 2, 1), ("污染物种类", 2, 1), ("国家或地方污染物排放标准", 1, 3)],
                ["名称", "浓度限值（mg/Nm3）", "速率限值（kg/h）"],
            ],
            [
                ["1", ("DA001", 3, 1), ("窑尾排气筒", 3, 1), "颗粒物", ("水泥工业大气污染物排放标准 GB 4915-2013", 3, 1), "20", "/"],
                ["2", "二氧化硫", "100", "/"],
                ["3", "氮氧化物", "320", "/"],
                ["4", "DA002", "窑头排气筒", "颗粒物", "水泥工业大气污染物排放标准 GB 4915-2013", "20", "/"],
                ["5", "DA003", "水泥磨排气筒", "颗粒物", "水泥工业大气污染物排放标准 GB 4915-2013", "10", "/"],
            ],
        ),
        (
            "表8 大气污染物有组织排放",
            [
                [("序号", 2, 1), ("排放口编号", 2, 1), ("排放口名称", 2, 1), ("污染物种类", 2, 1), ("许可排放浓度限值", 2, 1), ("许可排放速率限值（kg/h）", 2, 1), ("许可年排放量限值（t/a）", 1, 5), ("承诺更加严格排放浓度限值", 2, 1)],
                ["第一年", "第二年", "第三年", "第四年", "第五年"],
            ],
            [
                [("主要排放口", 1, 12)],
                ["1", ("DA001", 3, 1), ("窑尾排气筒", 3, 1), "颗粒物", "20mg/Nm3", "/", *["66.5"] * 5, "/"],
                ["2", "二氧化硫", "100mg/Nm3", "/", *["120"] * 5, "/"],
                ["3", "氮氧化物", "260mg/Nm3", "/", *["830.25"] * 5, "/"],
                ["4", "DA002", "窑头排气筒", "颗粒物", "20mg/Nm3", "/", *["33.5"] * 5, "/"],
                [("主要排放口合计", 3, 3), "颗粒物", "/", "/", *["100"] * 5, "/"],
                ["SO2", "/", "/", *["120"] * 5, "/"],
                ["NOx", "/", "/", *["830.25"] * 5, "/"],
                [("一般排放口", 1, 12)],
                ["5", "DA003", "水泥磨排气筒", "颗粒物", "10mg/Nm3", "/", *["/"] * 5, "/"],
                [("全厂有组织排放总计", 3, 3), "颗粒物", "/", "/", *["100"] * 5, "/"],
                ["SO2", "/", "/", *["120"] * 5, "/"],
                ["NOx", "/", "/", *["830.25"] * 5, "/"],
            ],
        ),
        (
            "表9 大气污染物无组织排放表",
            [
                [("序号", 2, 1), ("无组织排放编号", 2, 1), ("产污环节", 2, 1), ("污染物种类", 2, 1), ("主要污染防治措施", 2, 1), ("国家或地方污染物排放标准", 1, 2)],
                ["名称", "浓度限值（mg/Nm3）"],
            ],
            [["1", "厂界", "物料堆存", "颗粒物", "封闭料棚、喷淋", "水泥工业大气污染物排放标准 GB 4915-2013", "0.5"]],
        ),
        (
            "表12 废水间接排放口基本情况表",
            [
                [("序号", 2, 1), ("排放口编号", 2, 1), ("排放口名称", 2, 1), ("排放去向", 2, 1), ("排放规律", 2, 1), ("受纳污水处理厂信息", 1, 3)],
                ["名称", "污染物种类", "国家或地方污染物排放标准浓度限值（mg/L）"],
            ],
            [
                ["1", ("DW001", 2, 1), ("生活污水排放口", 2, 1), ("进入城市污水处理厂", 2, 1), ("间断排放", 2, 1), ("达川区污水处理厂（示范）", 2, 1), "化学需氧量", "50"],
                ["2", "氨氮", "5"],
            ],
        ),
        (
            "表13 雨水排放口基本情况表",
            [
                [("序号", 2, 1), ("排放口编号", 2, 1), ("排放口名称", 2, 1), ("排放去向", 2, 1), ("排放规律", 2, 1), ("受纳自然水体信息", 1, 2)],
                ["名称", "受纳水体功能目标"],
            ],
            [["1", "YS001", "雨水排放口", "直接进入江河", "降雨时排放", "明月江", "Ⅲ类"]],
        ),
        (
            "表16 自行监测及记录信息表",
            [["序号", "污染源类别/监测类别", "排放口编号/监测点位", "排放口名称/监测点位名称", "监测内容", "污染物名称", "监测设施", "自动监测是否联网", "手工监测频次", "手工测定方法"]],
            [
                ["1", "废气", ("DA001", 3, 1), ("窑尾排气筒", 3, 1), "烟气流速", "颗粒物", "自动", "是", "/", "/"],
                ["2", "废气", "烟气流速", "氮氧化物", "自动", "是", "/", "/"],
                ["3", "废气", "烟气流速", "二氧化硫", "手工", "/", "1次/季", "HJ 57-2017"],
                ["4", "无组织", "厂界", "厂界", "风速", "颗粒物", "手工", "/", "1次/季", "HJ 1263-2022"],
            ],
        ),
    ]  # fmt: skip


def _parts(cell: Cell) -> tuple[str, int, int]:
    return (cell, 1, 1) if isinstance(cell, str) else cell


def _html_rows(rows: Sequence[Sequence[Cell]], tag: str) -> str:
    made = []
    for row in rows:
        cells = (f'<{tag} rowspan="{down}" colspan="{across}">{html.escape(text)}</{tag}>' for text, down, across in map(_parts, row))
        made.append(f"<tr>{''.join(cells)}</tr>")
    return "".join(made)


def page() -> str:
    """Return the copy as HTML: cover, first table, tables with headings that repeat on each page."""
    style = "body{font:9pt 'Noto Sans CJK SC'} table{border-collapse:collapse;width:100%} td,th{border:0.6pt solid #000;padding:2pt;font-weight:400}"
    cover = "".join(f"<p>{html.escape(line)}</p>" for line in LINES)
    first = _html_rows([list(row) for row in HEAD], "td")
    rest = "".join(
        f"<h4>{html.escape(title)}</h4><table><thead>{_html_rows(heading, 'th')}</thead><tbody>{_html_rows(rows, 'td')}</tbody></table>"
        for title, heading, rows in tables()
    )
    return f"<!doctype html><meta charset=utf-8><style>{style}</style>{cover}<h4>表1 排污单位基本信息表</h4><table>{first}</table>{rest}"


def pdf(folder: Path) -> Path:
    """Return the copy as Chromium prints it: A4 landscape, tables broken wherever a page ends."""
    path = folder / "副本.pdf"
    with chromium() as browser:
        tab = browser.new_page()
        tab.set_content(page())
        tab.pdf(path=path, format="A4", landscape=True, display_header_footer=True, header_template="<span></span>",
                footer_template="<span style='font-size:8px;margin:auto'>第 <span class=pageNumber></span> 页</span>",
                margin={"top": "15mm", "bottom": "15mm", "left": "12mm", "right": "12mm"})  # fmt: skip
    return path


def _write(sheet: Any, at: int, rows: Sequence[Sequence[Cell]], taken: set[tuple[int, int]]) -> int:
    for row in rows:
        column = 1
        for text, down, across in map(_parts, row):
            while (at, column) in taken:
                column += 1
            number = text.replace(".", "", 1).isdigit()
            sheet.cell(at, column, float(text) if number else text).alignment = Alignment(wrap_text=True)
            if down > 1 or across > 1:
                sheet.merge_cells(start_row=at, start_column=column, end_row=at + down - 1, end_column=column + across - 1)
            taken |= {(at + y, column + x) for y in range(down) for x in range(across)}
            column += across
        at += 1
    return at


def workbook(folder: Path) -> Path:
    """Return the copy as a workbook: one worksheet of the first pages, one of all tables below each other, with merged cells."""
    book = Workbook()
    sheet = book.active
    sheet.title = "基本信息"
    for line in LINES:
        label, colon, value = line.partition("：")
        sheet.append([label, value] if colon else [label])
    for row in HEAD:
        sheet.append(list(row))
    sheet = book.create_sheet("许可事项")
    at, taken = 1, set[tuple[int, int]]()
    for title, heading, rows in tables():
        sheet.cell(at, 1, title)
        at = _write(sheet, at + 1, [*heading, *rows], taken) + 1
    path = folder / "副本.xlsx"
    book.save(path)
    return path


def scan(print_: Path) -> Path:
    """Return a print as a scanner gives it back: each page a picture, a little askew, with noise and a grey ground, without text."""
    chance = np.random.default_rng(7)
    pages = []
    with pdfplumber.open(print_) as document:
        for number, page in enumerate(document.pages):
            picture = page.to_image(resolution=200).original.convert("RGB")
            askew = picture.rotate((-1.2, 0.8, -0.5, 1.6)[number % 4], Image.Resampling.BICUBIC, fillcolor=(255, 255, 255))
            noisy = np.asarray(askew, dtype=float) * 0.95 + chance.normal(0, 6, (*askew.size[::-1], 1))
            pages.append(Image.fromarray(noisy.clip(0, 255).astype(np.uint8)))
    path = print_.with_name("扫描.pdf")
    pages[0].save(path, save_all=True, append_images=pages[1:], resolution=200, quality=80)
    return path
