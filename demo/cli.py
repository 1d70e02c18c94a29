"""The verbs `quanjing demo …`."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(name="demo", help="示范城市：生成、装入、脉动（企业、许可、案件均为虚构）", no_args_is_help=True)
Out = Annotated[Path | None, typer.Option("--out", help="写到哪个文件夹；缺省为数据文件夹下的 demo", file_okay=False)]
From = Annotated[Path | None, typer.Option("--from", help="从哪个文件夹装入；缺省为数据文件夹下的 demo", file_okay=False)]


@app.command(help="生成示范城市的图纸、工艺流程、许可、历史和城市图层；同样的种子得到同样的文件")
def make(
    seed: Annotated[int, typer.Option(help="种子", min=0)] = 1,
    enterprises: Annotated[int, typer.Option(help="企业数", min=1, max=2000)] = 140,
    out: Out = None,
) -> None:
    """Write the files of a demo city."""
    from demo.making import make as write
    from gis.progress import shown
    from gis.settings import Settings

    folder = out or Settings().data_dir / "demo"
    with shown("生成") as progress:
        write(folder, seed, enterprises, progress)
    typer.echo(f"{folder}：{enterprises} 家虚构企业和 1 家移植的实测厂区，种子 {seed}")


@app.command(help="把示范城市装入数据库；中断后再运行，从停下处继续")
def load(folder: From = None) -> None:
    """Store a demo city; what stands already is left."""
    from demo.landscape import landscape
    from demo.loading import load as store
    from demo.making import MANIFEST, made
    from demo.pulse import ACTOR, seed_state
    from gis.errors import NotFound
    from gis.progress import shown
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import engine, writing
    from gis.store.schema import bring_up

    settings = Settings()
    source = folder or settings.data_dir / "demo"
    city = made(source)
    if city is None:
        raise NotFound(f"{source} 里没有示范城市（{MANIFEST}）；先用 quanjing demo make 生成")
    with shown("地形和影像") as progress:
        landscape(city, settings.data_dir / "terrain", settings.data_dir / "imagery", progress)
    url = ensure_running(settings).owner
    bring_up(url)
    with shown("装入") as progress:
        loaded = store(url, city, settings.web_dir, progress=progress)
    with writing(engine(url), ACTOR) as connection:
        seed_state(connection, city.seed)
    typer.echo(f"{len(city.enterprises)} 家企业已在库中，本次装入 {loaded.drawings} 张图")


@app.command(help="让示范城市有脉动：读数、报警，偶尔一个案件；Ctrl+C 停止")
def live(
    every: Annotated[float, typer.Option(help="每隔几秒一次", min=0.2)] = 5.0,
    beats: Annotated[int | None, typer.Option(help="跳几次后停止；缺省一直跳", min=1)] = None,
) -> None:
    """Write a beat every few seconds until stopped."""
    import random
    import time

    from demo.pulse import ACTOR, beat
    from gis.errors import NotFound
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import engine, writing
    from gis.store.state import outlets

    database = engine(ensure_running(Settings()).owner)
    dice = random.Random()  # noqa: S311 — a pulse, no secret
    with writing(database, ACTOR) as connection:
        known = outlets(connection)
    if not known:
        raise NotFound("库中没有排放口；先用 quanjing demo load 装入示范城市")
    done = 0
    try:
        while beats is None or done < beats:
            with writing(database, ACTOR) as connection:
                beat(connection, known, dice)
            done += 1
            if beats is None or done < beats:
                time.sleep(every)
    except KeyboardInterrupt:
        typer.echo(f"已停止，共 {done} 次")
