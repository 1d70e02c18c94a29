import io

from pypdf import PdfReader

from drawings.sheets.handbook import handbook, kinds_of
from styles.library import fills, lines, styles, symbols


def test_every_symbol_line_and_fill_stands_in_the_handbook_which_is_the_same_each_time() -> None:
    made = handbook()
    assert handbook() == made
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(made)).pages]
    names = [one.name_zh for one in (*symbols().values(), *lines().values(), *fills().values())]
    assert [name for name in names if name not in pages[0]] == []
    rest = "\n".join(pages[1:])
    assert [one for one in (*symbols(), *lines(), *fills()) if one not in rest] == []


def test_every_style_of_a_kind_is_told_by_the_symbol_that_it_names() -> None:
    told = [name for symbol in symbols() for name in kinds_of("symbol", symbol)]
    assert len(told) == len(styles())
    assert ("structure", "tank") in kinds_of("symbol", "structure-tank")
