#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""tdx.py OVMF: the MRTD of a TD that a VMM launches with this firmware, as 96 hex digits.

From the "Intel TDX Module Base Architecture Specification", "MRTD: Build-Time Measurement Register", and the firmware's
own metadata. Shares no code with the emulated host. The number of vCPUs, their CPUID and the size of memory do not
matter: what the VMM builds of them, the TD HOB, is added but not measured."""

import hashlib
import sys

from ovmf import Ovmf, PAGE

MR_EXTEND = 1 << 0
CHUNK = 256


def record(name, gpa):
    """The 128 bytes by which an operation enters the measurement"""
    return name.ljust(16, b'\0') + gpa.to_bytes(8, 'little') + bytes(104)


def mrtd(firmware):
    measured = hashlib.sha384()
    for offset, raw_size, gpa, size, _, attributes in firmware.tdx_sections():
        data = firmware.data[offset:offset + raw_size].ljust(size, b'\0')
        for page in range(0, size, PAGE):
            measured.update(record(b'MEM.PAGE.ADD', gpa + page))
            if not attributes & MR_EXTEND:
                continue
            for chunk in range(page, page + PAGE, CHUNK):
                measured.update(record(b'MR.EXTEND', gpa + chunk))
                measured.update(data[chunk:chunk + CHUNK])
    return measured.hexdigest()


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(mrtd(Ovmf(sys.argv[1])))
