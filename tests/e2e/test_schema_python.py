#!/usr/bin/python3
"""The built-in schema as any other program sees it: python's protobuf reads schema.binpb, the bytes
that every store and mirror get, finds kinds and rules in it, and parses fields by it."""
import os
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

BUILD = os.environ["CTS_BINARY_DIR"]
EXTENSION = 61650


def load(path):
    """The descriptor set, and a pool that holds it; descriptor.proto is the reader's own."""
    files = descriptor_pb2.FileDescriptorSet()
    with open(path, "rb") as f:
        files.ParseFromString(f.read())
    pool = descriptor_pool.DescriptorPool()
    own = descriptor_pb2.FileDescriptorProto()
    descriptor_pb2.DESCRIPTOR.CopyToProto(own)
    pool.Add(own)
    for file in files.file:
        pool.Add(file)
    return files, pool


def message_class(pool, name):
    return message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName(name))


def options_of(pool, options, name):
    """An annotation, read again by the schema's own definition of it."""
    cls = message_class(pool, options.DESCRIPTOR.full_name)
    again = cls.FromString(options.SerializeToString())
    return again.Extensions[pool.FindExtensionByName(name)]


def main():
    files, pool = load(os.path.join(BUILD, "generated", "schema.binpb"))
    assert [f.name for f in files.file] == ["options.proto", "record.proto", "programme.proto"]
    for file in files.file:
        for location in file.source_code_info.location:
            assert location.leading_comments or location.trailing_comments, location

    kinds = {}
    for message in files.file[-1].message_type:
        if message.options.ByteSize():
            rules = options_of(pool, message.options, "ctsync.kind")
            kinds[rules.name] = (message, rules)
    assert len(kinds) == 13, sorted(kinds)
    message, rules = kinds["workstream"]
    assert (rules.title_field, rules.owner_field) == ("title", "owners")
    by_name = {f.name: f for f in message.field}
    owners = options_of(pool, by_name["owners"].options, "ctsync.rules")
    assert list(owners.ref) == ["agency", "body"] and owners.merge == 1
    assert options_of(pool, by_name["initiative"].options, "ctsync.rules").required
    position = options_of(pool, by_name["position"].options, "ctsync.rules")
    assert position.HasField("min") and position.min.value == 1 and not position.HasField("max")

    fields = {"due": "Q3 2021", "parent": "workstream/ctwp2021-1-1", "position": 2,
              "status": "in_progress", "depends_on": ["milestone/a", "milestone/b"]}
    milestone = json_format.ParseDict(fields, message_class(pool, "ctsync.Milestone")())
    assert milestone.status == 2
    assert json_format.MessageToDict(milestone, preserving_proto_field_name=True) == fields
    try:
        json_format.ParseDict({"status": "nearly"}, message_class(pool, "ctsync.Milestone")())
    except json_format.ParseError:
        pass
    else:
        raise AssertionError("an unknown enumerator was read")


if __name__ == "__main__":
    sys.exit(main())
