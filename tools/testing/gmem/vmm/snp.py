#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Launch digest of an SNP guest that QEMU launches with OVMF, as 96 hex digits.

From the "SEV Secure Nested Paging Firmware ABI Specification", "Launch Digest", the VMSA layout and the reset state of
the AMD64 Architecture Programmer's Manual, and the firmware's own metadata. Shares no code with the emulated host."""

import argparse
import hashlib
import struct
import uuid

from ovmf import Ovmf, PAGE, SEV_AP_RESET, SEV_HASH_TABLE

# "PAGE_INFO Structure", types
NORMAL, VMSA, ZERO, UNMEASURED, SECRETS, CPUID = range(1, 7)
PAGE_INFO = struct.Struct('<48s48sHBBBBBBQ')

# Types of sections of the firmware's metadata
SECTIONS = {1: ZERO, 2: SECRETS, 3: CPUID, 4: ZERO}
SECTION_KERNEL_HASHES = 0x10

# Where KVM has the firmware believe that VMSAs are
VMSA_GPA = 0xfffffffff000

# Family, model and stepping, which a vCPU has in RDX after reset
CPUS = {
    'EPYC': (23, 1, 2),
    'EPYC-v4': (23, 1, 2),
    'EPYC-Rome': (23, 49, 0),
    'EPYC-Milan': (25, 1, 1),
    'EPYC-Genoa': (25, 17, 0),
}

HASH_TABLE = '9438d606-4f22-4cc9-b479-a793d411fd21'
HASH_CMDLINE = '97d02dd8-bd20-4c94-aa78-e7714d36ab2a'
HASH_INITRD = '44baf731-3a2f-4bd7-9af1-41e29169781d'
HASH_KERNEL = '4de79437-abd2-427f-b835-d5b172d2045b'


class Digest:
    def __init__(self):
        self.value = bytes(48)

    def update(self, kind, gpa, page=None):
        contents = hashlib.sha384(page).digest() if page else bytes(48)
        info = PAGE_INFO.pack(self.value, contents, PAGE_INFO.size, kind, 0, 0, 0, 0, 0, gpa)
        self.value = hashlib.sha384(info).digest()

    def range(self, kind, gpa, size, data=None):
        for offset in range(0, size, PAGE):
            self.update(kind, gpa + offset, data[offset:offset + PAGE] if data else None)


def signature(family, model, stepping):
    """CPUID Fn0000_0001_EAX"""
    base = min(family, 15)
    return (family - base) << 20 | model >> 4 << 16 | base << 8 | (model & 15) << 4 | stepping


def vmsa(rip, rdx, features):
    """A vCPU after reset, with SVME in EFER and MCE in CR4, as KVM sets them for the guest"""
    page = bytearray(PAGE)

    def put(offset, form, *values):
        struct.pack_into('<' + form, page, offset, *values)

    def segment(offset, selector, attributes, base=0):
        put(offset, 'HHIQ', selector, attributes, 0xffff, base)

    for offset in (0x00, 0x20, 0x30, 0x40, 0x50):   # ES, SS, DS, FS, GS
        segment(offset, 0, 0x93)
    segment(0x10, 0xf000, 0x9b, rip & 0xffff0000)   # CS
    segment(0x60, 0, 0)                             # GDTR
    segment(0x70, 0, 0x82)                          # LDTR
    segment(0x80, 0, 0)                             # IDTR
    segment(0x90, 0, 0x8b)                          # TR
    put(0xd0, 'Q', 0x1000)                          # EFER
    put(0x148, 'Q', 0x40)                           # CR4
    put(0x158, 'Q', 0x10)                           # CR0
    put(0x160, 'Q', 0x400)                          # DR7
    put(0x168, 'Q', 0xffff0ff0)                     # DR6
    put(0x170, 'Q', 2)                              # RFLAGS
    put(0x178, 'Q', rip & 0xffff)                   # RIP
    put(0x268, 'Q', 0x0007040600070406)             # G_PAT
    put(0x310, 'Q', rdx)                            # RDX
    put(0x3b0, 'Q', features)                       # SEV_FEATURES
    put(0x3e8, 'Q', 1)                              # XCR0
    put(0x408, 'I', 0x1f80)                         # MXCSR
    put(0x410, 'H', 0x37f)                          # X87_FCW
    return bytes(page)


def kernel_hashes(kernel, initrd, cmdline):
    """The table that OVMF compares what it gets from the VMM with"""
    def entry(guid, data):
        return uuid.UUID(guid).bytes_le + struct.pack('<H', 18 + len(data)) + data

    entries = b''.join(entry(guid, hashlib.sha256(data).digest()) for guid, data in
                       ((HASH_CMDLINE, cmdline), (HASH_INITRD, initrd), (HASH_KERNEL, kernel)))
    table = entry(HASH_TABLE, entries)
    return table + bytes(-len(table) % 16)


def launch_digest(firmware, vcpus, cpu, hashes=None):
    digest = Digest()
    digest.range(NORMAL, firmware.gpa, len(firmware.data), firmware.data)
    for gpa, size, kind in firmware.sev_sections():
        if kind != SECTION_KERNEL_HASHES:
            digest.range(SECTIONS[kind], gpa, size)
        elif not hashes:
            digest.range(ZERO, gpa, size)
        else:
            offset = firmware.word(SEV_HASH_TABLE) % PAGE
            digest.range(NORMAL, gpa, size, (bytes(offset) + hashes).ljust(size, b'\0'))
    for vcpu in range(vcpus):
        rip = firmware.word(SEV_AP_RESET) if vcpu else 0xfffffff0
        digest.update(VMSA, VMSA_GPA, vmsa(rip, signature(*CPUS[cpu]), 1))
    return digest.value


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def of_arguments(args):
    hashes = None
    if args.kernel:
        initrd = read(args.initrd) if args.initrd else b''
        hashes = kernel_hashes(read(args.kernel), initrd, args.append.encode() + b'\0')
    return launch_digest(Ovmf(args.ovmf), args.vcpus, args.cpu, hashes)


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('--vcpus', type=int, default=1)
    parser.add_argument('--cpu', choices=CPUS, default='EPYC-Milan')
    parser.add_argument('--kernel', help='with these three, for QEMU with kernel-hashes=on')
    parser.add_argument('--initrd')
    parser.add_argument('--append', default='')
    parser.add_argument('ovmf')
    return parser


if __name__ == '__main__':
    print(of_arguments(arguments(__doc__).parse_args()).hex())
