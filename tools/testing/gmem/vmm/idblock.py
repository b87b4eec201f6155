#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""ID block and ID authentication information for an SNP guest that QEMU launches with OVMF, as arguments of its object
sev-snp-guest. The key is a fixed one of no worth. With --wrong, for another digest than the guest's.

From the "SEV Secure Nested Paging Firmware ABI Specification", "ID Block Structure" and "ID Authentication Information
Structure", and FIPS 186-5 for ECDSA with P-384."""

import base64
import hashlib
import struct

import snp

P = 2**384 - 2**128 - 2**96 + 2**32 - 1
N = 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973
G = (0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7,
     0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f)

ID_BLOCK = struct.Struct('<48s16s16sIIQ')
ID_BLOCK_VERSION = 1
ID_AUTH_SIZE = 4096
ALGO_ECDSA_P384_SHA384 = 1
CURVE_P384 = 2

POLICY = 0x30000
KEY = int.from_bytes(hashlib.sha384(b'gmem: the ID key of the tests').digest(), 'big') % N


def add(a, b):
    """Of points of the curve, None being the point at infinity"""
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % P == 0:
        return None
    if a == b:
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def multiply(k, point):
    result = None
    while k:
        if k & 1:
            result = add(result, point)
        point = add(point, point)
        k >>= 1
    return result


def sign(data, key):
    digest = hashlib.sha384(data).digest()
    secret = hashlib.sha384(key.to_bytes(48, 'big') + digest).digest()
    k = int.from_bytes(secret, 'big') % N
    r = multiply(k, G)[0] % N
    return r, (int.from_bytes(digest, 'big') + r * key) * pow(k, -1, N) % N


def numbers(a, b):
    """As signatures and keys have them: 72 bytes each, the least significant one first"""
    return a.to_bytes(72, 'little') + b.to_bytes(72, 'little')


def id_block(digest, policy=POLICY):
    return ID_BLOCK.pack(digest, bytes(16), bytes(16), ID_BLOCK_VERSION, 0, policy)


def id_auth(block, key=KEY):
    auth = bytearray(ID_AUTH_SIZE)
    struct.pack_into('<II', auth, 0, ALGO_ECDSA_P384_SHA384, 0)
    auth[0x40:0x40 + 144] = numbers(*sign(block, key))
    struct.pack_into('<I', auth, 0x240, CURVE_P384)
    auth[0x244:0x244 + 144] = numbers(*multiply(key, G))
    return bytes(auth)


def der(tag, *contents):
    data = b''.join(contents)
    return bytes([tag, len(data)]) + data


def write_files(prefix, block):
    """What openssl needs to verify the signature: PREFIX.block, PREFIX.sig and PREFIX.key"""
    def integer(number):
        return der(2, number.to_bytes(number.bit_length() // 8 + 1, 'big'))

    algorithm = der(0x30, bytes.fromhex('06072a8648ce3d0201' '06052b81040022'))
    point = b''.join(number.to_bytes(48, 'big') for number in multiply(KEY, G))
    for suffix, data in (('block', block), ('sig', der(0x30, *map(integer, sign(block, KEY)))),
                         ('key', der(0x30, algorithm, der(3, b'\0\4', point)))):
        with open(f'{prefix}.{suffix}', 'wb') as file:
            file.write(data)


def main():
    parser = snp.arguments(__doc__)
    parser.add_argument('--wrong', action='store_true')
    parser.add_argument('--write', metavar='PREFIX', help='block, signature and key in files, too')
    args = parser.parse_args()
    digest = snp.of_arguments(args)
    if args.wrong:
        digest = bytes([digest[0] ^ 1]) + digest[1:]
    block = id_block(digest)
    if args.write:
        write_files(args.write, block)
    print(f'id-block={base64.b64encode(block).decode()},id-auth={base64.b64encode(id_auth(block)).decode()}')


if __name__ == '__main__':
    main()
