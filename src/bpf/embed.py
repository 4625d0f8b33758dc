#!/usr/bin/env python3
"""Writes the bytes of a file as a C array: embed.py FILE NAME OUTPUT. The program carries its BPF object in itself."""

import sys

source, name, output = sys.argv[1:]
with open(source, "rb") as f:
    data = f.read()
lines = (", ".join(f"0x{b:02x}" for b in data[i:i + 16]) for i in range(0, len(data), 16))
with open(output, "w", encoding="ascii") as f:
    # an ELF file is read in place, so it must be aligned as one
    f.write(f'/* Made from {source.rsplit("/", 1)[-1]}, so that the program needs no file of its own. */\n#include "object.h"\n\n')
    f.write(f"_Alignas(16) const unsigned char {name}[] = {{\n\t" + ",\n\t".join(lines) + ",\n};\n")
    f.write(f"const size_t {name}_size = sizeof({name});\n")
