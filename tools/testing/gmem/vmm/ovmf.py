# SPDX-License-Identifier: GPL-2.0-only
"""What an OVMF image says of itself: the table of GUIDs that ends below its reset vector, the SEV metadata and the TDX
metadata that it points to. Formats: OvmfPkg/ResetVector of EDK2, and the "TDX Virtual Firmware Design Guide"."""

import struct
import uuid

PAGE = 4096
FOUR_GIB = 1 << 32

TABLE_FOOTER = '96b582de-1fb2-45f7-baea-a366c55a082d'
SEV_METADATA = 'dc886566-984a-4798-a75e-5585a7bf67cc'
SEV_HASH_TABLE = '7255371f-3a3b-4b04-927b-1da6efa8d454'
SEV_AP_RESET = '00f771de-1a7e-4fcb-890e-68c77e2fb44e'
TDX_METADATA = 'e47a6535-984a-4798-865e-4685a7bf8ec2'

# The table ends this far below the end of the file, with the footer's GUID and the length in front of it
TABLE_END = 0x20
ENTRY_TAIL = struct.Struct('<H16s')

SEV_HEADER = struct.Struct('<4sIII')
SEV_SECTION = struct.Struct('<III')
TDX_HEADER = struct.Struct('<4sIII')
TDX_SECTION = struct.Struct('<IIQQII')


class Ovmf:
    def __init__(self, path):
        with open(path, 'rb') as file:
            self.data = file.read()
        if len(self.data) % PAGE:
            raise ValueError(f'{path}: not a whole number of pages')
        self.entries = dict(self._table())

    def _table(self):
        """Entries, from the last to the first: data, length of data and tail, GUID"""
        end = len(self.data) - TABLE_END
        length, guid = ENTRY_TAIL.unpack_from(self.data, end - ENTRY_TAIL.size)
        if str(uuid.UUID(bytes_le=guid)) != TABLE_FOOTER:
            raise ValueError('no table of GUIDs')
        start = end - length
        end -= ENTRY_TAIL.size
        while end - start >= ENTRY_TAIL.size:
            length, guid = ENTRY_TAIL.unpack_from(self.data, end - ENTRY_TAIL.size)
            if not ENTRY_TAIL.size <= length <= end - start:
                raise ValueError('the table of GUIDs has an entry of a wrong length')
            yield str(uuid.UUID(bytes_le=guid)), self.data[end - length:end - ENTRY_TAIL.size]
            end -= length

    def entry(self, guid):
        if guid not in self.entries:
            raise ValueError(f'the firmware has no entry {guid}')
        return self.entries[guid]

    def word(self, guid):
        return struct.unpack_from('<I', self.entry(guid))[0]

    @property
    def gpa(self):
        """Where the image is loaded: it ends at 4 GiB"""
        return FOUR_GIB - len(self.data)

    def _sections(self, guid, signature, header, section):
        start = len(self.data) - self.word(guid)
        magic, _, _, count = header.unpack_from(self.data, start)
        if magic != signature:
            raise ValueError(f'no {signature} where the table of GUIDs says')
        for i in range(count):
            yield section.unpack_from(self.data, start + header.size + i * section.size)

    def sev_sections(self):
        """(gpa, size, type) of each"""
        return self._sections(SEV_METADATA, b'ASEV', SEV_HEADER, SEV_SECTION)

    def tdx_sections(self):
        """(offset in the file, size there, gpa, size in memory, type, attributes) of each"""
        return self._sections(TDX_METADATA, b'TDVF', TDX_HEADER, TDX_SECTION)
