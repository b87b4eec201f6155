// SPDX-License-Identifier: GPL-2.0-only
/*
 * SHA-384 from FIPS 180-4, so that a test can calculate a launch measurement
 * without using the code of the kernel under test.
 */
#include <string.h>

#include "test_util.h"
#include "sha384.h"

#define SHA384_BLOCK	128

static const uint64_t round_constants[80] = {
	0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f,
	0xe9b5dba58189dbbc, 0x3956c25bf348b538, 0x59f111f1b605d019,
	0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242,
	0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
	0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
	0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3,
	0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65, 0x2de92c6f592b0275,
	0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
	0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f,
	0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
	0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc,
	0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
	0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6,
	0x92722c851482353b, 0xa2bfe8a14cf10364, 0xa81a664bbc423001,
	0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
	0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
	0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99,
	0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb,
	0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc,
	0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
	0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915,
	0xc67178f2e372532b, 0xca273eceea26619c, 0xd186b8c721c0c207,
	0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba,
	0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
	0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
	0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a,
	0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

static uint64_t rotate(uint64_t x, int n)
{
	return x >> n | x << (64 - n);
}

static uint64_t load_be64(const uint8_t *p)
{
	uint64_t x = 0;
	int i;

	for (i = 0; i < 8; i++)
		x = x << 8 | p[i];

	return x;
}

static void store_be64(uint8_t *p, uint64_t x)
{
	int i;

	for (i = 7; i >= 0; i--, x >>= 8)
		p[i] = x;
}

static void compress(uint64_t *hash, const uint8_t *block)
{
	uint64_t w[80], v[8], t1, t2;
	int i;

	for (i = 0; i < 16; i++)
		w[i] = load_be64(block + 8 * i);
	for (; i < 80; i++)
		w[i] = w[i - 16] + w[i - 7] +
		       (rotate(w[i - 15], 1) ^ rotate(w[i - 15], 8) ^ w[i - 15] >> 7) +
		       (rotate(w[i - 2], 19) ^ rotate(w[i - 2], 61) ^ w[i - 2] >> 6);

	memcpy(v, hash, sizeof(v));
	for (i = 0; i < 80; i++) {
		t1 = v[7] + round_constants[i] + w[i] + (v[6] ^ (v[4] & (v[5] ^ v[6]))) +
		     (rotate(v[4], 14) ^ rotate(v[4], 18) ^ rotate(v[4], 41));
		t2 = ((v[0] & v[1]) | (v[2] & (v[0] | v[1]))) +
		     (rotate(v[0], 28) ^ rotate(v[0], 34) ^ rotate(v[0], 39));

		memmove(v + 1, v, 7 * sizeof(*v));
		v[4] += t1;
		v[0] = t1 + t2;
	}

	for (i = 0; i < 8; i++)
		hash[i] += v[i];
}

void sha384_start(struct sha384 *s)
{
	static const uint64_t initial[8] = {
		0xcbbb9d5dc1059ed8, 0x629a292a367cd507,
		0x9159015a3070dd17, 0x152fecd8f70e5939,
		0x67332667ffc00b31, 0x8eb44a8768581511,
		0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4,
	};

	memset(s, 0, sizeof(*s));
	memcpy(s->hash, initial, sizeof(initial));
}

void sha384_add(struct sha384 *s, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len--) {
		s->block[s->total++ % SHA384_BLOCK] = *p++;
		if (!(s->total % SHA384_BLOCK))
			compress(s->hash, s->block);
	}
}

void sha384_end(struct sha384 *s, uint8_t digest[SHA384_SIZE])
{
	uint8_t end = 0x80, zero = 0, length[16] = { 0 };
	int i;

	store_be64(length + 8, s->total * 8);
	sha384_add(s, &end, 1);
	while (s->total % SHA384_BLOCK != SHA384_BLOCK - sizeof(length))
		sha384_add(s, &zero, 1);
	sha384_add(s, length, sizeof(length));

	for (i = 0; i < SHA384_SIZE / 8; i++)
		store_be64(digest + 8 * i, s->hash[i]);
}

void sha384_of(const void *data, size_t len, uint8_t digest[SHA384_SIZE])
{
	struct sha384 s;

	sha384_start(&s);
	sha384_add(&s, data, len);
	sha384_end(&s, digest);
}

void sha384_expect(const uint8_t got[SHA384_SIZE], const uint8_t want[SHA384_SIZE],
		   const char *what)
{
	char got_hex[2 * SHA384_SIZE + 1], want_hex[2 * SHA384_SIZE + 1];

	sha384_to_hex(got, got_hex);
	sha384_to_hex(want, want_hex);
	TEST_ASSERT(!memcmp(got, want, SHA384_SIZE), "%s: digest is\n  %s, wanted\n  %s",
		    what, got_hex, want_hex);
}

void sha384_to_hex(const uint8_t digest[SHA384_SIZE], char hex[2 * SHA384_SIZE + 1])
{
	int i;

	for (i = 0; i < SHA384_SIZE; i++)
		sprintf(hex + 2 * i, "%02x", digest[i]);
}

void sha384_from_hex(const char *hex, uint8_t digest[SHA384_SIZE])
{
	int i;

	for (i = 0; i < SHA384_SIZE; i++)
		TEST_ASSERT(sscanf(hex + 2 * i, "%2hhx", &digest[i]) == 1,
			    "Not a SHA-384 digest: %s", hex);
}
