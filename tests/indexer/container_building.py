"""Containers made in tests: archives, and the compound files of Outlook, which no library here writes."""

import io
import struct
import zipfile

SECTOR, SHORT = 512, 64
END, FREE, NONE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFF


def zipped(files, *, compression=zipfile.ZIP_DEFLATED):
    """An archive with these (name, content) pairs."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", compression) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return held.getvalue()


def compound(tree):
    """A compound file [MS-CFB]: nested dicts are folders, bytes are streams; every stream in whole sectors."""
    entries, sectors = [("Root Entry", 5, tree)], []
    links = [[NONE, NONE, NONE, END, 0]]
    table = []

    def add_stream(content):
        count = -(-len(content) // SECTOR)
        first = len(sectors)
        for number in range(count):
            sectors.append(content[number * SECTOR : (number + 1) * SECTOR].ljust(SECTOR, b"\0"))
            table.append(END if number == count - 1 else len(sectors))
        return first if count else END

    def add_children(parent, children):
        before = NONE
        for name, content in children.items():
            number = len(entries)
            is_folder = isinstance(content, dict)
            entries.append((name, 1 if is_folder else 2, content))
            links.append([NONE, NONE, NONE, END, 0])
            if before == NONE:
                links[parent][2] = number
            else:
                links[before][1] = number
            before = number
            if is_folder:
                add_children(number, content)
            else:
                links[number][3:] = [add_stream(content), len(content)]

    add_children(0, tree)
    directory = b"".join(_entry(name, kind, *link) for (name, kind, _), link in zip(entries, links, strict=True))
    first_of_directory = add_stream(directory)
    count = 1
    while count * (SECTOR // 4) < len(sectors) + count:
        count += 1
    places = range(len(sectors), len(sectors) + count)
    table += [0xFFFFFFFD] * count
    table += [FREE] * (count * (SECTOR // 4) - len(table))
    packed = struct.pack(f"<{len(table)}I", *table)
    header = bytearray(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(SECTOR, b"\0"))
    struct.pack_into("<HHHHH", header, 24, 0x3E, 3, 0xFFFE, 9, 6)
    struct.pack_into("<IIIIIIIII", header, 40, 0, count, first_of_directory, 0, 0, END, 0, END, 0)
    struct.pack_into(f"<{109}I", header, 76, *(list(places) + [FREE] * (109 - count)))
    return bytes(header) + b"".join(sectors) + packed


def _entry(name, kind, left, right, child, start, size):
    wide = name.encode("utf-16-le")
    block = bytearray(128)
    block[: len(wide)] = wide
    struct.pack_into("<HBBIII", block, 64, len(wide) + 2, kind, 1, left, right, child)
    if name == "Root Entry":
        block[80:96] = bytes.fromhex("0b0d020000000000c000000000000046")  # the class of an Outlook message
    struct.pack_into("<II", block, 116, start, size)
    return bytes(block)


def wide(text):
    """Text as Outlook stores it."""
    return text.encode("utf-16-le")


def properties(header, **numbers):
    """A stream of properties; each as ``p0039=value``."""
    rows = [struct.pack("<IIQ", int(name[1:], 16) << 16 | 0x40, 6, value) for name, value in numbers.items()]
    return b"\0" * header + b"".join(rows)
