"""Writes heartbeat details as an activity in Python would, with the SDK's default converter, or reads
what autobeat wrote.

    pip install -r requirements.txt
    python details.py > ../python.json
    python details.py read < ../autobeat.json
"""

import asyncio
import base64
import json
import sys
from dataclasses import dataclass
from importlib.metadata import version
from typing import List, Optional, Tuple

from temporalio.api.common.v1 import Payload, WorkflowExecution
from temporalio.converter import DataConverter

CONVERTER = DataConverter.default
SDK = f"temporalio {version('temporalio')}"


@dataclass
class State:
    last_id: str
    rows: int


@dataclass
class Progress:
    done: int
    total: Optional[int] = None
    unit: Optional[str] = None
    message: Optional[str] = None
    rate: Optional[float] = None


@dataclass
class Finished:
    up_to: int
    beyond: Optional[List[Tuple[int, int]]] = None


HALF = Progress(done=42, total=100, unit="rows")

# What activity.heartbeat is called with.
HEARTBEATS = {
    "number": [42],
    "large number": [9007199254740993],
    "floating number": [42.0],
    "text": ["order-42"],
    "list": [[42, "order-42"]],
    "bytes": [bytes([0, 1, 254, 255])],
    "null": [None],
    "nothing": [],
    "state": [State("order-42", 42)],
    "state in snake case": [{"last_id": "order-42", "rows": 42}],
    "state in camel case": [{"lastId": "order-42", "rows": 42}],
    "progress": [HALF],
    "number and text": [42, "order-42"],
    "number and progress": [42, HALF],
    "null and progress": [None, HALF],
    "finished": [Finished(5, [(7, 9), (12, 13)])],
    "finished without ranges": [Finished(5)],
    "protobuf": [WorkflowExecution(workflow_id="order-42", run_id="42")],
}

# What activity.info().heartbeat_details should be of what autobeat wrote, read as these types.
EXPECTED = {
    "number": [42],
    "text": ["order-42"],
    "list": [[42, "order-42"]],
    "bytes": [bytes([0, 1, 254, 255])],
    "state in snake case": [State("order-42", 42)],
    "state in camel case": [{"lastId": "order-42", "rows": 42}],
    "finished": [Finished(5, [(7, 9), (12, 13)])],
    "finished without ranges": [Finished(5)],
    "number and progress": [42, HALF],
    "null and progress": [None, HALF],
}


def fixture_of(payload: Payload) -> dict:
    metadata = {key: value.decode() for key, value in payload.metadata.items()}
    try:
        return {"metadata": metadata, "data": payload.data.decode()}
    except UnicodeDecodeError:
        return {"metadata": metadata, "base64": base64.b64encode(payload.data).decode()}


def payload_of(fixture: dict) -> Payload:
    metadata = {key: value.encode() for key, value in fixture["metadata"].items()}
    data = base64.b64decode(fixture["base64"]) if "base64" in fixture else fixture["data"].encode()
    return Payload(metadata=metadata, data=data)


async def write() -> None:
    details = {
        name: [fixture_of(payload) for payload in await CONVERTER.encode(values)]
        for name, values in HEARTBEATS.items()
    }
    json.dump({"written_by": SDK, "details": details}, sys.stdout, indent=2, ensure_ascii=False)
    print()


async def read() -> None:
    found = json.load(sys.stdin)["details"]
    for name, values in EXPECTED.items():
        payloads = [payload_of(fixture) for fixture in found[name]]
        got = await CONVERTER.decode(payloads, [type(value) for value in values])
        if got != values:
            sys.exit(f"{name}: {got} instead of {values}")
    print(f"{SDK} reads all {len(EXPECTED)}")


asyncio.run(read() if sys.argv[1:] == ["read"] else write())
