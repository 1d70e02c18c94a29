"""The peer of the live stream: what one writes in an afternoon. `python naive_stream.py FD`, with DATABASE_URL."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from psycopg import AsyncConnection

SCHEMA = """
CREATE TABLE naive (feature_id uuid PRIMARY KEY, readings jsonb);
CREATE FUNCTION naive_notify() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_notify('naive', row_to_json(NEW)::text); RETURN NEW; END $$;
CREATE TRIGGER naive AFTER INSERT OR UPDATE ON naive FOR EACH ROW EXECUTE FUNCTION naive_notify();
"""
clients: set[asyncio.Queue[bytes]] = set()


async def listen() -> None:
    """Hand every payload to every client."""
    async with await AsyncConnection.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        await connection.execute("LISTEN naive")
        async for notice in connection.notifies():
            for queue in clients:
                queue.put_nowait(b"event: state\ndata: %b\n\n" % notice.payload.encode())


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:  # noqa: ARG001 — the framework's shape
    """Listen while the application runs."""
    task = asyncio.create_task(listen())
    yield
    task.cancel()


async def events() -> AsyncIterator[bytes]:
    """Yield what a client gets."""
    queue: asyncio.Queue[bytes] = asyncio.Queue()
    clients.add(queue)
    try:
        yield b": open\n\n"
        while True:
            yield await queue.get()
    finally:
        clients.discard(queue)


app = FastAPI(lifespan=lifespan)


@app.get("/live")
async def live() -> StreamingResponse:
    """Stream."""
    return StreamingResponse(events(), media_type="text/event-stream")


if __name__ == "__main__":
    config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[1]))])
