"""Weight files as they lie on the disk (safetensors, read by src/weights.h): metadata, and tensors
as bytes, which are passed on as they are."""

import json
import os
from pathlib import Path
from typing import NamedTuple

ALIGNMENT = 64  # of the first tensor in the file


class Tensor(NamedTuple):
    kind: str  # "F32", "F16" or "I8"
    shape: list
    data: bytes


def read(path):
    """({key: text} of the metadata, {name: Tensor} in the order of the data)"""
    content = Path(path).read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    try:
        header = json.loads(content[8:start])
        metadata = header.pop("__metadata__")
        if metadata["format"] != "livedepth":
            raise ValueError(f"format {metadata['format']!r}")
        entries = sorted(header.items(), key=lambda entry: entry[1]["data_offsets"])
        tensors = {}
        for name, entry in entries:
            begin, end = entry["data_offsets"]
            tensors[name] = Tensor(
                entry["dtype"], entry["shape"], content[start + begin : start + end]
            )
        return metadata, tensors
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is no weight file ({error!r})") from error


def write(path, metadata, tensors):
    """tensors: {name: Tensor}, written in this order without holes; the header is padded with
    spaces. (The safetensors package sorts by name and aligns to 8 bytes: hence this function.) A
    write that fails leaves the file that was there."""
    header, end = {"__metadata__": metadata}, 0
    for name, (kind, shape, data) in tensors.items():
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [end, end + len(data)]}
        end += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    part = f"{path}.part"
    with open(part, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.writelines(tensor.data for tensor in tensors.values())
    os.replace(part, path)
