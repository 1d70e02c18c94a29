"""XML of strangers, read without what makes it dangerous: no document type and so no entities, nothing from elsewhere, bounded depth."""

from collections.abc import Iterator
from io import BytesIO
from typing import cast
from xml.etree.ElementTree import Element, XMLPullParser
from xml.parsers import expat

from gis.errors import Invalid

MAX_DEPTH = 200
BLOCK = 1 << 20


def _refuse(data: bytes) -> None:
    """Go through a document once, and refuse what could be abused or can't be read."""
    parser = expat.ParserCreate()
    depth = 0

    def doctype(*_: object) -> None:
        raise Invalid("file", "XML 带有 DOCTYPE，不读：其中的实体可以是攻击，CityGML 也不需要它；请删去后再导入")

    def opened(*_: object) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise Invalid("file", f"XML 嵌套超过 {MAX_DEPTH} 层，不读")

    def closed(_: object) -> None:
        nonlocal depth
        depth -= 1

    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler, parser.EndElementHandler = opened, closed
    try:
        parser.ParseFile(BytesIO(data))
    except expat.ExpatError as error:
        raise Invalid("file", f"不是 XML：第 {error.lineno} 行 {expat.errors.messages.get(error.code, '')}") from error


def elements(data: bytes, names: tuple[str, ...]) -> Iterator[Element]:
    """Yield the elements of some local names, whole, one after another; each is emptied once it was looked at.

    What lies within another of these comes with it, not by itself.

    Raises
    ------
    Invalid
        It is no XML, or such as is not read.
    """
    _refuse(data)
    parser: XMLPullParser[Element] = XMLPullParser(("start", "end"))
    open_ = 0
    for at in range(0, len(data), BLOCK):
        parser.feed(data[at : at + BLOCK])
        # Of these events what comes is an element.
        for event, element in cast("Iterator[tuple[str, Element]]", parser.read_events()):
            if local(element) not in names:
                continue
            open_ += 1 if event == "start" else -1
            if event == "end" and not open_:
                yield element
                element.clear()


def local(element: Element) -> str:
    """Return the name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def attribute(element: Element, name: str) -> str | None:
    """Return an attribute by its local name, None where it is not there."""
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), None)
