"""Constructs a Worker with each options module of a package: the SDK's core validates them. No server is needed: a
client connects to a stand-in on loopback that answers its one question."""

import asyncio
import importlib
import pathlib
import sys
from concurrent import futures
from datetime import timedelta

import grpc
from temporalio import activity, workflow
from temporalio.api.workflowservice.v1 import GetSystemInfoRequest, GetSystemInfoResponse
from temporalio.client import Client


@workflow.defn
class Nothing:
    @workflow.run
    async def run(self) -> None:
        return None


@activity.defn
async def nothing() -> None:
    return None


class Answers(grpc.GenericRpcHandler):
    def service(self, details):
        if not details.method.endswith("/GetSystemInfo"):
            return None
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: GetSystemInfoResponse(),
            request_deserializer=GetSystemInfoRequest.FromString,
            response_serializer=GetSystemInfoResponse.SerializeToString,
        )


async def construct(folder: pathlib.Path, port: int) -> None:
    client = await Client.connect(f"127.0.0.1:{port}")
    for module in sorted(folder.glob("*/worker_options.py")):
        name = module.parent.name
        options = importlib.import_module(f"{folder.name}.{name}.worker_options")
        # A queue of its own: two workers on one queue are refused.
        worker = options.build_worker(client, task_queue=name, workflows=[Nothing], activities=[nothing])
        assert worker.task_queue == name
        config = worker.config()
        assert config["max_concurrent_workflow_tasks"] > 1 and config["graceful_shutdown_timeout"] > timedelta(0)


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1]).resolve()
    sys.path.insert(0, str(folder.parent))
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((Answers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    asyncio.run(construct(folder, port))
    server.stop(None)
