// SPDX-License-Identifier: GPL-2.0-only
/*
 * SHA-256, written from FIPS 180-4, "Secure Hash Standard", and HMAC from RFC 2104.
 */
#include <string.h>

#include "test_util.h"
#include "sha256.h"

#define NR_ROUNDS	64

/* "SHA-224 and SHA-256 Constants" */
static const uint32_t round_constants[NR_ROUNDS] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* "Setting the Initial Hash Value", SHA-256 */
static const uint32_t initial_hash[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
	0x1f83d9ab, 0x5be0cd19,
};

static uint32_t ror(uint32_t x, unsigned int n)
{
	return x >> n | x << (32 - n);
}

static void add_block(struct sha256 *s, const uint8_t block[SHA256_BLOCK])
{
	uint32_t w[NR_ROUNDS] = {}, v[8], t1, t2;
	int i;

	for (i = 0; i < SHA256_BLOCK; i++)
		w[i / 4] = w[i / 4] << 8 | block[i];

	for (i = 16; i < NR_ROUNDS; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];

		w[i] = (ror(b, 17) ^ ror(b, 19) ^ b >> 10) + w[i - 7] +
		       (ror(a, 7) ^ ror(a, 18) ^ a >> 3) + w[i - 16];
	}

	memcpy(v, s->h, sizeof(v));

	for (i = 0; i < NR_ROUNDS; i++) {
		t1 = v[7] + (ror(v[4], 6) ^ ror(v[4], 11) ^ ror(v[4], 25)) +
		     ((v[4] & v[5]) ^ (~v[4] & v[6])) + round_constants[i] + w[i];
		t2 = (ror(v[0], 2) ^ ror(v[0], 13) ^ ror(v[0], 22)) +
		     ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

		memmove(&v[1], &v[0], 7 * sizeof(v[0]));
		v[4] += t1;
		v[0] = t1 + t2;
	}

	for (i = 0; i < 8; i++)
		s->h[i] += v[i];
}

void sha256_start(struct sha256 *s)
{
	memcpy(s->h, initial_hash, sizeof(s->h));
	s->len = 0;
}

void sha256_add(struct sha256 *s, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len--) {
		s->block[s->len++ % SHA256_BLOCK] = *p++;
		if (!(s->len % SHA256_BLOCK))
			add_block(s, s->block);
	}
}

void sha256_digest(const struct sha256 *s, uint8_t digest[SHA256_SIZE])
{
	const uint8_t one = 0x80, zero = 0;
	struct sha256 end = *s;
	uint64_t bits = s->len * 8;
	uint8_t tail[8];
	int i;

	sha256_add(&end, &one, 1);
	while (end.len % SHA256_BLOCK != SHA256_BLOCK - sizeof(tail))
		sha256_add(&end, &zero, 1);

	for (i = 0; i < sizeof(tail); i++)
		tail[7 - i] = bits >> (8 * i);
	sha256_add(&end, tail, sizeof(tail));

	for (i = 0; i < SHA256_SIZE; i++)
		digest[i] = end.h[i / 4] >> (24 - 8 * (i % 4));
}

void hmac_sha256_of(const void *key, size_t key_len, const void *data, size_t len,
		    uint8_t mac[SHA256_SIZE])
{
	uint8_t pad[SHA256_BLOCK] = {}, inner[SHA256_SIZE];
	struct sha256 s;
	int i;

	TEST_ASSERT(key_len <= sizeof(pad), "A key of %lu bytes", key_len);
	memcpy(pad, key, key_len);

	for (i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36;
	sha256_start(&s);
	sha256_add(&s, pad, sizeof(pad));
	sha256_add(&s, data, len);
	sha256_digest(&s, inner);

	for (i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36 ^ 0x5c;
	sha256_start(&s);
	sha256_add(&s, pad, sizeof(pad));
	sha256_add(&s, inner, sizeof(inner));
	sha256_digest(&s, mac);
}
