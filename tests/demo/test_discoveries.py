"""A dozen plants with all drawings and permits: the checks find what was put in on purpose, and nothing else."""

import json

from demo.discoveries import discoveries
from demo.making import Made
from drawings.process.storing import read_table
from drawings.read import plan_in
from drawings.sets import Permit, Set, check_set


def test_the_checks_find_what_there_is_to_discover_and_nothing_else(city: Made) -> None:
    found = []
    for source_code in city.enterprises:
        folder = city.folder / "enterprises" / source_code
        if not folder.joinpath("permit.json").exists():
            continue
        tables = [read_table(path.read_bytes(), path.name, source_code) for path in folder.glob("*.yaml")]
        plans = (*(plan_in(path) for path in sorted(folder.glob("*.dxf"))), *tables)
        permit = Permit(json.loads(folder.joinpath("permit.json").read_text(encoding="utf-8")))
        issues = [issue for plan in plans for issue in plan.issues] + check_set(Set(plans, permit))
        found += [(source_code, issue.code) for issue in issues]
    manifest = json.loads(city.folder.joinpath("manifest.json").read_text(encoding="utf-8"))
    assert sorted(found) == sorted((row["source_code"], row["code"]) for row in manifest["discoveries"])
    assert len(found) == len(discoveries())
