#!/usr/bin/env python3
"""A gRPC client that knows nothing of this system but an address.

It learns the services and their messages through server reflection, with no generated code and no .proto file, as any
team with another language would. It prints one JSON document to standard output.

    client.py ADDRESS services
    client.py ADDRESS call backorder.allocation.v1.OrderService/GetOrder '{"name": "orders/A-1"}'
    client.py ADDRESS story --item items/7 --quantity 3 [--order-id A-1]

`story` lists the services, places an order for one line and reads the explanation of its promise. A refused call prints
its code, its reason and its violations, and ends with exit code 1. Needs grpcio, grpcio-reflection and protobuf.
"""

import argparse
import json
import sys
import uuid

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

DEADLINE_SECONDS = 30
CALLER = (("x-backorder-caller", "foreign-client"),)


class Reflected:
    """The services of one address, as the address itself describes them."""

    def __init__(self, channel):
        self.channel = channel
        self.database = ProtoReflectionDescriptorDatabase(channel)
        self.pool = descriptor_pool.DescriptorPool(self.database)

    def services(self):
        return sorted(self.database.get_services())

    def call(self, full_method, request):
        """Calls a unary method, `package.Service/Method`, with a request and an answer as plain dictionaries."""
        service_name, method_name = full_method.split("/")
        method = self.pool.FindServiceByName(service_name).FindMethodByName(method_name)
        request_class = message_factory.GetMessageClass(method.input_type)
        answer_class = message_factory.GetMessageClass(method.output_type)
        invoke = self.channel.unary_unary(
            f"/{full_method}",
            request_serializer=request_class.SerializeToString,
            response_deserializer=answer_class.FromString,
        )
        message = json_format.ParseDict(request, request_class(), descriptor_pool=self.pool)
        answer = invoke(message, timeout=DEADLINE_SECONDS, metadata=CALLER)
        return json_format.MessageToDict(answer, preserving_proto_field_name=True, descriptor_pool=self.pool)


def story(reflected, item, quantity, order_id):
    services = reflected.services()
    draft = {"order_id": order_id, "customer": "foreign", "lines": [{"item": item, "quantity": str(quantity)}]}
    placed = reflected.call(
        "backorder.allocation.v1.OrderService/PlaceOrder",
        {"request_id": str(uuid.uuid4()), "order": draft, "context": {"actor": "foreign-client"}},
    )
    line = placed["order"]["lines"][0]["name"]
    explanation = reflected.call("backorder.allocation.v1.BacklogService/ExplainPromise", {"name": line})
    return {"services": services, "placed": placed, "explanation": explanation}


def refusal(error):
    """What a refused call says, its details read from the trailing metadata by their wire format."""
    trailing = dict(error.trailing_metadata() or ())
    details = status_details(trailing.get("grpc-status-details-bin", b""))
    return {"code": error.code().name, "message": error.details(), **details}


def fields(encoded):
    """The length-delimited fields of an encoded message as pairs of number and bytes; other wire types are passed over."""
    position = 0

    def varint():
        nonlocal position
        value = shift = 0
        while True:
            byte = encoded[position]
            position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while position < len(encoded):
        key = varint()
        if key & 7 == 2:
            length = varint()
            yield key >> 3, encoded[position : position + length]
            position += length
        else:
            varint()


def status_details(encoded):
    """`google.rpc.ErrorInfo` and `google.rpc.BadRequest` in a `google.rpc.Status`, which reflection does not describe."""
    found = {}
    for number, detail in fields(encoded):
        if number != 3:
            continue
        parts = dict(fields(detail))
        kind, value = parts.get(1, b"").decode(), parts.get(2, b"")
        if kind.endswith("google.rpc.ErrorInfo"):
            info = dict(fields(value))
            found["reason"], found["domain"] = info.get(1, b"").decode(), info.get(2, b"").decode()
        elif kind.endswith("google.rpc.BadRequest"):
            violations = (dict(fields(violation)) for _, violation in fields(value))
            found["violations"] = [
                {"field": parts.get(1, b"").decode(), "description": parts.get(2, b"").decode()} for parts in violations
            ]
    return found


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("address", help="host:port of a server, without a scheme")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("services")
    call = commands.add_parser("call")
    call.add_argument("method", help="package.Service/Method")
    call.add_argument("request", type=json.loads, help="the request as JSON")
    tell = commands.add_parser("story")
    tell.add_argument("--item", required=True)
    tell.add_argument("--quantity", type=int, required=True)
    tell.add_argument("--order-id", default="")
    return parser.parse_args()


def main():
    chosen = arguments()
    with grpc.insecure_channel(chosen.address) as channel:
        reflected = Reflected(channel)
        try:
            if chosen.command == "services":
                answer = {"services": reflected.services()}
            elif chosen.command == "call":
                answer = reflected.call(chosen.method, chosen.request)
            else:
                answer = story(reflected, chosen.item, chosen.quantity, chosen.order_id)
        except grpc.RpcError as error:
            json.dump({"refused": refusal(error)}, sys.stdout, indent=2)
            return 1
    json.dump(answer, sys.stdout, indent=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
