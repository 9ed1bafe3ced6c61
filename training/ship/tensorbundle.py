"""Reads TensorFlow checkpoints ("tensor bundles", what tf.train.Saver writes since 1.0) without
TensorFlow: NAME.index, a sorted table of names, types, shapes and places, and
NAME.data-00000-of-00001, the values.

Formats: tensorflow/core/util/tensor_bundle and core/lib/io/table_format.txt (a LevelDB table),
core/protobuf/tensor_bundle.proto.
"""

from pathlib import Path
from struct import error as StructError
from struct import unpack

import numpy as np

MAGIC = 0xDB4775248B80FB57
FOOTER, TRAILER = 48, 5  # bytes of the file's end, of a block's
TYPES = {1: "<f4", 2: "<f8", 3: "<i4", 4: "|u1", 9: "<i8", 10: "|b1"}  # of DataType
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types


class BadBundle(ValueError):
    """A file that is no checkpoint of TensorFlow, or one that cannot be read."""


def varint(data, at):
    """-> value, place behind it"""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def message(data):
    """Yields (field number, value) of a protocol buffer: ints, or bytes of what is nested"""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == VARINT:
            value, at = varint(data, at)
        elif kind == BYTES:
            size, at = varint(data, at)
            value, at = data[at : at + size], at + size
        elif kind in (FIXED32, FIXED64):
            size = 4 if kind == FIXED32 else 8
            value, at = int.from_bytes(data[at : at + size], "little"), at + size
        else:
            raise BadBundle(f"wire type {kind}")
        yield key >> 3, value


def block(data, handle):
    """[(key, value)] of the block at a handle (offset, size as varints)"""
    offset, at = varint(handle, 0)
    size, _ = varint(handle, at)
    if offset + size + TRAILER > len(data):
        raise BadBundle("a block behind the end of the file")
    if data[offset + size] != 0:
        raise BadBundle("a compressed block")
    body = data[offset : offset + size]
    restarts = unpack("<I", body[-4:])[0]
    end = len(body) - 4 - 4 * restarts
    at, key, entries = 0, b"", []
    while at < end:
        shared, at = varint(body, at)
        more, at = varint(body, at)
        size, at = varint(body, at)
        key = key[:shared] + body[at : at + more]
        entries.append((key, body[at + more : at + more + size]))
        at += more + size
    return entries


def table(data):
    """[(key, value)] of a whole table file"""
    if len(data) < FOOTER or unpack("<Q", data[-8:])[0] != MAGIC:
        raise BadBundle("not the index of a TensorFlow checkpoint")
    footer = data[-FOOTER:]
    at = 0
    for _ in range(2):  # of the meta index
        _, at = varint(footer, at)
    return [entry for _, handle in block(data, footer[at:]) for entry in block(data, handle)]


def entry(value):
    """BundleEntryProto -> {"type", "shape", "shard", "offset", "size"}"""
    found = {"type": 0, "shape": (), "shard": 0, "offset": 0, "size": 0}
    names = {1: "type", 3: "shard", 4: "offset", 5: "size"}
    for number, content in message(value):
        if number == 2:
            dims = [dict(message(dim)).get(1, 0) for n, dim in message(content) if n == 2]
            found["shape"] = tuple(dims)
        elif number == 7:
            raise BadBundle("a sliced variable")
        elif number in names:
            found[names[number]] = content
    return found


def read(prefix):
    """{name: array} of a checkpoint such as model.ckpt-19501. BadBundle names the file."""
    prefix = Path(prefix)
    prefix = prefix.with_name(prefix.name.removesuffix(".index"))
    index = prefix.with_name(prefix.name + ".index")
    try:
        entries = table(index.read_bytes())
        shards = dict(message(dict(entries)[b""])).get(1, 1)
        files, tensors = {}, {}
        for key, value in entries:
            name = key.decode()
            if not name:
                continue
            about = entry(value)
            if about["type"] not in TYPES:
                raise BadBundle(f"{name} is of type {about['type']}")
            dtype = np.dtype(TYPES[about["type"]])
            if about["size"] != int(np.prod(about["shape"])) * dtype.itemsize:
                raise BadBundle(f"{name}: {about['size']} bytes for {list(about['shape'])}")
            if about["shard"] not in files:
                path = prefix.with_name(f"{prefix.name}.data-{about['shard']:05}-of-{shards:05}")
                files[about["shard"]] = np.memmap(path, np.uint8, "r")
            part = files[about["shard"]][about["offset"] : about["offset"] + about["size"]]
            if len(part) != about["size"]:
                raise BadBundle(f"{name} lies behind the end of its file")
            tensors[name] = np.frombuffer(part.tobytes(), dtype).reshape(about["shape"])
    except (ValueError, KeyError, IndexError, StructError) as error:
        raise BadBundle(f"{index}: {error}") from None
    return tensors
