"""The hands of a drafter on the page `/drafting`."""

import base64
from pathlib import Path

from browser import Visit
from city import EXAMPLES

SURVEY = Path(__file__).parents[2] / "shared" / "data" / "dxf" / "01_plant_survey_ru_r2010.dxf"
POINTS = EXAMPLES / "01.gcp.csv"
DROP = """([name, content]) => {
    const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
    const files = new DataTransfer();
    files.items.add(new File([bytes], name));
    const target = document.querySelector("[data-testid=drafting]");
    const event = {dataTransfer: files, bubbles: true, cancelable: true};
    for (const type of ["dragover", "drop"]) target.dispatchEvent(new DragEvent(type, event));
}"""


def drop(seen: Visit, name: str, data: bytes) -> None:
    """Let go of a file over the page."""
    seen.page.wait_for_selector("[data-testid=file]", state="attached")
    seen.page.evaluate(DROP, [name, base64.b64encode(data).decode()])


def read(seen: Visit) -> None:
    """Wait until the page shows what the worker made of the drawing as it is set now."""
    seen.page.wait_for_selector("[data-testid=drafting][data-state=ready][data-busy=false]")
    seen.page.wait_for_selector("[data-testid=map][data-ready=true]")


def choose(seen: Visit, layer: str, type_: str, kind: str) -> None:
    """Say with the mouse what becomes of a group."""
    seen.page.click(f"[data-testid=group][data-layer='{layer}'][data-type={type_}] [data-testid=picker]")
    seen.page.click(f"[data-testid=menu] [data-kind={kind}]")


def decided(seen: Visit, act: str, state: str) -> None:
    """Decide about the first version, and wait until it is so."""
    seen.page.click("[data-version='1'] [data-testid=decide]")
    if act == "check":
        seen.page.fill("[data-testid=signed]", "李四")
    seen.page.click(f"[data-testid=act-{act}]")
    seen.page.wait_for_selector(f"[data-version='1'][data-state={state}]")
    seen.page.click("[data-version='1'] [data-testid=see-sheet]")
    seen.page.wait_for_selector("[data-testid=sheet][data-light=done]")
    seen.page.click("[data-testid=sheet-close]")


def hand_in_survey(seen: Visit) -> None:
    """Bring in a stranger's survey: led by its faults to what mends them, mapped, placed, handed in for review."""
    drop(seen, "竣工图.dxf", SURVEY.read_bytes())
    read(seen)
    seen.page.click("[data-testid=tab-issues]")
    seen.page.locator("[data-testid=issue][data-code=E201] + [data-testid=mend]").first.click()
    seen.page.click("[data-testid=adopt]")
    read(seen)
    choose(seen, "ПЛК", "CIRCLE", "manhole")
    seen.page.click("[data-testid=ignore-rest]")
    read(seen)
    # What stands in the way says where it is mended.
    seen.page.click("[data-testid=obstacle]")
    assert seen.page.get_attribute("[data-testid=frame]", "data-known") == "false"
    with seen.page.expect_file_chooser() as chooser:
        seen.page.click("[data-testid=import-points]")
    chooser.value.set_files(POINTS)
    seen.page.wait_for_selector("[data-testid=frame][data-known=true]")
    seen.page.wait_for_selector("[data-testid=import]:enabled")
    seen.page.fill("[data-testid=drawn-by]", "张三")
    seen.page.check("[data-testid=hand-review]")
    seen.page.click("[data-testid=import]")
    seen.page.click("[data-testid=to-versions]")
