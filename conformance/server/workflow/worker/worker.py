"""Runs one workflow with an activity on a worker that the emitted options build."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sys
import uuid
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client


@activity.defn
async def double(number: int) -> int:
    """The activity."""
    return 2 * number


@workflow.defn(sandboxed=False)
class Quadruple:
    """Calls the activity twice, with a timer between."""

    @workflow.run
    async def run(self, number: int) -> int:
        """Runs."""
        for _ in range(2):
            number = await workflow.execute_activity(
                double, number, start_to_close_timeout=timedelta(seconds=10)
            )
            await asyncio.sleep(0.001)
        return number


async def main(options: str, address: str, namespace: str) -> None:
    """Imports the emitted file as it is and runs the workflow."""
    spec = importlib.util.spec_from_file_location("worker_options", options)
    assert spec and spec.loader
    emitted = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(emitted)
    client = await Client.connect(address, namespace=namespace)
    worker = emitted.build_worker(
        client, task_queue="python", workflows=[Quadruple], activities=[double]
    )
    async with worker:
        number = await client.execute_workflow(
            Quadruple.run, 21, id=str(uuid.uuid4()), task_queue="python"
        )
    assert number == 84, f"the workflow says {number} instead of 84"


options, address, namespace, limit = sys.argv[1:]
asyncio.run(asyncio.wait_for(main(options, address, namespace), float(limit)))
# Threads of the SDK may still release the interpreter's lock while it is taken down, which aborts the process now and then.
os._exit(0)
