"""GDAL's own client of OGC API - Features, a process apart, asked by JSON lines; the wheel of pyogrio has a newer GDAL than the system."""

import json
import sys

import pyogrio

for line in sys.stdin:
    question = json.loads(line)
    frame = pyogrio.read_dataframe(
        f"OAPIF:{question['address']}",
        layer=question["layer"],
        bbox=tuple(question["bbox"]) if question["bbox"] else None,
        where=question["where"],
        PAGE_SIZE=str(question["page"]),
        **({"CRS": question["crs"]} if question["crs"] else {}),
    )
    centre = frame.geometry.centroid if len(frame) else None
    sys.stdout.write(
        json.dumps(
            {
                "names": sorted(frame["name"]) if len(frame) else [],
                "epsg": frame.crs.to_epsg() if frame.crs else None,
                "x": centre.x.mean() if centre is not None else None,
                "y": centre.y.mean() if centre is not None else None,
            }
        )
        + "\n"
    )
    sys.stdout.flush()
