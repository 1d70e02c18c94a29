"""Draw features in QGIS with a style file: run by the system's Python, which has QGIS; jobs come as JSON on standard input."""

import json
import os
import sys

os.environ["QT_QPA_PLATFORM"] = "offscreen"
from qgis.core import (  # type: ignore[import-not-found]
    QgsApplication,
    QgsFeature,
    QgsGeometry,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize  # type: ignore[import-not-found]
from qgis.PyQt.QtGui import QColor, QImage  # type: ignore[import-not-found]


def draw(job: dict) -> str:
    """Draw one feature into a PNG; return what QGIS complains of."""
    fields = "&".join(f"field={name}:string" for name in (*job["values"], "alarm_level", "name", "code"))
    layer = QgsVectorLayer(f"{job['type']}?crs=EPSG:4545&{fields}", "test", "memory")
    feature = QgsFeature(layer.fields())
    feature.setGeometry(QgsGeometry.fromWkt(job["wkt"]))
    for name, value in job["values"].items():
        feature.setAttribute(name, value)
    layer.dataProvider().addFeature(feature)
    load = layer.loadSldStyle if job["style"].endswith(".sld") else layer.loadNamedStyle
    said, taken = load(job["style"])
    if not taken:
        return said or "not taken"
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(layer.crs())
    settings.setExtent(QgsRectangle(*job["box"]))
    settings.setOutputDpi(job["dpi"])
    settings.setOutputSize(QSize(*job["size"]))
    settings.setBackgroundColor(QColor(0, 0, 0, 0))
    settings.setFlag(QgsMapSettings.DrawLabeling, False)
    settings.setFlag(QgsMapSettings.UseAdvancedEffects, True)
    settings.setOutputImageFormat(QImage.Format_ARGB32)
    renderer = QgsMapRendererSequentialJob(settings)
    renderer.start()
    renderer.waitForFinished()
    renderer.renderedImage().save(job["png"])
    return ""


def main() -> None:
    """Draw all jobs; print what was said, a JSON list."""
    application = QgsApplication([], False)
    application.initQgis()
    sys.stdout.write(json.dumps([draw(job) for job in json.load(sys.stdin)]))
    sys.stdout.flush()
    os._exit(0)


main()
